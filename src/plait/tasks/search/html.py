"""HTML: what a reader of the page sees, as text.

The parser is flat: it reads tags one after the other and builds no tree. So a page of any depth
takes time in proportion to its length, where trees take the square of it: 200 kB of `<div>` hold up
a conforming tree builder for seconds.
"""

import re
from collections import Counter
from html import unescape

from plait.tasks.search.document import Kind, Parsed, Part, lay_out
from plait.tasks.search.text import decode

_CHARSET = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_TOKEN = re.compile(
    r"""
    <!-- (?: -?> | .*? (?: --!?> | \Z ) )
    | < (?P<end>/?) (?P<name>[a-zA-Z][^\s/>]*+)
        (?P<rest> (?> (?: [^>=]++ | =\s*+ (?> "[^"]*+ (?:"|\Z) | '[^']*+ (?:'|\Z) | ) )* ) )
        (?: > | \Z )
    | <[!?/] [^>]*+ (?: > | \Z )
    """,
    re.VERBOSE | re.DOTALL,
)
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN = re.compile(r"(?:^|\s)hidden(?=[\s=/]|$)")
_UNSEEN = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\n\f\xa0]+")
_SILENT = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\xad]+")
_ENDLESS = re.compile(r"&#\d{9,};?")  # Python refuses to read numbers of thousands of digits

_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
})  # fmt: skip
_VERBATIM = frozenset({
    "iframe", "noembed", "noframes", "script", "style", "textarea", "title",
})  # fmt: skip
_DROPPED = frozenset({
    "audio", "button", "canvas", "datalist", "iframe", "math", "nav", "noembed", "noframes",
    "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title",
    "video",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog",
    "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li", "main", "menu", "nav", "ol", "p",
    "pre", "search", "section", "summary", "table", "ul",
})  # fmt: skip
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_LISTS = ("dl", "menu", "ol", "ul")
_ROWS = ("caption", "tr")
_CELL = "\x1f"


def parse_html(data: bytes, where: str) -> Parsed:
    """Read a page: headings, paragraphs, lists, listings, and tables a row per line.

    Scripts, styles, navigation, forms' fields and what is hidden are left out; where the page marks
    its `main` content, so is the rest. Offsets are those of the text that comes out.

    Raises:
        InvalidData: see `decode`.
    """
    declared = _CHARSET.search(data[:4096])
    source = decode(data, where, declared[1].decode("ascii") if declared else "")
    page = _Page()
    page.read(source)
    parts = [part for part, main in page.parts if main] or [part for part, _ in page.parts]
    return lay_out(parts, {"title": page.title} if page.title else {})


