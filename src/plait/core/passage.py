"""Stored pieces of documents, and the spans of them that support an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from plait.core.ids import Json
from plait.core.privacy import Privacy


def with_headings(headings: Sequence[str], text: str) -> str:
    """Return a passage's text with its headings before it, which is what an index should see."""
    return "\n".join(part for part in (" > ".join(headings), text) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A stored piece of a document.

    Attributes:
        id: of the passage.
        collection: name of the collection.
        document: id of the document.
        name: path or name of the document, as it was ingested.
        start: offset of its first character in the document.
        end: offset behind its last character.
        text: the characters between.
        score: of the search that found it.
        privacy: how private the document is.
        headings: what it stands under, the highest first.
        page: that it begins on, from 1; None where there are no pages.
        metadata: what its document says of itself, and what was said of it at ingestion.
    """

    id: str
    collection: str
    document: str
    name: str
    start: int
    end: int
    text: str
    score: float
    privacy: Privacy = Privacy.INTERNAL
    headings: tuple[str, ...] = ()
    page: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def record(self) -> dict[str, Json]:
        """Return the passage ready for JSON."""
        return {
            "id": self.id,
            "collection": self.collection,
            "document": self.document,
            "name": self.name,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "score": self.score,
            "headings": list(self.headings),
            "page": self.page,
            "metadata": self.metadata,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A passage span that supports a sentence.

    Attributes:
        sentence: of the answer, counted from 0.
        collection: name of the collection.
        document: id of the document.
        name: path or name of the document.
        start: offset of the span's first character in the document.
        end: offset behind its last character.
        text: the characters between.
        page: that it begins on, from 1; None where there are no pages.
        headings: what it stands under, the highest first.
    """

    sentence: int
    collection: str
    document: str
    name: str
    start: int
    end: int
    text: str
    page: int | None = None
    headings: tuple[str, ...] = ()

    def record(self) -> dict[str, Json]:
        """Return the citation ready for JSON."""
        return {
            "sentence": self.sentence,
            "collection": self.collection,
            "document": self.document,
            "name": self.name,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "page": self.page,
            "headings": list(self.headings),
        }
