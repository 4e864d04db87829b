"""Markdown: the source itself is the text, so offsets are those of the file."""

import re
from collections.abc import Iterator
from itertools import accumulate

from markdown_it import MarkdownIt
from markdown_it.token import Token

from plait.core.errors import InvalidData
from plait.core.sentence import trimmed
from plait.tasks.search.document import Block, Kind, Parsed
from plait.tasks.search.text import decode

_FRONT_MATTER = re.compile(
    r"---[ \t]*\n(?P<fields>(?>(?:(?!---[ \t]*$).*\n)*))---[ \t]*(?:\n|\Z)", re.M
)
_FIELD = re.compile(r"^(\w[\w -]*):[ \t]*(\S.*?)[ \t]*$", re.M)
_KINDS: dict[str, Kind] = {
    "heading_open": "heading",
    "paragraph_open": "text",
    "bullet_list_open": "text",
    "ordered_list_open": "text",
    "blockquote_open": "text",
    "html_block": "text",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
}
_MOST_LINES = 200_000  # seconds of work; the parser is slow by the line
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_WORDS = MarkdownIt("commonmark")


def parse_markdown(data: bytes, where: str) -> Parsed:
    """Read CommonMark with tables; single-line fields of the front matter become metadata.

    Comments, rules and link definitions are no content.

    Raises:
        InvalidData: `data_too_large`, too many lines; see `decode`.
    """
    text = decode(data, where)
    if text.count("\n") > _MOST_LINES:
        message = f"it has more than {_MOST_LINES} lines"
        raise InvalidData("data_too_large", message, where=where, hint="split the document")
    front = _FRONT_MATTER.match(text)
    body = front.end() if front else 0
    fields = _FIELD.findall(front["fields"]) if front else []
    return Parsed(
        text=text,
        blocks=tuple(_blocks(text, body)),
        metadata={name.lower(): value.strip("\"'") for name, value in fields},
    )


def _blocks(text: str, body: int) -> Iterator[Block]:
    """Yield what lies on the outermost level of `text`, from offset `body` on."""
    lines = text[body:].split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=body))
    tokens = _BLOCKS.parse(text[body:])
    for number, token in enumerate(tokens):
        if token.level or token.type not in _KINDS or token.map is None or _is_comment(token):
            continue
        first, last = token.map
        start, end = trimmed(text, starts[first], starts[last])
        title = _words(tokens[number + 1].content) if token.type == "heading_open" else ""
        level = int(token.tag[1]) if title else 0
        kind = _KINDS[token.type]
        if start < end and (title or kind != "heading"):
            yield Block(kind=kind, start=start, end=end, level=level, title=title)


def _is_comment(token: Token) -> bool:
    content = token.content.strip()
    return token.type == "html_block" and content.startswith("<!--") and content.endswith("-->")


def _words(line: str) -> str:
    """Return a line of Markdown without its markup."""
    (inline,) = _WORDS.parseInline(line)
    words = (" " if each.type.endswith("break") else each.content for each in inline.children or ())
    return "".join(words).strip()
