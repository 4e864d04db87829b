"""Answers that rest on passages: quoted, or rephrased as far as the passages bear it out."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from plait.core.context import Context
from plait.core.errors import BudgetExceeded, EngineError, InvalidRequest, MissingExtra
from plait.core.passage import Citation, Passage
from plait.core.prompt import Chunk, Message, Prompt
from plait.core.protocol import Embedder, Generator, Work
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse, Manner
from plait.core.sentence import sentences
from plait.evaluate.grounding import THRESHOLD, Ground
from plait.tasks.chat.quote import MOST_QUOTED, Quotes, find_quotes
from plait.tasks.chat.term import terms
from plait.tasks.chat.unit import Unit

MOST_TOKENS = 120
"""That a model may write to rephrase what was found."""

PATIENCE_SECONDS = 8.0
"""How long a model may take for it, at most half of what is left of the budget."""

_LEAST_KEPT = 1 / 3  # of a quotation's terms, in the sentence that stands for it
_INSTRUCTIONS = "Answer the question with the given facts only. Keep numbers and names as they are."


@dataclass(frozen=True, slots=True)
class _Piece:
    """A sentence or more of the answer, and the unit that supports it."""

    text: str
    unit: Unit


@dataclass(slots=True)
class _Said:
    """What the model said so far, as far as it was kept."""

    pieces: list[_Piece] = field(default_factory=list)
    prompt_tokens: int = 0
    tokens: int = 0
    failure: str = ""


class GroundedTask:
    """Answers from passages alone.

    The stretches that answer best are quoted. A model may rephrase them; of what it says a sentence
    is kept only if they support it, and if none is left they are quoted after all. When the
    passages answer nothing, that is the answer.
    """

    def __init__(
        self,
        *,
        embedder: Embedder | None,
        generator: Generator | None,
        instructions: str,
        work: Work,
    ) -> None:
        """Take what answers are made with.

        Args:
            embedder: what compares sentences; None compares their words alone.
            generator: what rephrases; None quotes.
            instructions: the system message for it; "" takes a short one.
            work: runs slow things in threads.
        """
        self._embedder = embedder
        self._generator = generator
        self._instructions = instructions or _INSTRUCTIONS
        self._work = work

    async def run(
        self, request: ChatRequest, passages: Sequence[Passage], context: Context
    ) -> ChatResponse:
        """Return the answer; see `stream`."""
        async with aclosing(self.stream(request, passages, context)) as events:
            async for event in events:
                if isinstance(event, ChatResponse):
                    return event
        raise EngineError("engine_failed", "the answer ended without an end", where=request.model)

    async def stream(
        self, request: ChatRequest, passages: Sequence[Passage], context: Context
    ) -> AsyncGenerator[Chunk | ChatResponse, None]:
        """Yield whole sentences, each once it is sure, and last the answer.

        Args:
            request: the question is what its user said last.
            passages: the best first.
            context: of the request.

        Raises:
            Cancelled: nobody waits any more.
            BudgetExceeded: the deadline passed before anything was found.
            EngineError: the embedder failed. A model that fails is done without.
        """
        question = request.prompt.question
        quotes = await self._quotes(question, passages, context)
        answer = ChatResponse(id=context.trace.id, model=request.model, text="")
        if not quotes.units:
            text = refusal(passages)
            yield Chunk(text=text, own=True)
            yield replace(answer, manner="refused", text=text)
            return
        said = _Said()
        if self._generator is not None:
            async with aclosing(self._rephrase(question, quotes, said, context)) as pieces:
                async for piece in pieces:
                    yield Chunk(text=_joint(said.pieces[:-1], piece) + piece.text)
        manner: Manner = "generated" if said.pieces else "extracted"
        if not said.pieces:
            for unit in quotes.units:
                piece = _Piece(unit.text, unit)
                yield Chunk(text=_joint(said.pieces, piece) + piece.text)
                said.pieces.append(piece)
        text, citations = _cited(said.pieces, passages)
        yield replace(
            answer,
            manner=manner,
            spoken=self._generator.name if self._generator and manner == "generated" else "",
            text=text,
            citations=citations,
            notes=(said.failure,) if said.failure else (),
            prompt_tokens=said.prompt_tokens,
            completion_tokens=said.tokens,
        )

    async def _quotes(self, question: str, passages: Sequence[Passage], context: Context) -> Quotes:
        with context.span("extract") as span:
            inner = context.within(span)
            quotes: Quotes = await self._work(
                find_quotes, question, passages, self._embedder, inner
            )
            span.tag(chance=quotes.chance, threshold=quotes.threshold, quoted=len(quotes.units))
        return quotes

    async def _rephrase(
        self, question: str, quotes: Quotes, said: _Said, context: Context
    ) -> AsyncGenerator[_Piece, None]:
        """Yield the sentences of the model that the quotations support, and note them in `said`."""
        assert self._generator is not None
        held, name = "", self._generator.name
        check = _Check(quotes.units)
        try:
            with context.span("rephrase") as span:
                inner = context.within(span)
                async with aclosing(self._chunks(question, quotes, inner)) as chunks:
                    async for chunk in chunks:
                        said.tokens += chunk.tokens
                        said.prompt_tokens += chunk.prompt_tokens
                        held += chunk.text
                        whole = chunk.finish == "stop"
                        ready, held = _split(held, final=whole)
                        for piece in check.kept(ready):
                            said.pieces.append(piece)
                            yield piece
                        if chunk.finish or len(said.pieces) >= MOST_QUOTED:
                            break
                span.tag(kept=len(said.pieces), dropped=check.dropped)
        except (BudgetExceeded, EngineError, InvalidRequest, MissingExtra, TimeoutError) as error:
            reason = "took too long" if isinstance(error, TimeoutError) else "failed"
            said.failure = f"The model {name!r} {reason}, so the documents are quoted."
        else:
            said.failure = f"Of what the model {name!r} said the documents support nothing."
        if said.pieces:
            said.failure = ""

    async def _chunks(
        self, question: str, quotes: Quotes, context: Context
    ) -> AsyncGenerator[Chunk, None]:
        """Yield what the model says; raises TimeoutError when it takes too long."""
        assert self._generator is not None
        left = context.budget.remaining_seconds()
        patience = PATIENCE_SECONDS if left is None else min(PATIENCE_SECONDS, left / 2)
        end = context.clock.monotonic() + patience
        facts = "\n".join(f"- {' '.join(unit.whole.split())}" for unit in quotes.units)
        prompt = Prompt(
            messages=(
                Message(role="system", content=self._instructions),
                Message(role="user", content=f"Facts:\n{facts}\n\nQuestion: {question[:1000]}"),
            ),
            max_tokens=MOST_TOKENS,
            temperature=0.0,
            seed=0,
        )
        async with aclosing(self._generator.stream(prompt, context)) as chunks:
            while True:
                left = max(end - context.clock.monotonic(), 0.001)
                try:
                    chunk = await asyncio.wait_for(anext(chunks), left)
                except StopAsyncIteration:
                    return
                yield chunk


class _Check:
    """Holds sentences against quotations.

    Attributes:
        dropped: how many were not supported, said nothing, or repeated an earlier one.
    """

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self._ground = Ground([_as_passage(unit) for unit in units])
        self._seen: set[frozenset[str]] = set()
        self.dropped = 0

    def kept(self, texts: Sequence[str]) -> list[_Piece]:
        """Return the sentences that a quotation supports, with it."""
        found = []
        for text in texts:
            support, held = self._ground.support(text), terms(text)
            if support.score < THRESHOLD or support.passage < 0 or held in self._seen:
                self.dropped += 1
                continue
            unit = self._units[support.passage]
            own = terms(unit.text)
            if len(held & own) < _LEAST_KEPT * len(own):  # a heading, or a scrap
                self.dropped += 1
                continue
            self._seen.add(held)
            found.append(_Piece(" ".join(text.split()), unit))
        return found


def refusal(passages: Sequence[Passage]) -> str:
    """Return the sentence that says that nothing answers the question."""
    names = list(dict.fromkeys(passage.collection for passage in passages))
    return f"I found nothing in {' or '.join(names) or 'the documents'} that answers this."


def _as_passage(unit: Unit) -> Passage:
    """Return what is shown of the unit, and what it stands under, as something to check against."""
    return Passage(
        id="", collection="", document="", name="", start=0, end=len(unit.text), text=unit.text,
        score=0.0, headings=tuple(unit.context.splitlines()),
    )  # fmt: skip


def _split(text: str, *, final: bool) -> tuple[list[str], str]:
    """Return the whole sentences, and what may still go on."""
    spans = sentences(text)
    if not spans or final:
        return [text[start:end] for start, end in spans], ""
    return [text[start:end] for start, end in spans[:-1]], text[spans[-1][0] :]


def _joint(before: Sequence[_Piece], piece: _Piece) -> str:
    """Return what stands between a piece and those before it."""
    if not before:
        return ""
    flowing = piece.unit.kind == before[-1].unit.kind == "sentence"
    return " " if flowing and "\n" not in piece.text else "\n"


def _cited(
    pieces: Sequence[_Piece], passages: Sequence[Passage]
) -> tuple[str, tuple[Citation, ...]]:
    """Return the answer and a citation for each of its sentences."""
    text, ends = "", []
    for at, piece in enumerate(pieces):
        text += _joint(pieces[:at], piece) + piece.text
        ends.append(len(text))
    citations = []
    for number, (start, _) in enumerate(sentences(text)):
        unit = next(piece.unit for piece, end in zip(pieces, ends, strict=True) if start < end)
        citations.append(_citation(number, unit, passages[unit.passage]))
    return text, tuple(citations)


def _citation(number: int, unit: Unit, passage: Passage) -> Citation:
    return Citation(
        sentence=number,
        collection=passage.collection,
        document=passage.document,
        name=passage.name,
        start=passage.start + unit.start,
        end=passage.start + unit.end,
        text=passage.text[unit.start : unit.end],
        page=passage.page,
        headings=passage.headings,
    )
