"""Bodies of conversations: what is read, what is let be, and what is refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import InvalidRequest
from plait.core.prompt import Message
from plait.serve.body import Body
from plait.serve.prompt import read_chat, read_completion

SAY = {"role": "user", "content": "yes?"}
TEXT = {"type": "text", "text": "yes?"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TOOL = {"type": "function", "function": {"name": "f"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "number"}}}


def chat(**more):
    return read_chat(Body({"model": "m", "messages": [SAY], **more}))


def test_the_least_that_may_be_sent():
    wanted = chat()
    assert wanted.request.model == "m"
    assert wanted.request.prompt.messages == (Message(role="user", content="yes?"),)
    prompt = wanted.request.prompt
    assert (prompt.max_tokens, prompt.temperature, prompt.top_p, prompt.seed) == (None,) * 4
    assert (prompt.stop, prompt.schema, prompt.logprobs, prompt.tools) == ((), None, None, ())
    assert not wanted.stream
    assert not wanted.usage


def test_everything_that_may_be_sent():
    wanted = chat(
        max_tokens=5,
        max_completion_tokens=7,
        temperature=1,
        top_p=0.5,
        stop=["a", "b"],
        seed=-3,
        stream=True,
        stream_options={"include_usage": True, "include_obfuscation": False},
        logprobs=True,
        top_logprobs=3,
        tools=[TOOL],
        tool_choice={"type": "function", "function": {"name": "f"}},
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}},
    )
    prompt = wanted.request.prompt
    assert (prompt.max_tokens, prompt.temperature, prompt.top_p) == (7, 1.0, 0.5)
    assert (prompt.stop, prompt.seed, prompt.logprobs) == (("a", "b"), -3, 3)
    assert (prompt.tools, prompt.tool_choice["type"]) == ((TOOL,), "function")
    assert prompt.schema == SCHEMA
    assert wanted.stream
    assert wanted.usage


@pytest.mark.parametrize(
    "more",
    [
        {"n": 1, "user": "u", "metadata": {"a": "b"}, "store": False, "service_tier": "auto"},
        {"parallel_tool_calls": False, "frequency_penalty": 0, "presence_penalty": 0.0},
        {"logit_bias": {}, "modalities": ["text"], "functions": None, "suffix_": None} | {},
        {"temperature": None, "stop": None, "stream": None, "stream_options": None, "tools": []},
        {"logprobs": False, "top_logprobs": 0, "response_format": {"type": "text"}, "n": None},
    ],
)
def test_what_changes_nothing_may_be_sent(more):
    more.pop("suffix_", None)
    assert chat(**more) == chat()


def test_a_stop_may_be_one_text():
    assert chat(stop="\n").request.prompt.stop == ("\n",)


def test_any_json_object():
    assert chat(response_format={"type": "json_object"}).request.prompt.schema == {"type": "object"}


def test_turns():
    wanted = chat(
        messages=[
            {"role": "developer", "content": "be brief", "name": "x"},
            {"role": "user", "content": [TEXT, {"type": "text", "text": " no?"}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL], "refusal": None},
            {"role": "tool", "content": "1", "tool_call_id": "c"},
            {"role": "assistant", "content": "", "annotations": []},
            {"role": "user", "content": "x" * 100_000},
        ]
    )
    told = [(each.role, each.content[:8], each.answers) for each in wanted.request.prompt.messages]
    assert told == [
        ("system", "be brief", ""),
        ("user", "yes? no?", ""),
        ("assistant", "", ""),
        ("tool", "1", "c"),
        ("assistant", "", ""),
        ("user", "x" * 8, ""),
    ]
    (call,) = wanted.request.prompt.messages[2].calls
    assert (call.id, call.name, call.arguments) == ("c", "f", "{}")


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"model": None}, "model", "request_shape"),
        ({"model": 3}, "model", "request_shape"),
        ({"model": " "}, "model", "request_shape"),
        ({"messages": None}, "messages", "request_shape"),
        ({"messages": []}, "messages", "request_shape"),
        ({"messages": "hi"}, "messages", "request_shape"),
        ({"messages": {"0": SAY}}, "messages", "request_shape"),
        ({"messages": ["hi"]}, "messages[0]", "request_shape"),
        ({"messages": [SAY, None]}, "messages[1]", "request_shape"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "request_shape"),
        ({"messages": [{"role": "king", "content": "x"}]}, "messages[0].role", "request_shape"),
        ({"messages": [{"role": 1, "content": "x"}]}, "messages[0].role", "request_shape"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "request_shape"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "request_shape"),
        ({"messages": [{"role": "user", "content": []}]}, "messages[0].content", "request_shape"),
        ({"messages": [{"role": "user", "content": ""}]}, "messages[0].content", "request_shape"),
        (
            {"messages": [{"role": "user", "content": " \n"}]},
            "messages[0].content",
            "request_shape",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages[0].content[0].type",
            "request_unsupported",
        ),
        (
            {"messages": [{"role": "user", "content": [TEXT, "x"]}]},
            "messages[0].content[1]",
            "request_shape",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
            "messages[0].content[0].text",
            "request_shape",
        ),
        (
            {"messages": [{"role": "tool", "content": "1"}]},
            "messages[0].tool_call_id",
            "request_shape",
        ),
        (
            {"messages": [{"role": "user", "content": "x", "tool_calls": [CALL]}]},
            "messages[0].tool_calls",
            "request_unsupported",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "c"}]}]},
            "messages[0].tool_calls[0].function",
            "request_shape",
        ),
        ({"max_tokens": 0}, "max_tokens", "request_shape"),
        ({"max_tokens": -5}, "max_tokens", "request_shape"),
        ({"max_tokens": 1.5}, "max_tokens", "request_shape"),
        ({"max_tokens": "9"}, "max_tokens", "request_shape"),
        ({"max_tokens": True}, "max_tokens", "request_shape"),
        ({"max_tokens": 10**30}, "max_tokens", "request_shape"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "request_shape"),
        ({"temperature": -0.1}, "temperature", "request_shape"),
        ({"temperature": 2.1}, "temperature", "request_shape"),
        ({"temperature": "hot"}, "temperature", "request_shape"),
        ({"temperature": True}, "temperature", "request_shape"),
        ({"top_p": 1.1}, "top_p", "request_shape"),
        ({"stop": ["a"] * 5}, "stop", "request_shape"),
        ({"stop": ["a", ""]}, "stop[1]", "request_shape"),
        ({"stop": 3}, "stop", "request_shape"),
        ({"seed": 2**63}, "seed", "request_shape"),
        ({"stream": "yes"}, "stream", "request_shape"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "request_unsupported"),
        ({"stream": True, "stream_options": []}, "stream_options", "request_shape"),
        (
            {"stream": True, "stream_options": {"include_usage": 1}},
            "stream_options.include_usage",
            "request_shape",
        ),
        ({"n": 2}, "n", "request_unsupported"),
        ({"n": 0}, "n", "request_unsupported"),
        ({"frequency_penalty": 0.5}, "frequency_penalty", "request_unsupported"),
        ({"logit_bias": {"5": 1}}, "logit_bias", "request_unsupported"),
        ({"functions": [{"name": "f"}]}, "functions", "request_unsupported"),
        ({"modalities": ["text", "audio"]}, "modalities", "request_unsupported"),
        ({"top_logprobs": 2}, "top_logprobs", "request_unsupported"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "request_shape"),
        ({"logprobs": 2}, "logprobs", "request_shape"),
        ({"response_format": "json"}, "response_format", "request_shape"),
        ({"response_format": {"type": "xml"}}, "response_format", "request_shape"),
        ({"response_format": {"type": "json_schema"}}, "response_format", "request_shape"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": 1}}},
            "response_format.json_schema.schema",
            "request_shape",
        ),
        ({"tools": {}}, "tools", "request_shape"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type", "request_unsupported"),
        ({"tools": [{"type": "function"}]}, "tools[0].function", "request_shape"),
        (
            {"tools": [{"type": "function", "function": {}}]},
            "tools[0].function.name",
            "request_shape",
        ),
        ({"tool_choice": "auto"}, "tool_choice", "request_unsupported"),
        ({"tools": [TOOL], "tool_choice": "some"}, "tool_choice", "request_shape"),
        ({"temprature": 1}, "temprature", "request_shape"),
        ({"x" * 900: 1}, "x" * 60, "request_shape"),
    ],
)
def test_what_is_wrong_is_named(more, param, code):
    with pytest.raises(InvalidRequest) as caught:
        chat(**more)
    assert caught.value.where == param
    assert caught.value.code == code
    assert len(str(caught.value)) < 400


def test_a_slip_is_told_the_right_key():
    with pytest.raises(InvalidRequest, match="did you mean 'temperature'"):
        chat(temprature=1)


def complete(**more):
    return read_completion(Body({"model": "m", "prompt": "and then", **more}))


def test_texts_to_go_on_from():
    wanted = complete(prompt=["and then"], echo=False, suffix=None, best_of=1, logprobs=0)
    assert wanted.request.prompt.text == "and then"
    assert wanted.request.prompt.logprobs == 0
    assert complete(max_tokens=9).request.prompt.max_tokens == 9


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"prompt": None}, "prompt", "request_shape"),
        ({"prompt": ""}, "prompt", "request_shape"),
        ({"prompt": []}, "prompt", "request_unsupported"),
        ({"prompt": [1, 2]}, "prompt", "request_unsupported"),
        ({"prompt": [[1, 2]]}, "prompt", "request_unsupported"),
        ({"prompt": [1]}, "prompt", "request_shape"),
        ({"prompt": ["a", "b"]}, "prompt", "request_unsupported"),
        ({"echo": True}, "echo", "request_unsupported"),
        ({"suffix": "x"}, "suffix", "request_unsupported"),
        ({"best_of": 3}, "best_of", "request_unsupported"),
        ({"logprobs": 6}, "logprobs", "request_shape"),
        ({"messages": [SAY]}, "messages", "request_shape"),
    ],
)
def test_what_is_wrong_with_a_text_is_named(more, param, code):
    with pytest.raises(InvalidRequest) as caught:
        complete(**more)
    assert (caught.value.where, caught.value.code) == (param, code)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = ["model", "messages", "prompt", "stop", "tools", "tool_choice", "response_format", "n"]
KEYS += ["stream", "stream_options", "top_p", "metadata"]
KEYS += ["logprobs", "top_logprobs", "max_tokens", "temperature", "seed"]


@given(
    st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), JSON, max_size=6), st.booleans()
)
def test_whatever_is_sent_is_read_or_refused(sent, whole):
    body = Body({"model": "m", "messages": [SAY], "prompt": "x", **sent} if whole else sent)
    for read in (read_chat, read_completion):
        with suppress(InvalidRequest):
            assert read(body).request.content()
