"""Passages for a question: by words and by meaning, fused by rank, looked up in the store."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias, runtime_checkable

from plait.core.artefact import Artefact
from plait.core.columns import Column
from plait.core.context import Context
from plait.core.errors import InvalidRequest
from plait.core.passage import Passage
from plait.core.privacy import Privacy
from plait.core.protocol import Embedder, Work
from plait.core.request import SearchRequest
from plait.core.response import SearchResponse
from plait.store.base import Head, Near, Store
from plait.store.index import CollectionIndex
from plait.store.record import CollectionRow

Ranking: TypeAlias = Sequence[tuple[int, float]]
MOST = 1_000
"""Most passages of an answer."""
_LAST = 2**63 - 1  # no passage has a larger number


@runtime_checkable
class Encoder(Embedder, Protocol):
    """An embedder whose vectors can be told from another's, which stored ones must be."""

    @property
    def artefact(self) -> Artefact:
        """What it runs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fusion:
    """How two rankings become one (Cormack and others, SIGIR 2009): sum of weight / (k + rank).

    The defaults lie in the middle of what does best on the training claims of SciFact; see
    `bench/scifact.py`.

    Attributes:
        lexical: weight of the ranking by words.
        dense: weight of the ranking by meaning.
        k: the larger, the less the first ranks stand out.
        depth: how many passages of each ranking count.
    """

    lexical: float = 1.0
    dense: float = 0.8
    k: float = 2.0
    depth: int = 100

    def fuse(self, lexical: Ranking, dense: Ranking) -> list[tuple[int, float]]:
        """Return passages and scores, the best first; 1 is for the first of every ranking there is.

        Ties go to the better rank by words.
        """
        legs = [(self.lexical, lexical), (self.dense, dense)]
        legs = [(weight, ranking[: self.depth]) for weight, ranking in legs if weight and ranking]
        scores: dict[int, float] = defaultdict(float)
        for weight, ranking in legs:
            for rank, (number, _) in enumerate(ranking, 1):
                scores[number] += weight * (self.k + 1) / (self.k + rank)
        whole = sum(weight for weight, _ in legs)
        ordered = sorted(scores.items(), key=lambda each: -each[1])  # stable
        return [(number, min(score / whole, 1.0)) for number, score in ordered]


class SearchTask:
    """Answers questions to one collection; whose collection, the principal's tenant says.

    Attributes:
        name: of the collection.
        fusion: how rankings become one.
        index_of: collection -> its indexes.
        encoder_of: collection -> what embeds questions; None when it has no vectors.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        index_of: Callable[[CollectionRow], CollectionIndex],
        encoder_of: Callable[[CollectionRow], Encoder | None],
        *,
        work: Work = asyncio.to_thread,
        fusion: Fusion | None = None,
        shared: str = "",
    ) -> None:
        """Prepare to answer.

        Args:
            name: of the collection.
            store: has the documents.
            index_of: collection -> its indexes.
            encoder_of: collection -> what embeds questions; None when it has no vectors.
            work: runs the search in a thread.
            fusion: how rankings become one.
            shared: the tenant whose collection answers those that have nothing in one of the name;
                "" lets nobody's.
        """
        self.name = name
        self.fusion = fusion or Fusion()
        self._store = store
        self.index_of = index_of
        self.encoder_of = encoder_of
        self._work = work
        self._shared = shared

    async def run(self, request: SearchRequest, context: Context) -> SearchResponse:
        """Return the passages that answer a question, the best first.

        A question without a letter or digit has no answer, nor has one to a collection in which the
        tenant has nothing. Where the vectors of the collection are another model's than the one
        that is set up now, its passages are found by words alone.

        Raises:
            InvalidRequest: `request_shape`, `top` is not from 1 to 1,000.
            StoreError: an index cannot be made.
            MissingExtra: a library is not installed.
        """
        if not 1 <= request.top <= MOST:
            message = f"`top` is {request.top}"
            raise InvalidRequest("request_shape", message, hint=f"ask for 1 to {MOST} passages")
        return await self._work(self._answer, request, context)

    def _of(self, tenant: str) -> tuple[CollectionRow, Head] | None:
        return self._store.documents.collection(tenant, self.name)

    def _holds(self, found: tuple[CollectionRow, Head] | None) -> bool:
        """Return whether there is a passage in a collection now."""
        if found is None or found[1] == (0, 0):
            return False
        return bool(self._store.documents.passages(found[0].id, 0, _LAST, 1))

    def _answer(self, request: SearchRequest, context: Context) -> SearchResponse:
        empty = SearchResponse(id=context.trace.id, collection=self.name, passages=())
        found = self._of(context.principal.tenant)
        if self._shared not in ("", context.principal.tenant) and not self._holds(found):
            found = self._of(self._shared) or found
        if found is None or found[1] == (0, 0):
            return replace(empty, empty=True)
        collection, head = found
        if not any(map(str.isalnum, request.query)):
            return empty
        index = self.index_of(collection)
        within = index.where(request.where)
        if within is not None and not within:
            return empty
        search = _Search(request, collection, head, index, within)
        encoder = self.encoder_of(collection) if collection.model else None
        if encoder is not None and encoder.artefact.id != collection.model:
            encoder = None
        fusion = self.fusion
        fusion = replace(fusion, depth=max(fusion.depth, request.top))
        lexical, dense = search.rankings(encoder, fusion.depth, context)
        with context.span("fuse") as span:
            fused = fusion.fuse(lexical, dense)
            span.tag(passages=len(fused))
        with context.span("join") as span:
            passages = tuple(search.passages(fused))
            span.tag(passages=len(passages))
        return replace(empty, passages=passages, artefact=encoder.artefact.id if encoder else "")


