"""Answers in the shapes of OpenAI's chat completions and completions, whole and in pieces."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from plait.core.ids import Json
from plait.core.prompt import Chunk
from plait.core.response import ChatResponse
from plait.serve.sse import DONE, event

Kind: TypeAlias = Literal["chat", "completion"]
_OBJECTS = {"chat": "chat.completion", "completion": "text_completion"}


def completion(kind: Kind, answer: ChatResponse, created: float) -> dict[str, Json]:
    """Return a whole answer."""
    choice: dict[str, Json] = {"index": 0}
    if kind == "completion":
        choice |= {"text": answer.text, "logprobs": _legacy(answer.logprobs, 0)}
    else:
        message: dict[str, Json] = {
            "role": "assistant",
            "content": answer.text if answer.text or not answer.calls else None,
            "refusal": None,
        }
        if answer.calls:
            message["tool_calls"] = _calls(answer)
        choice |= {"message": message, "logprobs": _logprobs(answer.logprobs)}
    return {
        "id": answer.id,
        "object": _OBJECTS[kind],
        "created": int(created),
        "model": answer.model,
        "choices": [{**choice, "finish_reason": answer.finish}],
        "usage": _usage(answer),
        "plait": _extra(answer),
    }


@dataclass(slots=True)
class Pieces:
    """The pieces of one answer, as events.

    Attributes:
        kind: of completion.
        id: of the request, the same in all.
        model: what was asked.
        created: seconds since 1970.
        usage: whether the caller wants a last piece on the tokens.
        answer: the whole, once it has come.
    """

    kind: Kind
    id: str
    model: str
    created: float
    usage: bool
    answer: ChatResponse | None = None
    _said: int = field(default=0, init=False)
    _called: bool = field(default=False, init=False)
    _begun: bool = field(default=False, init=False)

    async def events(
        self, pieces: AsyncGenerator[Chunk | ChatResponse, None]
    ) -> AsyncGenerator[bytes, None]:
        """Yield the events of an answer, each as soon as its piece is there."""
        async with aclosing(pieces):  # the work behind it ends with this
            async for piece in pieces:
                if isinstance(piece, Chunk):
                    if told := self._piece(piece):
                        yield told
                else:
                    self.answer = piece
                    yield self._end(piece)

    def _piece(self, chunk: Chunk) -> bytes:
        """Return the event of a piece; nothing when it only counts."""
        if not (chunk.text or chunk.calls or chunk.logprobs):
            return b""
        delta: dict[str, Json] = {}
        if chunk.text or not chunk.calls:
            delta["content"] = chunk.text
        if chunk.calls:
            delta["tool_calls"] = chunk.calls
            self._called = True
        logprobs: Json = None
        if self.kind == "completion":
            logprobs = _legacy(chunk.logprobs, self._said)
        else:
            logprobs = _logprobs(chunk.logprobs)
        self._said += len(chunk.text)
        return self._begin() + self._event(delta, logprobs=logprobs)

    def _end(self, answer: ChatResponse) -> bytes:
        """Return the last events: what no piece has told, why it ended, the tokens."""
        told = self._begin()
        if answer.text and not self._said:
            told += self._event({"content": answer.text})
        if answer.calls and not self._called:
            calls = [{"index": place, **call} for place, call in enumerate(_calls(answer))]
            told += self._event({"tool_calls": calls})
        told += self._event({}, finish=answer.finish, plait=_extra(answer))
        if self.usage:
            told += event({**self._frame(), "choices": [], "usage": _usage(answer)})
        return told + DONE

    def _begin(self) -> bytes:
        """Return the event that says who speaks, the first time."""
        if self._begun or self.kind == "completion":
            return b""
        self._begun = True
        return self._event({"role": "assistant", "content": "", "refusal": None})

    def _event(
        self,
        delta: Mapping[str, Json],
        *,
        finish: str | None = None,
        logprobs: Json = None,
        **more: Json,
    ) -> bytes:
        choice: dict[str, Json] = {"index": 0}
        if self.kind == "completion":
            choice["text"] = delta.get("content", "")
        else:
            choice["delta"] = delta
        choice |= {"logprobs": logprobs, "finish_reason": finish}
        told: dict[str, Json] = {**self._frame(), "choices": [choice], **more}
        if self.usage:
            told["usage"] = None
        return event(told)

    def _frame(self) -> dict[str, Json]:
        """Return what all pieces have in common."""
        return {
            "id": self.id,
            "object": "text_completion" if self.kind == "completion" else "chat.completion.chunk",
            "created": int(self.created),
            "model": self.model,
        }


def _extra(answer: ChatResponse) -> dict[str, Json]:
    """Return what plait tells beyond OpenAI's shape; its client has it in `model_extra`."""
    return {
        "id": answer.id,
        "manner": answer.manner,
        "spoken": answer.spoken,
        "citations": [each.record() for each in answer.citations],
        "notes": list(answer.notes),
    }


def _usage(answer: ChatResponse) -> dict[str, Json]:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }


def _calls(answer: ChatResponse) -> list[dict[str, Json]]:
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in answer.calls
    ]


def _logprobs(tokens: Sequence[Mapping[str, Json]]) -> Json:
    return {"content": tokens, "refusal": None} if tokens else None


def _legacy(tokens: Sequence[Mapping[str, Json]], offset: int) -> Json:
    """Return log-probabilities as completions had them before there were chats.

    Args:
        tokens: in the shape of chat completions.
        offset: characters before the first of them.
    """
    if not tokens:
        return None
    names, offsets, rivals = [], [], []
    for each in tokens:
        names.append(str(each["token"]))
        offsets.append(offset)
        offset += len(names[-1])
        top = each.get("top_logprobs")
        several = top if isinstance(top, list | tuple) else ()
        rivals.append({str(one["token"]): one["logprob"] for one in several})
    return {
        "tokens": names,
        "token_logprobs": [each["logprob"] for each in tokens],
        "top_logprobs": rivals if any(rivals) else None,
        "text_offset": offsets,
    }
