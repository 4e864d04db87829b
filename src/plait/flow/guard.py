"""The step that lets guards judge what was asked, what was retrieved, or what is answered."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from plait.core.context import Context
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.passage import Passage, with_headings
from plait.core.prompt import Message
from plait.core.protocol import Guard, Place, View
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse
from plait.core.verdict import Mark, Verdict
from plait.flow.base import Parts
from plait.flow.hold import Hold, judged, stream_mode


class GuardStep:
    """Guards in one place of a flow.

    What the user said may be altered or refused. A retrieved passage that is refused is left out.
    Of an answer a guard of spans alters spans, and a guard of sentences drops sentences.

    Attributes:
        place: where they look.
        guards: in the order they look.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """Names of guards; one of the three.

        Attributes:
            input: over what the user and the user's tools said.
            passages: over what was retrieved.
            output: over the answer.
        """

        input: tuple[str, ...] = ()
        passages: tuple[str, ...] = ()
        output: tuple[str, ...] = ()

        def __post_init__(self) -> None:
            if sum(map(bool, (self.input, self.passages, self.output))) != 1:
                raise ValueError(
                    "a guard step names guards under one of `input`, `passages`, `output`"
                )

    def __init__(self, options: Options, parts: Parts) -> None:
        self.place: Place = "output"
        if options.input or options.passages:
            self.place = "input" if options.input else "passage"
        names = options.input or options.passages or options.output
        self.guards = tuple(parts.guard(name) for name in names)
        self._work = parts.work

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange as the guards leave it.

        Raises:
            Refused: `guard_refused`, by a guard of what was asked or answered.
        """
        if self.place == "passage":
            return await self._passages(exchange, context)
        if self.place == "input":
            return exchange if exchange.answer else await self._input(exchange, context)
        if not isinstance(exchange.answer, ChatResponse):
            return exchange
        return await Hold(self.guards, exchange, self._work, context).judge()

    def facts(self) -> dict[str, Json]:
        """Return where the guards look and how a stream passes them."""
        told: dict[str, Json] = {self.place: [guard.name for guard in self.guards]}
        if self.place == "output":
            told["mode"] = stream_mode(self.guards)
        return told

    async def _input(self, exchange: Exchange, context: Context) -> Exchange:
        request = exchange.request
        if not isinstance(request, ChatRequest):
            return exchange
        verdicts: list[Verdict] = []
        messages = []
        for message in request.prompt.messages:  # whoever they say spoke: the caller sent them
            messages.append(await self._message(message, exchange, verdicts, context))
        text = request.prompt.text
        if text:
            text = await self._judged(text, exchange, verdicts, context)
        prompt = replace(request.prompt, messages=tuple(messages), text=text)
        return replace(
            exchange,
            request=replace(request, prompt=prompt),
            verdicts=(*exchange.verdicts, *verdicts),
        )

    async def _message(
        self, message: Message, exchange: Exchange, verdicts: list[Verdict], context: Context
    ) -> Message:
        text = await self._judged(message.content, exchange, verdicts, context)
        calls = tuple(
            [
                replace(
                    call, arguments=await self._judged(call.arguments, exchange, verdicts, context)
                )
                for call in message.calls
            ]
        )
        return replace(message, content=text, calls=calls)

    async def _judged(
        self, text: str, exchange: Exchange, verdicts: list[Verdict], context: Context
    ) -> str:
        """Return what the user said, as every guard leaves it."""

        async def check(guard: Guard, said: str) -> Verdict:
            view = View(text=said, final=True, exchange=exchange, place="input")
            return await self._work(guard.check, view, context)

        text, found = await judged(text, self.guards, check)
        verdicts += found
        return text

    async def _passages(self, exchange: Exchange, context: Context) -> Exchange:
        kept: list[Passage] = []
        verdicts: list[Verdict] = []
        for passage in exchange.passages:
            text = with_headings(passage.headings, passage.text)  # as a model would read it
            view = View(text=text, final=True, exchange=exchange, place="passage")
            found = [await self._work(guard.check, view, context) for guard in self.guards]
            against = [verdict for verdict in found if verdict.action != "allow"]
            if any(verdict.action == "refuse" for verdict in against):
                against = [verdict for verdict in against if verdict.action == "refuse"]
            else:
                marks = [mark for verdict in against for mark in verdict.spans]
                kept.append(_blacked_out(passage, text, marks))
            named = {"passage": passage.id, "document": passage.name}
            verdicts += [replace(each, metadata={**each.metadata, **named}) for each in against]
        return replace(exchange, passages=tuple(kept), verdicts=(*exchange.verdicts, *verdicts))


def _blacked_out(passage: Passage, text: str, marks: Sequence[Mark]) -> Passage:
    """Return a passage with marked spans of `text`, which ends with its own, made unreadable.

    Every offset stays right, for the length does not change. Headings with a span are left out.
    """
    if not marks:
        return passage
    before = len(text) - len(passage.text)
    letters = list(passage.text)
    for mark in marks:
        for at in range(max(mark.start - before, 0), max(mark.end - before, 0)):
            letters[at] = "\N{FULL BLOCK}"
    clean = all(mark.start >= before for mark in marks)
    headings = passage.headings if clean else ()
    return replace(passage, text="".join(letters), headings=headings)


def notes_of(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """Return what a reader should know of what guards did before the answer, a sentence each."""
    notes = []
    for verdict in verdicts:
        if "document" in verdict.metadata and verdict.action == "refuse":
            where = verdict.metadata["document"]
            notes.append(f"A passage of {where} was left out: {verdict.reason}")
        elif verdict.action == "alter" and verdict.reason:
            notes.append(verdict.reason)
    return tuple(dict.fromkeys(notes))
