"""Texts into vectors, by one embedder."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from plait.core.context import Context
from plait.core.protocol import Embedder, Work
from plait.core.request import EmbedRequest
from plait.core.response import EmbedResponse


@runtime_checkable
class Counting(Protocol):
    """An embedder that tells how much of a text it reads."""

    def count(self, texts: Sequence[str]) -> int:
        """Return the tokens read of all the texts."""
        ...


class EmbedTask:
    """Answers by one embedder.

    Attributes:
        embedder: returns it; it may have to be made first.
        work: runs it in a thread, for it takes milliseconds.
    """

    def __init__(self, embedder: Callable[[], Embedder], work: Work) -> None:
        self._embedder = embedder
        self._work = work

    async def run(self, request: EmbedRequest, context: Context) -> EmbedResponse:
        """Return one vector per text.

        Raises:
            Cancelled, BudgetExceeded: nobody waits any more.
            EngineError: the engine failed.
        """
        embedder = await self._work(self._embedder)
        with context.span("engine"):
            vectors = await self._work(embedder.embed, request.texts, context)
        tokens = 0
        if isinstance(embedder, Counting):
            tokens = await self._work(embedder.count, request.texts)
        artefact = getattr(embedder, "artefact", None)
        return EmbedResponse(
            id=context.trace.id,
            model=request.model,
            vectors=tuple(vectors),
            tokens=tokens,
            artefact=artefact.id if artefact is not None else "",
        )