@dataclass(frozen=True, slots=True)
class _Search:
    """One question to one collection as it stood when the question came."""

    request: SearchRequest
    collection: CollectionRow
    head: Head
    index: CollectionIndex
    within: Sequence[int] | None

    def rankings(
        self, encoder: Encoder | None, depth: int, context: Context
    ) -> tuple[Ranking, Ranking]:
        """Return what is found by words, and by meaning if there is an encoder."""
        query = self.request.query
        vector: Column | None = None
        if encoder is not None:
            with context.span("embed") as span:
                vector = encoder.embed([query], context.within(span))[0]
        context.check()
        with context.span("lexical") as span:
            lexical = self.index.lexical(self.head, query, depth, self.within)
            span.tag(passages=len(lexical))
        context.check()
        if encoder is None or vector is None:
            return lexical, ()
        with context.span("dense") as span:
            model = encoder.artefact.id
            dense = self.index.dense(self.head, vector, model, depth, self.within)
            span.tag(passages=len(dense), model=model)
        return lexical, dense

    def passages(self, fused: Ranking) -> Iterator[Passage]:
        """Yield the best that are still there, with their texts."""
        top, left = self.request.top, self.request.top
        for start in range(0, len(fused), top):
            part = fused[start : start + top]
            there = self.index.joined(number for number, _ in part)
            for number, score in part:
                if left and number in there:
                    left -= 1
                    yield self._passage(there[number], score)
            if not left:
                return

    def _passage(self, near: Near, score: float) -> Passage:
        passage, document = near
        return Passage(
            id=f"psg_{passage.number}",
            collection=self.collection.name,
            document=document.id,
            name=document.name,
            start=passage.start,
            end=passage.start + len(passage.text),
            text=passage.text,
            score=score,
            privacy=Privacy(passage.privacy),
            headings=passage.headings,
            page=passage.page,
            metadata=_texts(document.metadata),
        )


def _texts(metadata: Mapping[str, str]) -> Mapping[str, str]:
    return {name: str(value) for name, value in metadata.items()}
