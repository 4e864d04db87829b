"""The stream buffer: what a model says is held back until the output guards have seen enough.

Three modes, by the guards alone: without any a piece leaves at once; guards that judge spans hold
back as many characters as they look ahead; guards that judge sentences let a sentence leave after
their verdict.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import pairwise
from typing import Literal, TypeAlias

from plait.core.context import Context
from plait.core.errors import Refused
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.passage import Citation
from plait.core.prompt import Chunk, ToolCall
from plait.core.protocol import Guard, View, Work
from plait.core.response import ChatResponse
from plait.core.sentence import sentences
from plait.core.verdict import Verdict

Mode: TypeAlias = Literal["bare", "spans", "sentences"]
_PATIENCE = 6  # times the look-ahead: a longer sentence is cut between words
NOTHING_LEFT = "Nothing that I may say, or that the documents support, answers this."


def stream_mode(guards: Iterable[Guard]) -> Mode:
    """Return how a stream passes these guards."""
    ahead = [guard.lookahead_chars for guard in guards]
    if not ahead:
        return "bare"
    return "sentences" if None in ahead else "spans"


class Hold:
    """Guards over one answer, given whole or in pieces. Use it once."""

    def __init__(
        self, guards: Sequence[Guard], exchange: Exchange, work: Work, context: Context
    ) -> None:
        self._guards = guards
        self._of_spans = [each for each in guards if each.lookahead_chars is not None]
        self._exchange = exchange
        self._work = work
        self._context = context
        self._mode = stream_mode(guards)
        self._ahead = max((guard.lookahead_chars or 0 for guard in guards), default=0)
        self._verdicts: list[Verdict] = []
        self._said: list[str] = []
        self._dropped: list[bool] = []

    async def judge(self) -> Exchange:
        """Return the exchange with its whole answer as the guards leave it.

        Raises:
            Refused: `guard_refused`.
        """
        exchange, answer = self._exchange, self._exchange.answer
        assert isinstance(answer, ChatResponse)
        own = answer.manner not in ("generated", "extracted")
        for piece in (await self._cut(answer.text, final=True, own=own))[0]:
            await self._pass(piece, own=own)
        return await self._ended(exchange, answer)

    async def pass_on(
        self, events: AsyncGenerator[Chunk | Exchange, None]
    ) -> AsyncGenerator[Chunk | Exchange, None]:
        """Yield the pieces of an answer once the guards let them, and last the exchange.

        Raises:
            Refused: `guard_refused`.
        """
        held, own = "", False
        async with aclosing(events) as pieces:
            async for event in pieces:
                if isinstance(event, Exchange) and event.answer is None:
                    self._exchange = event  # what a flow within has gathered so far
                    yield event
                    continue
                if isinstance(event, Exchange):
                    for piece in (await self._cut(held, final=True, own=own))[0]:
                        if text := await self._pass(piece, own=own):
                            yield Chunk(text=text, own=own)
                    answer = event.answer
                    assert isinstance(answer, ChatResponse)
                    last = await self._ended(event, answer)
                    if isinstance(last.answer, ChatResponse) and last.answer.calls:
                        yield Chunk(calls=_deltas(last.answer.calls))
                    yield last
                    return
                own = event.own
                ready, held = await self._cut(held + event.text, final=False, own=own)
                for piece in ready:
                    if text := await self._pass(piece, own=own):
                        yield Chunk(text=text, own=own)
                if event.tokens or event.prompt_tokens:
                    yield replace(event, text="", finish="", logprobs=(), calls=())

    async def _cut(self, text: str, *, final: bool, own: bool) -> tuple[list[str], str]:
        """Return what can be judged now, in pieces, and what has to wait."""
        if not text:
            return [], ""
        if self._mode == "sentences" and not own:
            starts = [start for start, _ in sentences(text)][1:]
            cuts = [0, *starts, len(text)]
            pieces = [text[start:end] for start, end in pairwise(cuts)]
            return (pieces, "") if final else (pieces[:-1], pieces[-1])
        if final:
            return [text], ""
        if len(text) < 2 * self._ahead or own:
            return [], text
        limit = len(text) - self._ahead
        # between sentences: a guard may need the words before a span to know what it is
        stop = max((start for start, _ in sentences(text) if start <= limit), default=0)
        if not stop and len(text) > _PATIENCE * self._ahead:
            stop = text.rfind(" ", 0, limit) + 1
        stop = await self._apart(text, stop)
        return ([text[:stop]], text[stop:]) if stop else ([], text)

    async def _apart(self, text: str, stop: int) -> int:
        """Return the last place up to `stop` that no span of a guard lies across."""
        for guard in self._guards:
            verdict = await self._check(guard, text)
            across = [mark.start for mark in verdict.spans if mark.start < stop < mark.end]
            stop = min([stop, *across])
        return stop

    async def _check(self, guard: Guard, text: str) -> Verdict:
        view = View(text=text, final=True, exchange=self._exchange, place="output")
        return await self._work(guard.check, view, self._context)

    async def _pass(self, piece: str, *, own: bool) -> str:
        """Return a piece as the guards leave it; "" when it is dropped."""
        guards = self._of_spans if own else self._guards
        piece, verdicts = await judged(piece, guards, self._check)
        self._verdicts += verdicts
        self._dropped.append(not piece.strip())
        self._said.append(piece)
        return piece

    async def _span(self, text: str) -> str:
        """Return what stands beside the answer as the guards of spans leave it."""
        return (await judged(text, self._of_spans, self._check))[0] if text else text

    async def _ended(self, exchange: Exchange, answer: ChatResponse) -> Exchange:
        """Return the exchange with the answer that was let through."""
        answer = replace(
            answer,
            citations=tuple(
                [replace(each, text=await self._span(each.text)) for each in answer.citations]
            ),
            calls=tuple(
                [replace(each, arguments=await self._span(each.arguments)) for each in answer.calls]
            ),
        )
        text = "".join(self._said).strip()
        verdicts = (*exchange.verdicts, *self._verdicts)
        if text == answer.text.strip():
            return replace(exchange, answer=answer, verdicts=verdicts)
        answer = replace(answer, logprobs=())  # they spell out what was altered
        if not text:
            answer = replace(answer, manner="refused", text=NOTHING_LEFT, citations=())
        elif self._mode == "sentences":
            kept = _renumbered(answer.citations, self._dropped)
            answer = replace(answer, text=text, citations=kept)
        else:
            answer = replace(answer, text=text)
        return replace(exchange, answer=answer, verdicts=verdicts)


def _deltas(calls: Sequence[ToolCall]) -> tuple[dict[str, Json], ...]:
    """Return whole calls in the shape in which pieces of them are streamed."""
    return tuple(
        {
            "index": at,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for at, call in enumerate(calls)
    )


async def judged(
    text: str, guards: Iterable[Guard], check: Callable[[Guard, str], Awaitable[Verdict]]
) -> tuple[str, list[Verdict]]:
    """Return a text as guards leave it, one after the other, and what they found.

    Raises:
        Refused: `guard_refused`.
    """
    found = []
    for guard in guards:
        verdict = await check(guard, text)
        if verdict.action != "allow":
            found.append(verdict)
        if verdict.action == "refuse":
            reason = verdict.reason or f"the guard {verdict.guard!r} refused this"
            raise Refused("guard_refused", reason, where=verdict.guard)
        if verdict.action == "alter":
            text = verdict.text or ""
    return text, found


def _renumbered(citations: Sequence[Citation], dropped: Sequence[bool]) -> tuple[Citation, ...]:
    """Return the citations of the sentences that are left, under their new numbers."""
    number, left = {}, 0
    for sentence, gone in enumerate(dropped):
        if not gone:
            number[sentence] = left
            left += 1
    return tuple(
        replace(each, sentence=number[each.sentence])
        for each in citations
        if each.sentence in number
    )
