"""The last thing that happens to a request, however it ended: its trace is kept."""

from collections.abc import Callable
from dataclasses import dataclass

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.core.request import ChatRequest
from plait.store.record import RequestRow


@dataclass(frozen=True, slots=True)
class Record:
    """Hands the request's row to the store, which writes it behind the answer.

    Attributes:
        keep: takes the row and returns at once.
    """

    keep: Callable[[RequestRow], None]

    def __call__(self, flow: str, exchange: Exchange, context: Context, status: str) -> None:
        """Keep what happened; content stays out when the exchange is secret."""
        trace = context.trace
        answer = exchange.answer
        spent = context.budget.spent
        content: dict[str, Json] | None = None
        judged = status == "done" or not isinstance(exchange.request, ChatRequest)
        if exchange.privacy < Privacy.SECRET and judged:  # no guard may have seen what was said
            content = exchange.request.content()
            if answer is not None:
                content |= answer.content()
        self.keep(
            RequestRow(
                id=trace.id,
                tenant=context.principal.tenant,
                subject=context.subject,
                privacy=exchange.privacy,
                created=trace.started,
                name=flow,
                decision="" if answer is None else answer.decision,
                artefact="" if answer is None else answer.artefact,
                status=status,
                seconds=trace.elapsed(),
                body={
                    "spans": [span.record() for span in trace.spans],
                    "usage": {"cost_usd": spent.cost_usd, "tokens": spent.tokens},
                    "key": context.principal.key,
                    **_found(exchange),
                },
                content=content,
            )
        )


def _found(exchange: Exchange) -> dict[str, Json]:
    """Return which passages were found and what guards said, without any of the texts."""
    found: dict[str, Json] = {}
    if exchange.passages:
        found["passages"] = [
            {
                "id": each.id,
                "collection": each.collection,
                "document": each.document,
                "start": each.start,
                "end": each.end,
                "score": each.score,
            }
            for each in exchange.passages
        ]
    if exchange.verdicts:
        found["verdicts"] = [each.record() for each in exchange.verdicts]
    return found
