"""A flow: named steps that answer one live request."""

from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from plait.core.context import Context
from plait.core.errors import EngineError, PlaitError
from plait.core.exchange import Exchange
from plait.core.privacy import Privacy
from plait.core.prompt import Chunk
from plait.core.request import Request
from plait.core.response import Response
from plait.flow.record import Record
from plait.flow.steps import Steps

T = TypeVar("T")


@dataclass(slots=True)
class _Run:
    """A request on its way: the exchange as it is now, and how it ended."""

    exchange: Exchange
    status: str = field(
        default="cancelled"
    )  # what it is when no answer and no error of ours ends it


@dataclass(frozen=True, slots=True)
class Flow:
    """Steps in order, and the record that is written however they end.

    Attributes:
        name: of the flow; an implicit flow bears the name of its contract or model.
        steps: the last one leaves an answer.
        record: writes what happened.
        privacy: of the data its steps touch; every request is at least so private, answered or not.
    """

    name: str
    steps: Steps
    record: Record
    privacy: Privacy = Privacy.INTERNAL

    async def handle(self, request: Request, context: Context) -> Response:
        """Answer the request; whatever happens, its trace is recorded under its id.

        Raises:
            PlaitError: a step refused or failed, the budget is spent, or the caller left.
        """
        run = _Run(Exchange(request=request, privacy=max(context.privacy, self.privacy)))
        with self._recorded(run, context):
            run.exchange = await self.steps(run.exchange, context)
            return self._answer(run)

    async def stream(
        self, request: Request, context: Context
    ) -> AsyncGenerator[Chunk | Response, None]:
        """Yield the answer as it comes, and last the whole response; raises as `handle` does.

        Closing it stops the work.
        """
        run = _Run(Exchange(request=request, privacy=max(context.privacy, self.privacy)))
        with self._recorded(run, context):
            async with aclosing(self.steps.stream(run.exchange, context)) as events:
                async for event in events:
                    if isinstance(event, Exchange):
                        run.exchange = event
                    else:
                        yield event
            yield self._answer(run)

    def _answer(self, run: _Run) -> Response:
        if run.exchange.answer is None:
            raise EngineError("engine_failed", "no step of the flow answered", where=self.name)
        run.status = "done"
        return run.exchange.answer

    @contextmanager
    def _recorded(self, run: _Run, context: Context) -> Iterator[None]:
        """Record the request however it ends, and let no error but ours leave."""
        try:
            yield
        except PlaitError as error:
            run.status = error.code
            raise
        except Exception as error:
            run.status = "engine_failed"
            raise EngineError(
                "engine_failed",
                f"unexpected {type(error).__name__}: {error}",
                where=self.name,
                hint=f"plait explain {context.trace.id} shows the stage",
            ) from error
        finally:
            self.record(self.name, run.exchange, context, run.status)


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
