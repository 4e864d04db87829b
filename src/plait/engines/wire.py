"""Prompts and answers in the words of OpenAI's chat completions and completions.

Servers that call themselves compatible differ in details: what is read here is taken as loosely as
it can be, and what is written is the plainest form.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from plait.core.errors import EngineError, shown
from plait.core.ids import Json
from plait.core.prompt import Chunk, Message, Prompt
from plait.engines.sse import EventReader

Object: TypeAlias = Mapping[str, Json]

_FINISH = {"function_call": "tool_calls"}
_FINISHES = {"stop", "length", "tool_calls", "content_filter"}


def path_of(prompt: Prompt) -> str:
    """Return where a prompt is posted to, below the server's address."""
    return "/completions" if prompt.text else "/chat/completions"


def body_of(prompt: Prompt, model: str, max_tokens: int, limit_key: str) -> dict[str, Json]:
    """Return a prompt as it is posted; the answer is asked for piece by piece.

    Args:
        prompt: what to ask.
        model: the server's name for the model.
        max_tokens: most tokens to generate.
        limit_key: what a chat calls that limit: newer models of OpenAI have another name for it.
    """
    body: dict[str, Json] = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        **({"prompt": prompt.text, "max_tokens": max_tokens} if prompt.text else {}),
    }
    if not prompt.text:
        body["messages"] = [_message(each) for each in prompt.messages]
        body[limit_key] = max_tokens
    given: dict[str, Json] = {
        "temperature": prompt.temperature,
        "top_p": prompt.top_p,
        "stop": list(prompt.stop) or None,
        "seed": prompt.seed,
        "tools": list(prompt.tools) or None,
        "tool_choice": prompt.tool_choice,
    }
    body |= {name: value for name, value in given.items() if value is not None}
    if prompt.schema is not None:
        form: Object = {"name": "answer", "strict": True, "schema": prompt.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": form}
        if prompt.text:
            body["json_schema"] = prompt.schema  # so llama.cpp wants it where there is no chat
    if prompt.logprobs is not None:
        rivals = max(1, prompt.logprobs)  # llama.cpp tells nothing at all when asked for 0
        body |= {"logprobs": rivals} if prompt.text else {"logprobs": True, "top_logprobs": rivals}
    return body


def estimate_tokens(prompt: Prompt) -> int:
    """Return about how many tokens a prompt has, rather too many: a token of English is 4 letters.

    Three bytes a token, and 8 tokens for the frame of each message.
    """
    size = len(prompt.text.encode(errors="replace"))
    for each in prompt.messages:
        size += len(each.content.encode(errors="replace")) + 24
        size += sum(len(call.name) + len(call.arguments) for call in each.calls)
    if prompt.tools:
        size += len(json.dumps(prompt.tools))
    return math.ceil(size / 3)


@dataclass(slots=True)
class Answer:
    """Makes chunks of the bytes of one answer.

    Attributes:
        rivals: how many rivals of each token were asked for.
        done: whether the server has said that it is.
        finish: why the answer ended; "" while it goes on.
        tokens: tokens told in chunks so far, an event without a count taken as one.
        prompt_tokens: tokens read, once the server has told; None before.
        total: tokens generated, once the server has told; None before.
    """

    rivals: int = 0
    done: bool = False
    finish: str = ""
    tokens: int = 0
    prompt_tokens: int | None = None
    total: int | None = None
    _events: EventReader = field(default_factory=EventReader)
    _half: str = ""  # of a surrogate pair, at the end of the text so far

    def feed(self, piece: bytes) -> Iterator[Chunk]:
        """Yield what the events that end in `piece` add to the answer.

        Raises:
            EngineError: `upstream_garbled`, when one is no event of an answer; `upstream_failed`,
                when one tells of an error.
        """
        for event in self._events.feed(piece):
            if event == b"[DONE]":
                self.done = True
                if text := self._whole(""):
                    yield Chunk(text=text)
                return
            if chunk := self._read(event):
                yield chunk

    def end(self) -> Chunk:
        """Return the chunk that ends the answer: why, and the tokens that no other counted.

        Raises:
            EngineError: `upstream_failed`, when the answer has not ended.
        """
        if not self.done and not self.finish:
            half = ", within an event" if self._events.rest else ""
            raise EngineError(
                "upstream_failed",
                f"it closed the connection in mid-answer{half}",
                hint="ask again",
            )
        rest = 0 if self.total is None else max(0, self.total - self.tokens)
        return Chunk(
            finish=self.finish or "stop", tokens=rest, prompt_tokens=self.prompt_tokens or 0
        )

    def _read(self, data: bytes) -> Chunk | None:
        event = _json(data)
        if error := event.get("error"):
            raise EngineError(
                "upstream_failed",
                f"it broke the answer off: {error_text(error)}",
                hint="ask again",
            )
        if isinstance(usage := event.get("usage"), Mapping):
            self.prompt_tokens = _count(usage.get("prompt_tokens"))
            self.total = _count(usage.get("completion_tokens"))
        choices = event.get("choices")
        if not isinstance(choices, Sequence) or isinstance(choices, str):
            raise _garbled(data)
        if not choices:
            return None  # the event that tells the usage
        choice = choices[0]
        if not isinstance(choice, Mapping):
            raise _garbled(data)
        return self._choice(choice)

    def _choice(self, choice: Object) -> Chunk | None:
        if isinstance(reason := choice.get("finish_reason"), str):
            reason = _FINISH.get(reason, reason)
            self.finish = reason if reason in _FINISHES else "stop"
        delta = choice.get("delta")
        said = delta if isinstance(delta, Mapping) else choice
        text = (said.get("content") or said.get("refusal")) if said is delta else said.get("text")
        calls = said.get("tool_calls")
        chunk = Chunk(
            text=self._whole(text if isinstance(text, str) else ""),
            calls=tuple(_objects(_mended(calls))),
            logprobs=_logprobs(_mended(choice.get("logprobs")), self.rivals),
        )
        if chunk == _NOTHING:
            return None
        count = len(chunk.logprobs) or 1
        self.tokens += count
        scores = [cast(float, each["logprob"]) for each in chunk.logprobs]
        return replace(chunk, tokens=count, logprob=sum(scores) if scores else None)

    def _whole(self, text: str) -> str:
        """Return a text without half surrogate pairs, the halves of two pieces joined.

        A first half at the end waits for the next text, as long as one may come.
        """
        text, self._half = self._half + text, ""
        if not (self.done or self.finish) and "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return _sound(text)


def error_text(error: Json) -> str:
    """Return what a server says about an error, in one short line."""
    found = error.get("message", error) if isinstance(error, Mapping) else error
    line = " ".join(_sound(found).split()) if isinstance(found, str) else shown(found)
    return line if len(line) <= 300 else line[:297] + "..."


_NOTHING = Chunk()


def _message(message: Message) -> dict[str, Json]:
    found: dict[str, Json] = {"role": message.role, "content": message.content}
    if message.calls:
        found["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in message.calls
        ]
    if message.role == "tool":
        found["tool_call_id"] = message.answers
    return found


def _json(data: bytes) -> Object:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise _garbled(data) from None
    if not isinstance(event, dict):
        raise _garbled(data)
    return event


def _sound(text: str) -> str:
    """Return a text whose half surrogate pairs, which no UTF-8 can say, became U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _mended(value: Json) -> Json:
    """Return a value in which every text is sound."""
    if value is None:
        return None
    told = json.dumps(value, ensure_ascii=False)
    sound = _sound(told)
    mended: Json = value if sound == told else json.loads(sound)
    return mended


def _garbled(data: bytes) -> EngineError:
    text = shown(data.decode(errors="replace"))
    return EngineError(
        "upstream_garbled",
        f"it sent what is no piece of an answer: {text}",
        hint="see whether base_url is an OpenAI-compatible address",
    )


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _objects(value: Json) -> list[Object]:
    many = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [each for each in many if isinstance(each, Mapping)]


def _logprobs(value: Json, rivals: int) -> tuple[Object, ...]:
    """Return the tokens of a choice with their log-probabilities, in the shape of chats.

    Completions of OpenAI have parallel lists instead; llama.cpp has the shape of chats in both.
    """
    if not isinstance(value, Mapping):
        return ()
    tokens = _objects(value["content"]) if "content" in value else _zipped(value)
    return tuple(
        {
            **_scored(token),
            "top_logprobs": [_scored(each) for each in _objects(token.get("top_logprobs"))][
                :rivals
            ],
        }
        for token in tokens
    )


def _scored(token: Object) -> dict[str, Json]:
    text, score = token.get("token"), token.get("logprob")
    spelt = text if isinstance(text, str) else ""
    return {
        "token": spelt,
        "logprob": float(score) if isinstance(score, int | float) else 0.0,
        "bytes": token.get("bytes") or list(spelt.encode(errors="replace")),
    }


def _zipped(value: Object) -> list[Object]:
    """Return the parallel lists of a completion as one list of tokens."""
    texts, scores, tops = (value.get(key) for key in ("tokens", "token_logprobs", "top_logprobs"))
    if not isinstance(texts, list) or not isinstance(scores, list) or len(texts) != len(scores):
        return []
    rivals = tops if isinstance(tops, list) and len(tops) == len(texts) else [{}] * len(texts)
    return [
        {
            "token": text,
            "logprob": score,
            "top_logprobs": [
                {"token": name, "logprob": each}
                for name, each in (some.items() if isinstance(some, dict) else ())
            ],
        }
        for text, score, some in zip(texts, scores, rivals, strict=True)
    ]
