"""What OpenAI's clients send to be gone on with, read into a `ChatRequest`."""

from dataclasses import dataclass, replace
from typing import Literal, cast

from plait.core.errors import InvalidRequest, shown
from plait.core.ids import Json
from plait.core.prompt import Message, Prompt, ToolCall
from plait.core.request import ChatRequest
from plait.serve.body import Body, unsupported

_SAMPLING = frozenset({"max_tokens", "temperature", "top_p", "stop", "seed", "logprobs"})
_BOTH = frozenset({"model", "stream", "stream_options"}) | _SAMPLING
_CHAT = _BOTH | {
    "messages",
    "max_completion_tokens",
    "top_logprobs",
    "response_format",
    "tools",
    "tool_choice",
}
_COMPLETION = _BOTH | {"prompt"}
_IDLE = (  # hints to OpenAI's own machines, and notes of the caller to itself
    "metadata",
    "moderation",
    "parallel_tool_calls",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning_effort",
    "safety_identifier",
    "service_tier",
    "store",
    "user",
    "verbosity",
)
_UNLIKE: dict[str, tuple[object, ...]] = {
    "n": (1,),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logit_bias": ({},),
}
_UNLIKE_CHAT = {
    **_UNLIKE,
    "audio": (),
    "function_call": (),
    "functions": ([],),
    "modalities": (["text"],),
    "web_search_options": (),
}
_UNLIKE_COMPLETION = {**_UNLIKE, "best_of": (1,), "echo": (False,), "suffix": ("",)}
_ROLES = {role: role for role in ("system", "user", "assistant", "tool")} | {"developer": "system"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller wants, and how it is to come.

    Attributes:
        request: what is asked.
        stream: piece by piece.
        usage: with a last piece on the tokens.
    """

    request: ChatRequest
    stream: bool
    usage: bool


def read_chat(body: Body) -> Wanted:
    """Read the body of /v1/chat/completions.

    Raises:
        InvalidRequest: it is not of OpenAI's shape, or asks for what is not served.
    """
    body.only(_CHAT, _IDLE, _UNLIKE_CHAT)
    messages = tuple(_message(each) for each in body.objects("messages"))
    if not messages:
        raise body.wrong("messages", "a list of one message or more")
    prompt = Prompt(
        messages=messages,
        schema=_schema(body),
        logprobs=_logprobs(body),
        tools=tuple(_tool(each) for each in body.objects("tools")),
        tool_choice=_tool_choice(body),
    )
    most = body.whole("max_completion_tokens", 1)
    return _wanted(body, prompt if most is None else replace(prompt, max_tokens=most))


def read_completion(body: Body) -> Wanted:
    """Read the body of /v1/completions.

    Raises:
        InvalidRequest: it is not of OpenAI's shape, or asks for what is not served.
    """
    body.only(_COMPLETION, _IDLE, _UNLIKE_COMPLETION)
    said = body.values.get("prompt")
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if isinstance(said, list):
        tokens = bool(said) and type(said[0]) in (int, list)
        hint = "send it as text" if tokens else "send one request for each"
        what = "a prompt of token ids" if tokens else f"a list of {len(said)} prompts"
        raise unsupported("prompt", what, hint)
    if not isinstance(said, str) or not said:
        raise body.wrong("prompt", "a text with something in it")
    return _wanted(body, Prompt(text=said, logprobs=body.whole("logprobs", 0, 5)))


def _wanted(body: Body, prompt: Prompt) -> Wanted:
    """Add what both have: how to draw tokens, and how the answer is to come."""
    most = body.whole("max_tokens", 1)
    prompt = replace(
        prompt,
        max_tokens=most if prompt.max_tokens is None else prompt.max_tokens,
        temperature=body.number("temperature", 0, 2),
        top_p=body.number("top_p", 0, 1),
        stop=body.texts("stop", 4),
        seed=body.whole("seed"),
    )
    options, stream = body.object("stream_options"), body.flag("stream")
    if options is not None and not stream:
        raise unsupported("stream_options", "`stream_options` without `stream`")
    return Wanted(
        request=ChatRequest(model=body.text("model"), prompt=prompt),
        stream=stream,
        usage=options is not None and options.flag("include_usage"),
    )


def _message(body: Body) -> Message:
    """Read one turn. Keys beyond are let be: clients send back answers as they came."""
    said = body.text("role")
    role = _ROLES.get(said)
    if role is None:
        raise body.wrong("role", f"one of {', '.join(_ROLES)}")
    calls = tuple(_call(each) for each in body.objects("tool_calls"))
    if calls and role != "assistant":
        raise unsupported(body.at("tool_calls"), f"a message of {shown(said)} that calls tools")
    content = _content(body, optional=bool(calls))
    if role == "user" and not content.strip():
        raise InvalidRequest("request_shape", "there is nothing in it", where=body.at("content"))
    return Message(
        role=cast('Literal["system", "user", "assistant", "tool"]', role),
        content=content,
        calls=calls,
        answers=body.text("tool_call_id") if role == "tool" else "",
    )


def _content(body: Body, *, optional: bool) -> str:
    """Return what a message says: its text, or the texts of its parts."""
    content = body.values.get("content")
    if isinstance(content, str):
        return content
    if content is None and optional:
        return ""
    if not isinstance(content, list) or not content:
        raise body.wrong("content", "a text or a list of parts")
    said = []
    for part in body.objects("content"):
        kind = part.text("type")
        if kind != "text":
            raise unsupported(part.at("type"), f"a part of the kind {shown(kind)}", "send text")
        said.append(part.text("text", ""))
    return "".join(said)


def _call(body: Body) -> ToolCall:
    function = body.object("function")
    if function is None:
        raise body.wrong("function", "an object", "plait knows no other kind of call")
    return ToolCall(
        id=body.text("id"),
        name=function.text("name"),
        arguments=function.text("arguments", ""),
    )


def _tool(body: Body) -> dict[str, Json]:
    kind = body.text("type")
    function = body.object("function")
    if kind != "function":
        raise unsupported(body.at("type"), f"a tool of the kind {shown(kind)}")
    if function is None:
        raise body.wrong("function", "an object")
    function.text("name")
    return dict(body.json())


def _tool_choice(body: Body) -> Json:
    choice = body.values.get("tool_choice")
    if choice is None:
        return None
    if not body.values.get("tools"):
        raise unsupported("tool_choice", "`tool_choice` without `tools`")
    if choice in ("none", "auto", "required"):
        return choice
    if isinstance(choice, dict) and choice.get("type") == "function":
        return dict(Body(choice).json())
    raise body.wrong("tool_choice", 'none, auto, required or {"type": "function", ...}')


def _schema(body: Body) -> dict[str, Json] | None:
    """Return the JSON schema that the answer must fit, if there is one."""
    wanted = body.object("response_format")
    if wanted is None:
        return None
    kind = wanted.text("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return {"type": "object"}
    named = wanted.object("json_schema") if kind == "json_schema" else None
    schema = named.object("schema") if named else None
    if schema is None:
        raise InvalidRequest(
            "request_shape",
            "this is no format that is served",
            where=wanted.place,
            hint='{"type": "text"}, {"type": "json_object"} or '
            '{"type": "json_schema", "json_schema": {"name": ..., "schema": {...}}}',
        )
    return dict(schema.json())


def _logprobs(body: Body) -> int | None:
    """Return how many rivals of each token are to be told; None tells no probability at all."""
    rivals = body.whole("top_logprobs", 0, 20)
    if not body.flag("logprobs"):
        if rivals:
            raise unsupported("top_logprobs", "`top_logprobs` without `logprobs`")
        return None
    return rivals or 0
