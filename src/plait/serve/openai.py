"""Shapes of OpenAI's API, for the OpenAPI document alone, as in `shape`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from plait.core.passage import Citation
from plait.core.response import Manner

MAX_TEXTS = 2048


@dataclass
class Model:
    """A name that may be asked, and what it is."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    kind: Literal["flow", "model", "embedder"]


@dataclass
class Models:
    """Every name that may be asked."""

    object: Literal["list"]
    data: Sequence[Model]


@dataclass
class Usage:
    """Tokens that models read and wrote."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@dataclass
class Told:
    """What plait tells of an answer beyond OpenAI's shape. In a stream its last piece has it.

    `manner`: words `generated` by a model, `extracted` from documents, `predicted` by a contract,
    `asked` for what is missing, or `refused` because nothing supports an answer. `spoken`: whose
    words these are, where a model speaks. `citations`: by the answer's sentences, from 0 on.
    """

    id: str
    manner: Manner
    spoken: str
    citations: Sequence[Citation]
    notes: Sequence[str]


@dataclass
class AnswerMessage:
    """What is said; `tool_calls` stands where the model asks for tools of the caller's."""

    role: Literal["assistant"]
    content: str | None
    refusal: None
    tool_calls: Sequence[Mapping[str, object]] = ()


@dataclass
class ChatChoice:
    """The one answer."""

    index: Literal[0]
    message: AnswerMessage
    logprobs: Mapping[str, object] | None
    finish_reason: str


@dataclass
class ChatCompletion:
    """An answer to a conversation."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: Sequence[ChatChoice]
    usage: Usage
    plait: Told


@dataclass
class CompletionChoice:
    """The one continuation."""

    index: Literal[0]
    text: str
    logprobs: Mapping[str, object] | None
    finish_reason: str


@dataclass
class Completion:
    """How a text goes on."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: Sequence[CompletionChoice]
    usage: Usage
    plait: Told


@dataclass
class Embedding:
    """A vector: numbers, or little-endian 32-bit floats in base64."""

    object: Literal["embedding"]
    index: int
    embedding: Sequence[float] | str


@dataclass
class EmbedUsage:
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


@dataclass
class Embeddings:
    """A vector per text, in order."""

    object: Literal["list"]
    data: Sequence[Embedding]
    model: str
    usage: EmbedUsage


_TEXT = {"type": "string"}
_SAMPLING: dict[str, Any] = {
    "stream": {"type": "boolean", "default": False, "description": "In server-sent events."},
    "stream_options": {
        "type": "object",
        "description": "`include_usage`: end with an event on the tokens.",
    },
    "max_tokens": {"type": "integer", "minimum": 1, "description": "Of the answer."},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2},
    "top_p": {"type": "number", "minimum": 0, "maximum": 1},
    "stop": {
        "anyOf": [_TEXT, {"type": "array", "items": _TEXT, "maxItems": 4}],
        "description": "Texts that end the answer.",
    },
    "seed": {"type": "integer", "description": "Of the draw."},
}


def json_body(title: str, properties: dict[str, Any], example: dict[str, Any]) -> dict[str, Any]:
    """Return what an OpenAPI operation tells of its body; the example has what is required."""
    schema = {
        "title": title,
        "type": "object",
        "required": list(example),
        "properties": properties,
    }
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


_MODEL = {"type": "string", "description": "A flow or a model; /v1/models lists them."}
CHAT_BODY = json_body(
    "Chat",
    {
        "model": _MODEL,
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["role"]},
            "description": "`role` is system, developer, user, assistant or tool; `content` is a "
            "text or a list of text parts.",
        },
        **_SAMPLING,
        "max_completion_tokens": {
            "type": "integer",
            "minimum": 1,
            "description": "The newer name of max_tokens, and stronger.",
        },
        "response_format": {
            "type": "object",
            "description": "`text`, `json_object`, or `json_schema` with the schema to fit.",
        },
        "logprobs": {"type": "boolean", "description": "Tell how likely each token was."},
        "top_logprobs": {
            "type": "integer",
            "minimum": 0,
            "maximum": 20,
            "description": "And so many of its rivals.",
        },
        "tools": {
            "type": "array",
            "items": {"type": "object"},
            "description": "Functions of the caller's that the model may ask for.",
        },
        "tool_choice": {
            "anyOf": [{"enum": ["none", "auto", "required"]}, {"type": "object"}],
            "description": "Which of them to use.",
        },
    },
    {"model": "desk", "messages": [{"role": "user", "content": "How long is an offer valid?"}]},
)
COMPLETION_BODY = json_body(
    "Complete",
    {
        "model": _MODEL,
        "prompt": {"type": "string", "description": "What to go on from."},
        **_SAMPLING,
        "logprobs": {
            "type": "integer",
            "minimum": 0,
            "maximum": 5,
            "description": "Tell how likely each token was, and so many of its rivals.",
        },
    },
    {"model": "small", "prompt": "The offer is valid for"},
)
EMBED_BODY = json_body(
    "Embed",
    {
        "model": {"type": "string", "description": "An embedder; /v1/models lists them."},
        "input": {
            "anyOf": [
                _TEXT,
                {"type": "array", "minItems": 1, "maxItems": MAX_TEXTS, "items": _TEXT},
            ],
            "description": "None is empty.",
        },
        "encoding_format": {
            "enum": ["float", "base64"],
            "default": "float",
            "description": "base64: of little-endian 32-bit floats.",
        },
        "dimensions": {"type": "integer", "description": "The model's own, or nothing."},
    },
    {"model": "minilm", "input": ["debt-to-income ratio"]},
)
