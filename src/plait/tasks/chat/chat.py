"""A bare model's answer to a conversation."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, cast

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.ids import Json
from plait.core.prompt import Chunk, ToolCall
from plait.core.protocol import Generator
from plait.core.request import ChatRequest
from plait.core.response import ChatResponse


class ChatTask:
    """Lets a model go on with a conversation, and adds up what it says."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    async def run(self, request: ChatRequest, context: Context) -> ChatResponse:
        """Return the whole answer; see `stream`."""
        async with aclosing(self.stream(request, context)) as events:
            async for event in events:
                if isinstance(event, ChatResponse):
                    return event
        raise EngineError("engine_failed", "the answer ended without an end", where=request.model)

    async def stream(
        self, request: ChatRequest, context: Context
    ) -> AsyncGenerator[Chunk | ChatResponse, None]:
        """Yield the pieces as the model says them, and last the answer.

        Raises:
            EngineError, InvalidRequest, BudgetExceeded, Cancelled: as the model does.
        """
        sum_ = _Sum()
        with context.span("engine") as span:
            inner = context.within(span)
            async with aclosing(self._generator.stream(request.prompt, inner)) as chunks:
                async for chunk in chunks:
                    sum_.add(chunk)
                    yield chunk
            span.tag(prompt_tokens=sum_.prompt_tokens, tokens=sum_.tokens)
        yield ChatResponse(
            id=context.trace.id,
            model=request.model,
            spoken=self._generator.name,
            manner="generated",
            text="".join(sum_.texts),
            finish=sum_.finish or "stop",
            prompt_tokens=sum_.prompt_tokens,
            completion_tokens=sum_.tokens,
            calls=sum_.calls(),
            logprobs=tuple(sum_.logprobs),
        )


@dataclass(slots=True)
class _Sum:
    """What the pieces come to."""

    texts: list[str] = field(default_factory=list)
    finish: str = ""
    prompt_tokens: int = 0
    tokens: int = 0
    logprobs: list[Mapping[str, Json]] = field(default_factory=list)
    parts: dict[int, dict[str, str]] = field(default_factory=dict)

    def add(self, chunk: Chunk) -> None:
        self.texts.append(chunk.text)
        self.finish = chunk.finish or self.finish
        self.prompt_tokens += chunk.prompt_tokens
        self.tokens += chunk.tokens
        self.logprobs.extend(chunk.logprobs)
        for at, delta in enumerate(chunk.calls):
            self._join(at, delta)

    def calls(self) -> tuple[ToolCall, ...]:
        """Return the calls put together, in their order."""
        return tuple(
            ToolCall(id=part["id"], name=part["name"], arguments=part["arguments"])
            for _, part in sorted(self.parts.items())
        )

    def _join(self, at: int, delta: Mapping[str, Any]) -> None:
        """Append a piece of a call: `index` says of which, and the name comes once."""
        index = delta.get("index")
        place = index if isinstance(index, int) else at
        part = self.parts.setdefault(place, {"id": "", "name": "", "arguments": ""})
        part["id"] = part["id"] or _text(delta.get("id"))
        function = delta.get("function")
        told: Mapping[str, object] = cast(
            Mapping[str, object], function if isinstance(function, Mapping) else {}
        )
        part["name"] = part["name"] or _text(told.get("name"))
        part["arguments"] += _text(told.get("arguments"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
