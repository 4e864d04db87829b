"""Answers in OpenAI's shapes, without a server: what is sent when, and that it adds up."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plait.core.prompt import Chunk, ToolCall
from plait.core.response import ChatResponse
from plait.serve.completion import Pieces, completion

CALL = ToolCall(id="c1", name="f", arguments="{}")


def told(kind, *pieces, usage=False):
    """Return the events of an answer, and whether its source was closed."""
    closed = []

    async def source():
        try:
            for each in pieces:
                yield each
        finally:
            closed.append(True)

    async def all_of():
        events = Pieces(kind, "req_1", "m", 1.0, usage).events(source())
        return b"".join([each async for each in events])

    *events, done, empty = asyncio.run(all_of()).decode().split("\n\n")
    assert (done, empty, closed) == ("data: [DONE]", "", [True])
    return [json.loads(each[6:]) for each in events]


def answer(text="", **more):
    return ChatResponse(id="req_1", model="m", text=text, **more)


@given(st.lists(st.text(max_size=4), max_size=6), st.booleans())
def test_the_pieces_add_up_to_the_answer(texts, usage):
    whole = answer("".join(texts))
    chunks = told("chat", *(Chunk(text=each) for each in texts), whole, usage=usage)
    choices = [each["choices"][0] for each in chunks if each["choices"]]
    assert "".join(each["delta"].get("content", "") for each in choices) == whole.text
    assert [each["delta"].get("role") for each in choices].count("assistant") == 1
    assert choices[0]["delta"]["role"] == "assistant"
    assert [each["finish_reason"] for each in choices][-1] == "stop"
    assert choices[-1]["delta"] == {}
    assert len(chunks) - len(choices) == usage
    texts_told = told("completion", *(Chunk(text=each) for each in texts), whole)
    assert "".join(each["choices"][0]["text"] for each in texts_told) == whole.text


def test_a_stream_that_is_closed_closes_its_source():
    closed = []

    async def source():
        try:
            yield Chunk(text="a")
            yield Chunk(text="b")
        finally:
            closed.append(True)

    async def leave():
        held = source()  # so that nothing but `events` closes it
        events = Pieces("chat", "req_1", "m", 1.0, False).events(held)
        await anext(events)
        await events.aclose()
        assert closed == [True]

    asyncio.run(leave())


def test_a_whole_answer_that_only_calls_has_no_content():
    made = completion("chat", answer(calls=(CALL,), finish="tool_calls"), 1.9)
    assert made["choices"][0]["message"]["content"] is None
    assert made["created"] == 1
    assert completion("chat", answer(), 1.0)["choices"][0]["message"]["content"] == ""


@pytest.mark.parametrize("kind", ["chat", "completion"])
def test_every_piece_tells_whose_it_is(kind):
    pieces = told(kind, Chunk(text="a"), answer("a"), usage=True)
    assert {each["id"] for each in pieces} == {"req_1"}
    assert {each["model"] for each in pieces} == {"m"}
    assert [("plait" in each) for each in pieces][-2:] == [True, False]
