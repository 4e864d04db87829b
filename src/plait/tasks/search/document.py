"""A document as every parser leaves it: one text, and where its parts lie in it."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["heading", "text", "table", "code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading, paragraph, list, table or listing.

    Attributes:
        kind: `heading`, `text` (lists too), `table` (a row per line) or `code`.
        start: offset of its first character in the text.
        end: offset behind its last character.
        level: of a heading, 1 being the highest; 0 for the rest.
        title: the words of a heading, without markup; "" for the rest.
    """

    kind: Kind
    start: int
    end: int
    level: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a parser found in a file.

    Attributes:
        text: the whole text; every offset counts its characters.
        blocks: the content, in order and apart; what lies outside of them is markup or space.
        pages: offset at which each page begins; empty where there are no pages.
        metadata: what the file says of itself, such as `title` and `author`.
    """

    text: str
    blocks: tuple[Block, ...]
    pages: tuple[int, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed document.

    Attributes:
        id: hash of its text and media type: as long as it stands, so do the offsets into it.
        name: what it was read from.
        media_type: `text/markdown` and the like.
        text: see `Parsed`, as are the rest.
        blocks: the content.
        pages: offset at which each page begins.
        metadata: what the file says of itself.
    """

    id: str
    name: str
    media_type: str
    text: str
    blocks: tuple[Block, ...]
    pages: tuple[int, ...]
    metadata: Mapping[str, str]

    def page(self, offset: int) -> int | None:
        """Return the number of the page that holds the character at `offset`, from 1."""
        return bisect_right(self.pages, offset) if self.pages else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A block that has no place in a text yet.

    Attributes:
        kind: see `Block`.
        text: what it says; the words of a heading are its title.
        level: of a heading.
        page: that it begins on, from 1; 0 where there are no pages.
    """

    kind: Kind
    text: str
    level: int = 0
    page: int = 0


def lay_out(parts: Iterable[Part], metadata: Mapping[str, str]) -> Parsed:
    """Return the text of all parts, an empty line between them, and where each lies."""
    texts, blocks, pages = [], [], list[int]()
    start = 0
    for part in parts:
        pages.extend([start] * (part.page - len(pages)))
        end = start + len(part.text)
        title = part.text if part.kind == "heading" else ""
        blocks.append(Block(kind=part.kind, start=start, end=end, level=part.level, title=title))
        texts.append(part.text)
        start = end + 2
    return Parsed(
        text="\n\n".join(texts), blocks=tuple(blocks), pages=tuple(pages), metadata=metadata
    )
