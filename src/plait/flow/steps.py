"""Steps in order: the inside of a flow, and itself a step, so that flows nest."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import cast

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.prompt import Chunk
from plait.core.protocol import Speaker, Step, Work
from plait.core.response import ChatResponse
from plait.flow.cache import CacheStep
from plait.flow.guard import GuardStep
from plait.flow.hold import Hold


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in order. Once there is an answer, only guards have anything left to do.

    Attributes:
        steps: name and step, in order.
        work: runs slow guards in threads.
    """

    steps: tuple[tuple[str, Step], ...]
    work: Work

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange after the last step; raises what a step raises."""
        caches = []
        for name, step in self.steps:
            if exchange.answer is not None and not isinstance(step, GuardStep):
                continue
            context.check()
            with context.span(name) as span:
                exchange = await step(exchange, context.within(span))
            if isinstance(step, CacheStep) and exchange.answer is None:
                caches.append((step, exchange.key))
        for cache, key in caches:
            cache.keep(key, exchange)
        return exchange

    async def stream(
        self, exchange: Exchange, context: Context
    ) -> AsyncGenerator[Chunk | Exchange, None]:
        """Yield the answer as it comes, held back as far as the output guards ask for it."""
        caches = []
        judged: set[int] = set()
        said = False
        for index, (name, step) in enumerate(self.steps):
            answered = exchange.answer is not None
            if index in judged or (answered and not isinstance(step, GuardStep)):
                continue
            context.check()
            with context.span(name) as span:
                within = context.within(span)
                if not hasattr(step, "stream"):
                    exchange = await step(exchange, within)
                else:
                    judged |= self._judges(index)
                    yield exchange  # what was gathered, for guards further out
                    events = cast(Speaker, step).stream(exchange, within)
                    held = self._held(events, judged, exchange, within)
                    async with aclosing(held) as pieces:
                        async for event in pieces:
                            if isinstance(event, Exchange):
                                exchange = event
                            else:
                                said = said or bool(event.text)
                                yield event
            if isinstance(step, CacheStep) and exchange.answer is None:
                caches.append((step, exchange.key))
        answer = exchange.answer
        if not said and isinstance(answer, ChatResponse) and answer.text:
            yield Chunk(text=answer.text, own=answer.manner not in ("generated", "extracted"))
        for cache, key in caches:
            cache.keep(key, exchange)
        yield exchange

    def _judges(self, index: int) -> set[int]:
        """Return the places of the output guards that stand after a step."""
        return {
            place
            for place, (_, step) in enumerate(self.steps)
            if place > index and isinstance(step, GuardStep) and step.place == "output"
        }

    def _held(
        self,
        events: AsyncGenerator[Chunk | Exchange, None],
        judges: set[int],
        exchange: Exchange,
        context: Context,
    ) -> AsyncGenerator[Chunk | Exchange, None]:
        """Let the guards at these places judge what a step says, before it leaves."""
        steps = [cast(GuardStep, self.steps[place][1]) for place in sorted(judges)]
        guards = tuple(guard for step in steps for guard in step.guards)
        if not guards:
            return events
        return Hold(guards, exchange, self.work, context).pass_on(events)
