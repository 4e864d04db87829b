"""What a language model is asked, and what it says, piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from plait.core.ids import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A call of a caller's tool that a model asks for; plait passes it on and never makes it.

    Attributes:
        id: of the call; the tool's answer cites it.
        name: of the tool.
        arguments: JSON text, as the model wrote it.
    """

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: `system`, `user`, `assistant` or `tool`.
        content: what was said.
        calls: the tools an assistant's turn asks for.
        answers: id of the call that a tool's turn answers; "" otherwise.
    """

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a language model is asked.

    Attributes:
        messages: the conversation so far; empty only with `text`.
        text: what to go on from, instead of a conversation; it passes no chat template.
        max_tokens: most tokens to generate; None leaves it to the model's settings.
        temperature: 0 takes the likeliest token each time; None leaves it to the engine.
        top_p: of the likeliest tokens only those that together have this probability.
        stop: texts that end the answer and are not part of it.
        seed: of the draw.
        schema: a JSON schema that the answer must fit; None leaves it free.
        logprobs: how many rivals of each token to tell with their log-probabilities; None tells
            none, 0 tells those of the tokens themselves.
        tools: the caller's tools, in OpenAI's shape.
        tool_choice: which of them to use, in OpenAI's shape.
    """

    messages: tuple[Message, ...] = ()
    text: str = ""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: Mapping[str, Json] | None = None
    logprobs: int | None = None
    tools: tuple[Mapping[str, Json], ...] = ()
    tool_choice: Json = None

    @property
    def question(self) -> str:
        """What the user said last; "" when the user said nothing."""
        said = (each.content for each in reversed(self.messages) if each.role == "user")
        return next(said, self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a generated text.

    Attributes:
        text: what to append.
        tokens: tokens generated, as far as this piece tells: their sum is the answer's.
        prompt_tokens: tokens read; told by one piece, 0 in the others.
        finish: why generation ended: `stop`, `length`, `tool_calls`, `content_filter`; "" while it
            goes on.
        logprob: sum of the log-probabilities of its tokens, where the engine tells.
        logprobs: its tokens with their log-probabilities, in OpenAI's shape.
        calls: pieces of tool calls, in the shape of OpenAI's `delta.tool_calls`.
        own: whether these are plait's own words rather than a model's or a document's, such as a
            refusal: no passage need support them.
    """

    text: str = ""
    tokens: int = 0
    prompt_tokens: int = 0
    finish: str = ""
    logprob: float | None = None
    logprobs: tuple[Mapping[str, Json], ...] = ()
    calls: tuple[Mapping[str, Json], ...] = ()
    own: bool = False
