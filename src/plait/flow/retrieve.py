"""The step that finds the passages an answer may rest on."""

from dataclasses import dataclass, replace

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.request import ChatRequest, SearchRequest
from plait.flow.admit import MAX_QUESTION
from plait.flow.base import Parts


class RetrieveStep:
    """Searches a collection for what was asked last; what is found makes the exchange private."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """Where and how many.

        Attributes:
            collection: its name.
            top: how many passages at most.
        """

        collection: str
        top: int = 8

        def __post_init__(self) -> None:
            if not 1 <= self.top <= 100:
                raise ValueError("`top` is from 1 to 100")

    def __init__(self, options: Options, parts: Parts) -> None:
        self._options = options
        self._search = parts.search
        parts.search(options.collection)  # an unknown one is an error now

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with what was found."""
        request, options = exchange.request, self._options
        assert isinstance(request, ChatRequest)
        wanted = SearchRequest(
            collection=options.collection,
            query=request.prompt.question[:MAX_QUESTION],
            top=options.top,
        )
        response = await self._search(options.collection).run(wanted, context)
        found = response.passages
        if context.at is not None:
            context.at.tag(collection=options.collection, found=len(found))
            context.at.tag(best=found[0].score if found else None)
        name = options.collection
        empty = (f"There is nothing in {name} yet: `plait ingest {name}`.",)
        return replace(
            exchange,
            notes=(*exchange.notes, *(empty if response.empty else ())),
            collections=(*exchange.collections, options.collection),
            passages=(*exchange.passages, *found),
            privacy=max([exchange.privacy, *(passage.privacy for passage in found)]),
        )

    def facts(self) -> dict[str, Json]:
        """Return the collection and how many passages."""
        return {"collection": self._options.collection, "top": self._options.top}
