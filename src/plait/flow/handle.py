"""A flow: named steps that answer one live request."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from plait.core.context import Context
from plait.core.errors import EngineError, PlaitError
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.core.protocol import Step
from plait.core.request import Request
from plait.core.response import Response
from plait.flow.record import Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps in order, and the record that is written however they end.

    Attributes:
        name: of the flow; an implicit flow bears the name of its contract.
        steps: name and step, in order. The last one leaves an answer.
        record: writes what happened.
        privacy: of the data its steps touch; every request is at least so private, answered or not.
    """

    name: str
    steps: tuple[tuple[str, Step], ...]
    record: Record
    privacy: Privacy = Privacy.INTERNAL

    async def handle(self, request: Request, context: Context) -> Response:
        """Answer the request; whatever happens, its trace is recorded under its id.

        Raises:
            PlaitError: a step refused or failed, the budget is spent, or the caller left.
        """
        exchange = Exchange(request=request, privacy=max(context.privacy, self.privacy))
        status = "cancelled"  # what it is when neither an answer nor an error of ours ends it
        try:
            for name, step in self.steps:
                context.check()
                with context.span(name) as span:
                    exchange = await step(exchange, context.within(span))
            if exchange.answer is None:
                raise EngineError("engine_failed", "no step of the flow answered", where=self.name)
            status = "done"
            return exchange.answer
        except PlaitError as error:
            status = error.code
            raise
        except Exception as error:
            status = "engine_failed"
            raise EngineError(
                "engine_failed",
                f"unexpected {type(error).__name__}: {error}",
                where=self.name,
                hint=f"plait explain {context.trace.id} shows the stage",
            ) from error
        finally:
            self.record(self.name, exchange, context, status)


def inline(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits, without an event loop, which would cost more than a row.

    Raises:
        RuntimeError: it waited for something after all.
    """
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("this flow waits for something; call its async twin")
