"""The step that answers: by a contract, by a model, or by quoting what was retrieved."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace

from plait.core.context import Context
from plait.core.errors import EngineError, Refused
from plait.core.exchange import Exchange
from plait.core.ids import Json
from plait.core.privacy import Privacy
from plait.core.prompt import Chunk, Message
from plait.core.protocol import Generator
from plait.core.request import ChatRequest, PredictRequest
from plait.core.response import ChatResponse
from plait.flow.base import Parts
from plait.flow.guard import notes_of
from plait.flow.handle import inline
from plait.tasks.chat.chat import ChatTask
from plait.tasks.chat.ground import GroundedTask
from plait.tasks.tabular.phrase import phrase


class AnswerStep:
    """Answers what was asked.

    With `contract` by its prediction for the row that was gathered. Otherwise, when a collection
    was searched, from the passages alone: their sentences are quoted, a model may rephrase them,
    and what no passage supports is not said. When nothing was searched, by the model alone.
    """

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Options:
        """By whom.

        Attributes:
            contract: name of a contract.
            reasons: how many reasons of its prediction to tell.
            model: name of a model; without one the answer is quoted.
            prompt: name of the prompt that goes before what the model is asked.
            may_leave: whether personal or secret content may go to a remote model.
        """

        contract: str = ""
        reasons: int = 3
        model: str = ""
        prompt: str = ""
        may_leave: bool = False

        def __post_init__(self) -> None:
            if self.contract and (self.model or self.prompt):
                raise ValueError("an answer is by a `contract` or by a `model`, not by both")

    def __init__(self, options: Options, parts: Parts) -> None:
        self._options = options
        self._parts = parts
        self._privacy = Privacy.PUBLIC
        if options.contract:
            self._privacy = parts.contract(options.contract).privacy
        self._generator = parts.generator(options.model) if options.model else None
        if options.prompt:
            parts.prompt(options.prompt)  # an unknown one is an error now

    @property
    def quotes(self) -> bool:
        """Whether it can do nothing but quote."""
        return not self._options.contract and not self._options.model

    async def __call__(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the answer."""
        async with aclosing(self.stream(exchange, context)) as events:
            async for event in events:
                if isinstance(event, Exchange):
                    return event
        raise EngineError("engine_failed", "the answer ended without an end", where="answer")

    async def stream(
        self, exchange: Exchange, context: Context
    ) -> AsyncGenerator[Chunk | Exchange, None]:
        """Yield the answer as it comes, and last the exchange with the whole of it."""
        if self._options.contract:
            yield await self._predicted(exchange, context)
            return
        request = exchange.request
        assert isinstance(request, ChatRequest)
        instructions = self._instructions(context)
        generator = self._allowed(exchange, context)
        if exchange.collections:
            find = self._parts.embedder  # it may have to be made first
            embedder = await self._parts.work(find, exchange.collections[0])
            grounded = GroundedTask(
                embedder=embedder,
                generator=generator,
                instructions=instructions,
                work=self._parts.work,
            )
            events = grounded.stream(request, exchange.passages, context)
        else:
            if generator is None:
                raise EngineError(
                    "engine_failed",
                    "the step has no model, and nothing was retrieved to quote",
                    where="answer",
                    hint="give it a `model`, or let a `retrieve` step go before it",
                )
            events = ChatTask(generator).stream(_instructed(request, instructions), context)
        async with aclosing(events) as pieces:
            async for event in pieces:
                if isinstance(event, Chunk):
                    yield event
                else:
                    yield replace(exchange, answer=self._named(event, exchange))

    def facts(self) -> dict[str, Json]:
        """Return by whom, and what they are asked with."""
        options = self._options
        if options.contract:
            return {"contract": options.contract, "reasons": options.reasons}
        told: dict[str, Json] = {"model": options.model} if options.model else {"quotes": True}
        if options.prompt:
            told["prompt"] = options.prompt
            told["version"] = self._parts.prompt(options.prompt).version
        return told

    def _instructions(self, context: Context) -> str:
        if not self._options.prompt:
            return ""
        prompt = self._parts.prompt(self._options.prompt)
        if context.at is not None:
            context.at.tag(prompt=self._options.prompt, prompt_version=prompt.version)
        return prompt.text

    def _allowed(self, exchange: Exchange, context: Context) -> Generator | None:
        """Return the model, unless the content must not leave this machine."""
        generator = self._generator
        if generator is None:
            return None
        stays = exchange.privacy >= Privacy.PERSONAL and not self._options.may_leave
        if generator.remote and stays:
            if context.at is not None:
                context.at.tag(kept_from=self._options.model, privacy=exchange.privacy.word)
            if exchange.collections:
                return None
            raise Refused(
                "privacy_stays",
                f"{exchange.privacy.word} content may not go to {self._options.model!r}, which is "
                "on another machine",
                where="answer",
                hint="answer by a local model, or say `may_leave: true` in the step",
            )
        return generator

    def _named(self, answer: ChatResponse, exchange: Exchange) -> ChatResponse:
        notes = (*answer.notes, *exchange.notes, *notes_of(exchange.verdicts))
        return replace(answer, notes=tuple(dict.fromkeys(notes)))

    async def _predicted(self, exchange: Exchange, context: Context) -> Exchange:
        """Return the exchange with the contract's prediction for the row, in words."""
        options, parts = self._options, self._parts
        if exchange.row is None:
            raise EngineError(
                "engine_failed",
                "there is no row to decide on",
                where="answer",
                hint="let an `extract` step go before it",
            )
        task = parts.live(options.contract)
        wanted = PredictRequest(
            contract=options.contract, rows=(exchange.row,), reasons=options.reasons
        )
        found = await parts.work(inline, task.run(wanted, context))
        contract = parts.contract(options.contract)
        answer = ChatResponse(
            id=context.trace.id,
            model=options.contract,
            manner="predicted",
            text=phrase(found, contract, task.predictor.artefact.manifest.input),
            artefact=found.artefact,
            decision=found.decision,
        )
        privacy = max(exchange.privacy, self._privacy)
        return replace(exchange, answer=self._named(answer, exchange), privacy=privacy)


def _instructed(request: ChatRequest, instructions: str) -> ChatRequest:
    """Return the request with the prompt before what was said."""
    if not instructions:
        return request
    first = Message(role="system", content=instructions)
    said = request.prompt.messages
    if request.prompt.text:  # a bare text passes no chat template, which has the prompt's place
        said = (Message(role="user", content=request.prompt.text),)
    prompt = replace(request.prompt, messages=(first, *said), text="")
    return replace(request, prompt=prompt)
