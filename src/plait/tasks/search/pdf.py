"""PDF, by PDFium: lines put together to paragraphs, headings and rows by where they stand.

A PDF holds glyphs at places and, as a rule, nothing else. What is a line, a paragraph, a heading or
a row is judged by distance and size; the offsets are those of the text that comes out.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby, pairwise
from statistics import median
from threading import Lock
from types import ModuleType
from typing import Protocol, TypeAlias

from plait.core.errors import InvalidData
from plait.core.extras import missing
from plait.tasks.search.document import Parsed, Part, lay_out

_MOST_PAGES = 5_000
_MOST_CHARACTERS = 10_000_000
_LARGER = 1.15  # times the height of the text around: another block; than most text: a heading
_APART = 1.3  # times the usual distance of two lines: another paragraph
_CELL = 1.5  # times the height of a line, between two words: another cell
_LONGEST_HEADING = 200  # characters
_OFTEN = 3  # pages with one and the same line at their edge
_LINE_END_HYPHEN = "\x02"  # what PDFium makes of a hyphen between two lines
_ITEM = re.compile(r"[-•·▪‣*]\s|\(?\d{1,3}[.)]\s")
_one_at_a_time = Lock()  # PDFium is not made for threads


_Box: TypeAlias = tuple[float, float, float, float]  # left, bottom, right, top, in points


class _TextPage(Protocol):
    """What is used of a text page of pypdfium2, which has no types."""

    def count_chars(self) -> int: ...

    def get_charbox(self, index: int, loose: bool) -> _Box: ...


@dataclass(slots=True)
class _Word:
    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class _Line:
    """Words on one height; lengths in points, upwards from the foot of the page."""

    page: int
    words: list[_Word]
    bottom: float
    height: float

    @property
    def right(self) -> float:
        """Where its last word ends."""
        return self.words[-1].right

    @property
    def text(self) -> str:
        """Its words."""
        return " ".join(word.text for word in self.words)

    def cells(self) -> list[str]:
        """Return its text, cut where the gap is wide."""
        cells = [self.words[0].text]
        for before, word in pairwise(self.words):
            if word.left - before.right > _CELL * self.height:
                cells.append(word.text)
            else:
                cells[-1] += " " + word.text
        return cells


def parse_pdf(data: bytes, where: str) -> Parsed:
    """Read the text of every page; running heads and page numbers are left out.

    Raises:
        InvalidData: `data_format`, it is no PDF or a damaged one; `data_unreadable`, it asks for a
            password; `data_too_large`, too many pages or characters; `data_empty`, it has no text.
        MissingExtra: pypdfium2 is not installed.
    """
    try:
        pdfium = import_module("pypdfium2")
    except ImportError:
        raise missing("pypdfium2") from None
    try:
        with _one_at_a_time:
            lines, metadata = _read(pdfium, data, where)
    except pdfium.PdfiumError as error:
        raise _broken(pdfium, error.err_code, where) from None
    if not lines:
        raise InvalidData(
            "data_empty",
            "the PDF holds no text, as a scan does",
            where=where,
            hint="run text recognition on it first, with ocrmypdf for one",
        )
    return lay_out(_parts(_without_furniture(lines)), metadata)


def _broken(pdfium: ModuleType, code: int | None, where: str) -> InvalidData:
    if code in (pdfium.raw.FPDF_ERR_PASSWORD, pdfium.raw.FPDF_ERR_SECURITY):
        hint = "save it without a password"
        return InvalidData("data_unreadable", "the PDF is encrypted", where=where, hint=hint)
    hint = "open it in a viewer and save it again"
    return InvalidData("data_format", "it is not a PDF, or damaged", where=where, hint=hint)


def _read(pdfium: ModuleType, data: bytes, where: str) -> tuple[list[_Line], dict[str, str]]:
    """Return the lines of all pages, and title and author."""
    with pdfium.PdfDocument(data) as document:
        if len(document) > _MOST_PAGES:
            raise _too_large(f"{len(document)} pages, of {_MOST_PAGES} allowed", where)
        lines: list[_Line] = []
        characters = 0
        for index in range(len(document)):
            page = document[index]
            text = page.get_textpage()
            characters += text.count_chars()
            if characters > _MOST_CHARACTERS:
                message = f"page {index + 1} passes {_MOST_CHARACTERS} characters"
                raise _too_large(message, where)
            lines += _lines(pdfium, text, index + 1)
            text.close()
            page.close()
        said = document.get_metadata_dict(skip_empty=True)
    return lines, {name.lower(): said[name] for name in ("Title", "Author") if name in said}


def _too_large(message: str, where: str) -> InvalidData:
    return InvalidData("data_too_large", message, where=where, hint="split the document")


def _lines(pdfium: ModuleType, text: _TextPage, page: int) -> Iterator[_Line]:
    """Yield the lines of a page in the order in which it was written."""
    words: list[_Word] = []
    places = Counter[tuple[float, float]]()  # from where to where glyphs reach; bullets differ
    fresh = True  # the next glyph begins a word
    for character, (left, bottom, right, top) in _glyphs(pdfium, text):
        if not character.isspace():
            places[bottom, top] += 1
            if fresh:
                words.append(_Word(character, left, right))
            else:
                words[-1].text += character
                words[-1].right = right
        fresh = character.isspace()
        if character in ("\n", _LINE_END_HYPHEN) and words:
            yield _line(page, words, places)
            words, places, fresh = [], Counter(), True
    if words:
        yield _line(page, words, places)


def _line(page: int, words: list[_Word], places: Counter[tuple[float, float]]) -> _Line:
    (bottom, top), _ = places.most_common(1)[0]
    return _Line(page, words, bottom, max(top - bottom, 1.0))


def _glyphs(pdfium: ModuleType, text: _TextPage) -> Iterator[tuple[str, _Box]]:
    """Yield each character that says something, and where it stands; spaces stand nowhere."""
    code_of, box_of = pdfium.raw.FPDFText_GetUnicode, text.get_charbox
    for index in range(text.count_chars()):
        code = code_of(text, index)
        character = chr(code) if code < 0xD800 or 0xE000 <= code < 0x110000 else "\ufffd"
        if character.isspace():
            yield character, (0.0, 0.0, 0.0, 0.0)
        elif character.isprintable() or character == _LINE_END_HYPHEN:
            yield character, box_of(index, loose=True)


def _without_furniture(lines: Sequence[_Line]) -> list[_Line]:
    """Return the lines without running heads and page numbers.

    Those are the lines at the edge of three pages or more that differ in their digits at most.
    """
    pages = [list(group) for _, group in groupby(lines, lambda line: line.page)]
    edges = Counter(
        shape for page in pages for shape in {_shape(line) for line in page[:2] + page[-2:]}
    )
    kept = []
    for page in pages:
        while page and edges[_shape(page[0])] >= _OFTEN:
            del page[0]
        while page and edges[_shape(page[-1])] >= _OFTEN:
            del page[-1]
        kept += page
    return kept or list(lines)


def _shape(line: _Line) -> str:
    return re.sub(r"\d+", "0", line.text)


def _parts(lines: Sequence[_Line]) -> Iterator[Part]:
    """Yield the blocks of a document."""
    sizes = Counter[int]()
    for line in lines:
        sizes[_size(line)] += sum(len(word.text) for word in line.words)
    usual = sizes.most_common(1)[0][0]
    larger = sorted((size for size in sizes if size > usual * _LARGER), reverse=True)
    for group in _groups(lines):
        size, page = _size(group[0]), group[0].page
        rows = [line.cells() for line in group]
        if len(rows) > 1 and all(len(row) > 1 for row in rows):
            text = "\n".join(" | ".join(row) for row in rows)
            yield Part(kind="table", text=_clean(text), page=page)
            continue
        text = _clean(_joined(group))
        if size in larger and len(text) <= _LONGEST_HEADING:
            level = min(larger.index(size) + 1, 6)
            yield Part(kind="heading", text=" ".join(text.split()), level=level, page=page)
        elif text:
            yield Part(kind="text", text=text, page=page)


def _size(line: _Line) -> int:
    """Return its height in half points."""
    return round(line.height * 2)


def _groups(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Yield lines that belong together: near, of one size, all with cells or all without."""
    steps = [a.bottom - b.bottom for a, b in pairwise(lines) if _near(a, b, 1.6 * a.height)]
    usual = median(steps) if steps else 0.0
    group: list[_Line] = []
    for line in lines:
        if group and not (
            _near(group[-1], line, max(_APART * usual, 0.0))
            and (len(group[-1].cells()) > 1) == (len(line.cells()) > 1)
        ):
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _near(above: _Line, below: _Line, most: float) -> bool:
    """Tell whether `below` is of the same size and at most `most` points below."""
    ratio = above.height / below.height
    same = above.page == below.page and 1 / _LARGER < ratio < _LARGER
    return same and 0 < above.bottom - below.bottom <= most


def _joined(group: Sequence[_Line]) -> str:
    """Return the text of lines; one that ended for want of room goes on in the next."""
    edge = max(line.right for line in group)
    text = group[0].text
    for above, below in pairwise(group):
        first = below.words[0]
        following = below.text
        full = above.right + first.right - first.left + above.height / 5 > edge
        if text.endswith(_LINE_END_HYPHEN):
            text += following
        elif full and not _ITEM.match(following):
            text += " " + following
        else:
            text += "\n" + following
    return text


def _clean(text: str) -> str:
    """Return the text with hyphenated words whole again; before capitals and digits it stays."""
    text = re.sub(rf"(?<=[^\W\d_]){_LINE_END_HYPHEN}(?=[a-zß-öø-ÿ])", "", text)
    return text.replace(_LINE_END_HYPHEN, "-")
