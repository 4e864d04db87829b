"""A document cut into passages: along headings, blocks, sentences, words, in that order."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from plait.core.passage import with_headings
from plait.core.sentence import Span, sentences, trimmed
from plait.tasks.search.document import Block, Document

_LINE = re.compile(r"[^\n]+")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A passage that is not stored yet: no id, no score.

    Attributes:
        start: offset of its first character in the document.
        end: offset behind its last character.
        text: the characters between, as they are.
        headings: what it stands under, the highest first.
        page: that it begins on, from 1; None where there are no pages.
    """

    start: int
    end: int
    text: str
    headings: tuple[str, ...]
    page: int | None

    @property
    def indexed(self) -> str:
        """The text with the headings before it, which is what an index should see."""
        return with_headings(self.headings, self.text)


def split(
    document: Document, *, size: int = 1200, measure: Callable[[str], int] = len
) -> list[Piece]:
    """Return the passages of a document, in order, none of them over another.

    Every character of every block lies in exactly one, white space at the ends aside. None stands
    under two headings of one rank, and none takes up blocks of two pages. A table, a listing, a
    sentence stay whole if they fit; a word is cut only if it alone is longer than `size`.

    Args:
        document: what to cut.
        size: most a passage may measure.
        measure: what a text measures: its characters, or its tokens by a counter of tokens.
    """
    pieces = []
    for headings, blocks in _sections(document):
        for start, end in _pack(document.text, blocks, size, measure):
            pieces.append(
                Piece(
                    start=start,
                    end=end,
                    text=document.text[start:end],
                    headings=headings,
                    page=document.page(start),
                )
            )
    return pieces


def _sections(document: Document) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Yield the headings of each section and its blocks; a title stays with its first section."""
    path: list[Block] = []
    section: list[Block] = []
    for block in document.blocks:
        last = section[-1] if section else block
        turns = document.page(block.start) != document.page(last.start)
        if turns and last.kind != "heading":  # a passage has one page, for citations to name
            yield tuple(each.title for each in path), section
            section = []
        if block.kind == "heading":
            under = section and section[-1].kind == "heading" and section[-1].level < block.level
            if section and not under:
                yield tuple(each.title for each in path), section
                section = []
            path = [each for each in path if each.level < block.level]
            path.append(block)
        section.append(block)
    if section:
        yield tuple(each.title for each in path), section


def _pack(
    text: str, blocks: list[Block], size: int, measure: Callable[[str], int]
) -> Iterator[Span]:
    """Yield spans of at most `size`, each of as many units as fit."""
    start = end = blocks[0].start
    used = 0
    bare = True  # nothing but headings so far
    for block in blocks:
        room = size - used if bare else size  # a heading is not left alone for want of room
        for first, last in _units(text, block, room, size, measure):
            more = measure(text[end:last])
            joins = start < end and not text[end:first].strip()
            if joins and used + more <= size:
                used += more
            else:
                if start < end:
                    yield start, end
                start, used = first, measure(text[first:last])
            end = last
        bare = bare and block.kind == "heading"
    if start < end:
        yield start, end


def _units(
    text: str, block: Block, room: int, size: int, measure: Callable[[str], int]
) -> Iterator[Span]:
    """Yield the block whole if there is `room`, else its parts, none of them above `size`."""
    if measure(text[block.start : block.end]) <= room:
        yield block.start, block.end
        return
    for start, end in _parts(text, block):
        if measure(text[start:end]) <= size:
            yield start, end
            continue
        for word in _WORD.finditer(text, start, end):
            step = len(word[0]) if measure(word[0]) <= size else size
            for cut in range(word.start(), word.end(), step):
                yield cut, min(cut + step, word.end())


def _parts(text: str, block: Block) -> list[Span]:
    """Return the sentences of a text, the lines of a table or listing."""
    if block.kind in ("table", "code"):
        lines = _LINE.finditer(text, block.start, block.end)
        spans = [trimmed(text, *line.span()) for line in lines]
        return [(start, end) for start, end in spans if start < end]
    found = sentences(text[block.start : block.end])
    return [(block.start + start, block.start + end) for start, end in found]