class _Page:
    """Reads a page from its first to its last tag.

    Attributes:
        parts: the blocks so far, and whether each stands in the main content.
        title: of the page.
    """

    def __init__(self) -> None:
        self.parts: list[tuple[Part, bool]] = []
        self.title = ""
        self._stack: list[tuple[str, bool]] = []  # what is open, and whether it is dropped
        self._open: Counter[str] = Counter()
        self._dropped = 0  # how many of what is open are dropped
        self._next: list[int] = []  # number of the next item of each open list; 0 for bullets
        self._text: list[str] = []  # of the block that is being read

    def read(self, source: str) -> None:
        """Read the whole page."""
        place = 0
        while tag := _TOKEN.search(source, place):
            self._write(source[place : tag.start()])
            place = tag.end()
            name = (tag["name"] or "").lower()
            if tag["end"]:
                self._end(name)
            elif name:
                self._start(name, tag["rest"])
                if name in _VERBATIM:
                    place = self._skip(name, source, place)
        self._write(source[place:])
        while self._stack:
            self._pop()
        self._flush()

    def _skip(self, name: str, source: str, start: int) -> int:
        """Return where an element ends that holds no tags; the first title is kept."""
        end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(source, start)
        stop = end.start() if end else len(source)
        if name == "title" and not self.title:
            self.title = _SPACE.sub(" ", _plain(source[start:stop])).strip()
        return stop

    def _start(self, name: str, attributes: str) -> None:
        if name in _BLOCKS:
            self._break()
        elif name in _ROWS or name == "br":
            self._line()
        elif name in ("td", "th"):
            self._add(_CELL)
        if name in _VOID:
            return
        dropped = name in _DROPPED or _is_hidden(attributes)
        self._stack.append((name, dropped))
        self._open[name] += 1
        self._dropped += dropped
        if name in _LISTS:
            self._next.append(int(name == "ol"))
        elif name == "li" and self._next:
            self._add(f"{self._next[-1]}. " if self._next[-1] else "- ")
            self._next[-1] += bool(self._next[-1])

    def _end(self, name: str) -> None:
        """Close the innermost element of that name, and all that is still open within."""
        if self._open[name]:
            while self._pop() != name:
                pass

    def _pop(self) -> str:
        name, dropped = self._stack[-1]
        if name in _BLOCKS:
            outermost = name in (*_LISTS, "table") and self._depth() == 1
            self._flush() if outermost else self._break()
        elif name in _ROWS:
            self._line()
        self._stack.pop()
        self._open[name] -= 1
        self._dropped -= dropped
        if name in _LISTS:
            self._next.pop()
        return name

    def _depth(self) -> int:
        """Return how many lists and tables are open: each, with all within, is one block."""
        return self._open["table"] + len(self._next)

    def _write(self, source: str) -> None:
        """Add characters of the page."""
        if source and not self._dropped:
            text = _plain(source)
            if not self._open["pre"]:
                text = _SPACE.sub(" ", text)
                if not self._text or self._text[-1][-1].isspace():
                    text = text.lstrip(" ")
            self._add(text)

    def _add(self, text: str) -> None:
        if text and not self._dropped:
            self._text.append(text)

    def _break(self) -> None:
        """Go on with another block, or within a list with another line."""
        if self._open["table"]:
            self._write(" ")
        elif self._depth():
            self._line()
        else:
            self._flush()

    def _line(self) -> None:
        """Go on with another line, unless this one is empty."""
        if self._dropped:
            return
        while self._text and not self._text[-1].strip(" "):
            self._text.pop()
        if self._text and not self._text[-1].endswith("\n"):
            self._text[-1] = self._text[-1].rstrip(" ") + "\n"

    def _flush(self) -> None:
        """Lay the block aside that is complete."""
        if self._dropped:
            return
        text, self._text = "".join(self._text), []
        level = next((int(name[1]) for name in _HEADINGS if self._open[name]), 0)
        kind: Kind = "text"
        if self._depth():
            kind = "table" if self._open["table"] else "text"
        elif level:
            kind = "heading"
            text = " ".join(text.split()).removesuffix("¶")  # the link to itself
        elif self._open["pre"]:
            kind = "code"
        text = "\n".join(_row(line) for line in text.split("\n")) if _CELL in text else text
        text = text.strip("\n").rstrip()
        if text:
            part = Part(kind=kind, text=text, level=level if kind == "heading" else 0)
            self.parts.append((part, self._open["main"] > 0))


def _plain(source: str) -> str:
    """Return the characters that a stretch of a page without tags stands for."""
    return _SILENT.sub("", unescape(_ENDLESS.sub("\ufffd", source)))


def _is_hidden(attributes: str) -> bool:
    if "hidden" in attributes and _HIDDEN.search(_QUOTED.sub("", attributes)):
        return True
    return "display" in attributes and _UNSEEN.search(attributes) is not None


def _row(line: str) -> str:
    """Return a line with its cells told apart; "" if all are empty."""
    before, *cells = (cell.strip() for cell in line.split(_CELL))
    return " | ".join([before, *cells] if before else cells) if any((before, *cells)) else ""
