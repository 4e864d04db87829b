"""Prompts and answers in OpenAI's words."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.errors import EngineError
from plait.core.prompt import Message, Prompt, ToolCall
from plait.engines.wire import Answer, body_of, error_text, estimate_tokens, path_of

ASK = (Message(role="user", content="Hello?"),)


def event(value):
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chat(finish=None, logprobs=None, **delta):
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
    return event({"choices": [choice]})


def read(*pieces, rivals=0):
    answer = Answer(rivals)
    chunks = [chunk for piece in pieces for chunk in answer.feed(piece)]
    return [*chunks, answer.end()]


def test_a_conversation_is_written_in_its_plainest_form():
    prompt = Prompt(
        messages=(
            Message(role="system", content="Be brief."),
            Message(
                role="assistant", content="", calls=(ToolCall(id="c", name="f", arguments="{}"),)
            ),
            Message(role="tool", content="42", answers="c"),
        ),
        temperature=0.0,
        top_p=0.5,
        stop=("\n",),
        seed=3,
        logprobs=2,
        schema={"type": "object"},
        tools=({"type": "function"},),
        tool_choice="auto",
    )
    assert path_of(prompt) == "/chat/completions"
    assert body_of(prompt, "m", 9, "max_completion_tokens") == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            {"role": "tool", "content": "42", "tool_call_id": "c"},
        ],
        "max_completion_tokens": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["\n"],
        "seed": 3,
        "logprobs": True,
        "top_logprobs": 2,
        "tools": [{"type": "function"}],
        "tool_choice": "auto",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": {"type": "object"}},
        },
    }


def test_a_text_is_gone_on_with_without_a_chat():
    prompt = Prompt(text="Once", logprobs=0)
    assert path_of(prompt) == "/completions"
    assert body_of(prompt, "m", 9, "max_completion_tokens") == {
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
        "prompt": "Once",
        "max_tokens": 9,
        "logprobs": 1,
    }


def test_the_estimate_is_rather_too_high():
    words = "The borrower must prove an income that covers every instalment of the loan. "
    prompt = Prompt(messages=(Message(role="user", content=words * 10),))
    assert 140 < estimate_tokens(prompt) < 300  # 150 tokens of SmolLM2
    assert estimate_tokens(Prompt(text="日本")) == 2


def test_pieces_become_chunks_and_the_last_tells_why_it_ended():
    chunks = read(
        chat(role="assistant", content=None),
        chat(content="Hel"),
        chat(content="lo"),
        chat(finish="length"),
        event({"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 4}}),
        b"data: [DONE]\n\n",
    )
    assert [chunk.text for chunk in chunks] == ["Hel", "lo", ""]
    assert [chunk.finish for chunk in chunks] == ["", "", "length"]
    assert sum(chunk.tokens for chunk in chunks) == 4
    assert [chunk.prompt_tokens for chunk in chunks] == [0, 0, 5]


def test_an_answer_without_usage_counts_its_pieces():
    chunks = read(chat(content="a"), chat("stop", content="b"))
    assert sum(chunk.tokens for chunk in chunks) == 2
    assert chunks[-1].finish == "stop"


@pytest.mark.parametrize(
    ("told", "known"), [("function_call", "tool_calls"), ("eos", "stop"), ("stop", "stop")]
)
def test_other_reasons_get_a_known_word(told, known):
    assert read(chat(told))[-1].finish == known


def test_calls_of_tools_are_passed_on():
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}
    chunks = read(chat(tool_calls=[call]), chat("tool_calls"))
    assert chunks[0].calls == (call,)
    assert chunks[-1].finish == "tool_calls"


def test_a_refusal_of_the_model_is_its_text():
    assert read(chat(refusal="I cannot"), chat("stop"))[0].text == "I cannot"


def test_log_probabilities_have_one_shape():
    rival = {"token": "no", "logprob": -2.0, "bytes": [110, 111], "id": 4}
    token = {"token": "yes", "logprob": -0.5, "bytes": None, "id": 3, "top_logprobs": [rival]}
    (chunk, _) = read(chat("stop", {"content": [token]}, content="yes"), rivals=1)
    assert chunk.logprob == -0.5
    assert chunk.logprobs == (
        {
            "token": "yes",
            "logprob": -0.5,
            "bytes": [121, 101, 115],
            "top_logprobs": [{"token": "no", "logprob": -2.0, "bytes": [110, 111]}],
        },
    )
    lists = {"tokens": ["yes"], "token_logprobs": [-0.5], "top_logprobs": [{"no": -2.0}]}
    line = event({"choices": [{"text": "yes", "logprobs": lists, "finish_reason": "stop"}]})
    assert read(line, rivals=1)[0].logprobs == chunk.logprobs
    assert read(line)[0].logprobs[0]["top_logprobs"] == []
    assert read(chat("stop", {"tokens": ["a"]}, content="a"))[0].logprobs == ()


@pytest.mark.parametrize(
    "data",
    [b"{", b"7", b"[]", b"{}", b'{"choices": "x"}', b'{"choices": [3]}', b"\xff", b"[" * 100_000],
)
def test_what_is_no_piece_of_an_answer_is_refused(data):
    with pytest.raises(EngineError) as refused:
        list(Answer().feed(b"data: " + data + b"\n\n"))
    assert refused.value.code == "upstream_garbled"
    assert len(str(refused.value)) < 250


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "content", "logprobs", "tool_calls", "usage", "error"]
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    )
)
def test_no_json_makes_it_stumble(value):
    answer = Answer()
    for shape in (value, {"choices": [value]}, {"choices": [{"delta": value, "logprobs": value}]}):
        with suppress(EngineError):
            list(answer.feed(event(shape)))


def test_an_error_in_mid_answer_is_told():
    answer = Answer()
    stream = answer.feed(chat(content="a") + event({"error": {"message": "out\nof memory"}}))
    assert next(stream).text == "a"
    with pytest.raises(EngineError, match="out of memory") as broken:
        next(stream)
    assert broken.value.code == "upstream_failed"
    assert broken.value.retryable


def test_an_answer_that_just_ends_is_not_one():
    for pieces in ([chat(content="a")], [chat(content="a"), b"data: {"]):
        with pytest.raises(EngineError) as broken:
            read(*pieces)
        assert broken.value.code == "upstream_failed"
        assert ("within an event" in str(broken.value)) == (len(pieces) == 2)


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a\ud83d", "\ude00b"], "a😀b"),
        (["\ud83d", "", "\ude00"], "😀"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["\ud83d", "\ud83d\ude00"], "\ufffd😀"),
        (["\ude00a"], "\ufffda"),
        (["a\ud83d"], "a\ufffd"),
        (["a😀", "é"], "a😀é"),
    ],
)
@pytest.mark.parametrize("end", [chat("stop"), b"data: [DONE]\n\n"])
def test_halves_of_a_surrogate_pair_are_joined_or_replaced(pieces, text, end):
    chunks = read(*(chat(content=piece) for piece in pieces), end)
    assert "".join(chunk.text for chunk in chunks) == text
    for chunk in chunks:
        chunk.text.encode()


def test_no_half_of_a_surrogate_pair_is_in_calls_scores_and_errors():
    call = {"index": 0, "function": {"name": "f", "arguments": "\ud83d😀"}}
    token = {"token": "\ude00", "logprob": -1.0, "top_logprobs": [{"token": "\ud83d"}]}
    chunk = read(chat("stop", {"content": [token]}, tool_calls=[call]), rivals=1)[0]
    assert chunk.calls[0]["function"]["arguments"] == "\ufffd😀"
    assert chunk.logprobs[0]["token"] == "\ufffd"
    assert chunk.logprobs[0]["top_logprobs"][0]["token"] == "\ufffd"
    assert error_text("a\ud800") == "a\ufffd"


@given(st.lists(st.text(st.sampled_from("a\ud83d\ude00é"), max_size=3)))
def test_cuts_change_nothing_in_a_text(pieces):
    whole = "".join(pieces)
    expected = read(chat("stop", content=whole))[0].text
    chunks = read(*(chat(content=piece) for piece in pieces), chat("stop"))
    assert "".join(chunk.text for chunk in chunks) == expected


def test_an_error_is_one_short_line():
    assert error_text({"message": "a\n b"}) == "a b"
    assert error_text("x" * 1000) == "x" * 297 + "..."
    assert error_text({"odd": 1}) == "{'odd': 1}"
