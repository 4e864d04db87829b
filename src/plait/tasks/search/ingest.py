"""Documents into a collection: read, cut, embed, keep; one transaction each.

What is unchanged is left alone, so that a run which was killed goes on where it was, and a second
one costs only the reading.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict

from plait.core.context import Context
from plait.core.errors import InvalidData, PlaitError, UserError
from plait.core.ids import Json, content_id, sha256
from plait.core.job import Progress
from plait.store.base import Store
from plait.store.dense import encode
from plait.store.record import CollectionRow, DocumentRow, PassageRow, SourceRow, VectorRow
from plait.tasks.search.parse import parse_document, read_original
from plait.tasks.search.passage import Piece, split
from plait.tasks.search.task import Encoder

RECIPE = 2
"""Another number whenever parsing or cutting gives other passages of the same bytes."""

Outcome: TypeAlias = Literal["added", "unchanged", "replaced", "removed", "failed"]
Watch: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A document to be taken in.

    Attributes:
        name: that it has in the collection.
        data: its bytes, or the file that holds them.
        media_type: what it is, if the caller knows; "" finds out.
        metadata: what is said of it, on top of what it says of itself.
        subject: whose data it is, or "".
        origin: `pattern` when a pattern of the settings found it, or else `given`.
    """

    name: str
    data: bytes | Path
    media_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    subject: str = ""
    origin: Literal["pattern", "given"] = "given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one document.

    Attributes:
        name: of the document.
        outcome: what became of it; `failed` leaves what was there before.
        document: id of the document; "" when it failed.
        passages: how many it was cut into.
        error: why it failed.
    """

    name: str
    outcome: Outcome
    document: str = ""
    passages: int = 0
    error: PlaitError | None = None

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        found: dict[str, Json] = {
            "name": self.name,
            "outcome": self.outcome,
            "document": self.document,
            "passages": self.passages,
        }
        if self.error is not None:
            found["error"] = {"code": self.error.code, "message": str(self.error)}
        return found


@dataclass(frozen=True, slots=True)
class Report:
    """What became of every document.

    Attributes:
        collection: its name.
        documents: in the order they were taken.
    """

    collection: str
    documents: tuple[Taken, ...]

    @property
    def failed(self) -> tuple[Taken, ...]:
        """Those that could not be taken."""
        return tuple(each for each in self.documents if each.outcome == "failed")

    def record(self) -> dict[str, Json]:
        """Return it ready for JSON."""
        return {
            "collection": self.collection,
            "documents": [each.record() for each in self.documents],
        }


def ingest(
    store: Store,
    collection: CollectionRow,
    given: Sequence[Given],
    encoder: Encoder | None,
    context: Context,
    *,
    watch: Watch = lambda _: None,
) -> Iterator[Taken]:
    """Take documents into a collection, and yield what became of each once it is committed.

    Args:
        store: keeps them.
        collection: where they go; it is kept already.
        given: the documents.
        encoder: makes the vectors; None makes none.
        context: of the work.
        watch: told how far it is; what it raises stops the work.

    Raises:
        Cancelled, BudgetExceeded: nobody waits any more; what was taken stays.
        StoreError: it cannot be kept.
        EngineError: the encoder failed.
    """
    for place, each in enumerate(given):
        watch(Progress(f"reading {each.name}", place, len(given)))
        context.check()
        try:
            taking = _Taking(store, collection, each, encoder)
            done = taking.unchanged() or taking.take(context)
        except UserError as error:
            done = Taken(name=each.name, outcome="failed", error=error)
        except UnicodeEncodeError:  # some PDFs and file systems make such characters
            message = "its name or text holds half a surrogate pair"
            wrong = InvalidData("data_encoding", message, hint="rename it, or save it as UTF-8")
            done = Taken(name=each.name, outcome="failed", error=wrong)
        yield done
    watch(Progress("done", len(given), len(given)))


class _Owned(TypedDict):
    """What every row of a document says."""

    tenant: str
    subject: str
    privacy: int
    created: float


class _Taking:
    """One document on its way into a collection."""

    def __init__(
        self, store: Store, collection: CollectionRow, given: Given, encoder: Encoder | None
    ) -> None:
        self._store = store
        self._collection = collection
        self._given = given
        self._encoder = encoder
        self._data = given.data if isinstance(given.data, bytes) else read_original(given.data)
        self._sha256 = sha256(self._data)
        found = store.find(DocumentRow, collection=collection.id, name=given.name)
        self._old = found[0] if found else None
        self._owned = _Owned(
            tenant=collection.tenant,
            subject=given.subject,
            privacy=collection.privacy,
            created=time.time(),
        )

    def unchanged(self) -> Taken | None:
        """Return the outcome if the collection has the same bytes, made into the same things."""
        old = self._old
        if old is None or (old.sha256, old.recipe) != (self._sha256, self._recipe()):
            return None
        return Taken(name=old.name, outcome="unchanged", document=old.id, passages=old.passages)

    def take(self, context: Context) -> Taken:
        """Keep the document in place of the old one of its name."""
        given, collection = self._given, self._collection
        found = parse_document(self._data, given.name, media_type=given.media_type)
        place: list[Json] = [collection.tenant, collection.name, given.name, found.id]
        passages = [self._passage(piece) for piece in split(found, size=collection.size)]
        row = self._store.documents.put(
            DocumentRow(
                **self._owned,
                id=content_id("doc", place),
                collection=collection.id,
                name=given.name,
                sha256=self._sha256,
                size=len(self._data),
                media_type=found.media_type,
                recipe=self._recipe(),
                origin=given.origin,
                metadata={**found.metadata, **given.metadata},
            ),
            SourceRow(**self._owned, original=self._data, text=found.text),
            passages,
            self._vectors(passages, context),
        )
        outcome: Outcome = "replaced" if self._old else "added"
        return Taken(name=row.name, outcome=outcome, document=row.id, passages=row.passages)

    def _recipe(self) -> str:
        """Return a hash of all that decides what becomes of the bytes."""
        given, collection = self._given, self._collection
        decides: dict[str, Json] = {
            "recipe": RECIPE,
            "size": collection.size,
            "privacy": collection.privacy,
            "model": self._encoder.artefact.id if self._encoder else "",
            "media_type": given.media_type,
            "metadata": given.metadata,
            "subject": given.subject,
            "origin": given.origin,
        }
        return content_id("recipe", decides)

    def _passage(self, piece: Piece) -> PassageRow:
        return PassageRow(
            **self._owned,
            collection=self._collection.id,
            start=piece.start,
            page=piece.page,
            headings=piece.headings,
            text=piece.text,
            sha256=sha256(piece.indexed.encode()),
        )

    def _vectors(self, passages: Sequence[PassageRow], context: Context) -> list[VectorRow]:
        """Return a vector of each passage; a text that the tenant has already is not embedded."""
        if self._encoder is None:
            return []
        model = self._encoder.artefact.id
        texts = {passage.sha256: passage.indexed for passage in passages}
        codes = dict(self._store.documents.known(self._collection.tenant, model, texts))
        fresh = [each for each in texts if each not in codes]
        vectors = self._encoder.embed([texts[each] for each in fresh], context)
        codes.update(zip(fresh, map(encode, vectors), strict=True))
        return [
            VectorRow(**self._owned, model=model, scale=codes[at][0], code=codes[at][1])
            for at in (passage.sha256 for passage in passages)
        ]
