"""What can be quoted from a passage: sentences, rows of tables, items and whole lists."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from plait.core.passage import Passage
from plait.core.sentence import Span, sentences

_RULE = re.compile(r"\|?[\s:|-]*-[\s:|-]*\|[\s:|-]*\Z|\|[\s:|-]*-[\s:|-]*\Z")
_ITEM = re.compile(r"\A(?:[-*+•·▪]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"#{1,6}\s")
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n.*?^[ \t]*\1[ \t]*$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_CELL = re.compile(r"(?<!\\)\|")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_LEANS = re.compile(r"\b(?i:it|its|they|them|their|this|these|those|such|he|she|more than that)\b")
_MOST_CHARACTERS = 900  # of a list that is quoted whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A stretch of a passage that can be quoted on its own.

    Attributes:
        passage: its index.
        start: offset in the passage's text.
        end: offset behind it.
        text: what to show: without marks of lists, a row with the names of its columns.
        context: what it stands under: headings, the line that opens its list, the sentence before
            that it refers to.
        kind: a `sentence`, `row`, `item`, or a `list` with the line that opens it.
        leans: whether it begins by referring to the sentence before.
        key: the first cell of a row, which says what the row is about.
    """

    passage: int
    start: int
    end: int
    text: str
    context: str
    kind: Literal["sentence", "row", "item", "list"] = "sentence"
    leans: bool = False
    key: str = ""

    @property
    def whole(self) -> str:
        """The text under its context."""
        return f"{self.context}\n{self.text}" if self.context else self.text


def units(passages: Sequence[Passage]) -> list[Unit]:
    """Return what can be quoted from the passages, in their order."""
    return [unit for at, passage in enumerate(passages) for unit in _of(at, passage)]


def _of(at: int, passage: Passage) -> list[Unit]:
    found: list[Unit] = []
    opening: Unit | None = None  # the line that opens the list we are in
    headings = " > ".join(passage.headings)
    header: list[str] = []
    lines = [(span, passage.text[slice(*span)]) for span in _spans(passage.text)]
    for index, ((start, end), text) in enumerate(lines):
        following = lines[index + 1][1] if index + 1 < len(lines) else ""
        if _RULE.match(text) or _HEADING.match(text) or text in passage.headings:
            continue
        if _is_row(text) and _is_header(text, lines[index - 1][1] if index else "", following):
            header = _cells(text)
            continue
        unit = Unit(passage=at, start=start, end=end, text=plain(text), context=headings)
        if _is_row(text):
            unit = _row(unit, text, header)
        elif _ITEM.match(text):
            header = []
            context = "\n".join(part for part in (headings, opening and opening.text) if part)
            unit = replace(unit, context=context, kind="item")
            if opening is not None:
                _extend(found, opening, unit)
        else:
            unit = _leaning(unit, found[-1] if found else None)
            header, opening = [], unit if text.endswith(":") else None
        found.append(unit)
    return found


def plain(text: str) -> str:
    """Return a sentence in one line, without marks of lists and of bold type."""
    bare = _STRONG.sub(r"\2", _ITEM.sub("", text, count=1))
    return " ".join(bare.split())


def _spans(text: str) -> Iterator[Span]:
    """Yield the sentences of the text; a listing is one, a comment of Markdown none."""
    listings = [match.span() for match in _FENCE.finditer(text)]
    comments = [match.span() for match in _COMMENT.finditer(text)]
    cuts = sorted([*((span, True) for span in listings), *((span, False) for span in comments)])
    start = 0
    for (first, last), kept in cuts:
        if first < start:
            continue
        yield from ((start + one, start + end) for one, end in sentences(text[start:first]))
        if kept:
            yield first, last
        start = last
    yield from ((start + one, start + end) for one, end in sentences(text[start:]))


def _is_row(text: str) -> bool:
    return "\n" not in text and (" | " in text or (text.startswith("|") and text.count("|") > 1))


def _is_header(text: str, before: str, following: str) -> bool:
    """Tell whether a row names columns: a rule follows, or it is the first and has no numbers."""
    if text.startswith("|"):
        return _RULE.match(following) is not None
    first = not _is_row(before) and _is_row(following)
    return first and not any(map(str.isdigit, text.partition("|")[2]))


def _cells(text: str) -> list[str]:
    return [plain(cell.replace("\\|", "|")) for cell in _CELL.split(text.strip().strip("|"))]


def _row(unit: Unit, text: str, header: list[str]) -> Unit:
    """Return the row as text: `Country: Norway; full day: 62 EUR`."""
    cells = _cells(text)
    names = header if len(header) == len(cells) else [""] * len(cells)
    pairs = zip(names, cells, strict=True)
    shown = "; ".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)
    return replace(unit, text=shown, kind="row", key=cells[0])


def _leaning(unit: Unit, before: Unit | None) -> Unit:
    """Return the sentence under the one before, if it refers to it."""
    if before is None or before.kind != "sentence" or not _LEANS.search(unit.text):
        return unit
    context = "\n".join(part for part in (unit.context, before.text) if part)
    return replace(unit, context=context, leans=_LEANS.match(unit.text) is not None)


def _extend(found: list[Unit], opening: Unit, item: Unit) -> None:
    """Let the opening line's unit reach as far as `item`, unless it grows too long."""
    at = next(index for index in range(len(found) - 1, -1, -1) if found[index] is not item
              and found[index].start == opening.start)  # fmt: skip
    whole = found[at]
    if item.end - whole.start <= _MOST_CHARACTERS:
        found[at] = replace(whole, end=item.end, text=f"{whole.text}\n- {item.text}", kind="list")
