"""Conversations over HTTP, asked by the official that OpenAI publishes, on a real server."""

import asyncio
import time

import openai
import pytest

from plait.core.errors import BudgetExceeded, EngineError, InvalidRequest, NotAllowed, Refused
from plait.core.passage import Citation
from plait.core.prompt import Chunk, ToolCall

HELLO = [{"role": "user", "content": "How long is an offer valid?"}]
CITED = Citation(
    sentence=0,
    collection="policies",
    document="doc_1",
    name="offers.md",
    start=3,
    end=9,
    text="30 day",
)
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
TOKEN = {"token": " day", "logprob": -0.5, "bytes": [32], "top_logprobs": [
    {"token": " day", "logprob": -0.5, "bytes": [32]}]}  # fmt: skip


def stream(official, **more):
    return list(official.chat.completions.create(model="desk", messages=HELLO, stream=True, **more))


def test_an_answer(official, say, talking):
    say(
        "It is valid for ",
        "30 days.",
        {"manner": "extracted", "citations": (CITED,), "notes": ("n",)},
    )
    answer = official.chat.completions.create(model="desk", messages=HELLO)
    assert answer.object == "chat.completion"
    assert answer.id == talking.under.trace.id == answer._request_id
    assert answer.model == "desk"
    assert abs(answer.created - time.time()) < 60
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == (
        "assistant",
        "It is valid for 30 days.",
    )
    assert (choice.finish_reason, choice.index, choice.logprobs) == ("stop", 0, None)
    assert choice.message.refusal is None
    assert choice.message.tool_calls is None
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (7, 5, 12)
    assert answer.model_extra["plait"] == {
        "id": answer.id,
        "manner": "extracted",
        "spoken": "",
        "citations": [CITED.record()],
        "notes": ["n"],
    }


def test_a_stream(official, say, talking):
    say(Chunk(prompt_tokens=7), "It is valid ", "for 30 days.", Chunk(finish="stop"))
    *told, last = chunks = stream(official)
    assert {each.id for each in chunks} == {talking.under.trace.id}
    assert {each.object for each in chunks} == {"chat.completion.chunk"}
    assert {each.model for each in chunks} == {"desk"}
    assert len({each.created for each in chunks}) == 1
    deltas = [each.choices[0].delta for each in chunks]
    assert [each.role for each in deltas] == ["assistant", None, None, None]
    assert all("role" not in each.model_fields_set for each in deltas[1:])
    assert [each.content for each in deltas] == ["", "It is valid ", "for 30 days.", None]
    assert [each.choices[0].finish_reason for each in chunks] == [None, None, None, "stop"]
    assert deltas[-1].model_dump(exclude_unset=True) == {}
    assert all("usage" not in each.model_fields_set for each in chunks)
    assert [each.model_extra for each in told] == [{}] * 3
    assert last.model_extra["plait"]["id"] == talking.under.trace.id


def test_a_stream_that_counts(official, say):
    say("a", {"spoken": "small"})
    *told, extra, usage = stream(official, stream_options={"include_usage": True})
    assert [each.usage for each in told] == [None] * 2
    assert extra.model_extra["plait"]["spoken"] == "small"
    assert usage.choices == []
    assert usage.usage.total_tokens == 12


def test_what_no_piece_told_comes_at_the_end(official, say):
    """A decision, or an answer that was held until its last sentence."""
    say({"text": "approved", "manner": "predicted"})
    chunks = stream(official)
    assert [each.choices[0].delta.content for each in chunks] == ["", "approved", None]
    say({"text": "", "calls": (ToolCall(id="c1", name="look", arguments="{}"),)})
    (call,) = stream(official)[1].choices[0].delta.tool_calls
    assert (call.index, call.id, call.type) == (0, "c1", "function")
    assert (call.function.name, call.function.arguments) == ("look", "{}")


def test_async_clients(address, say):
    say("a", "b")

    async def ask():
        async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="unused") as official:
            whole = await official.chat.completions.create(model="small", messages=HELLO)
            pieces = await official.chat.completions.create(
                model="small", messages=HELLO, stream=True
            )
            return whole, [each async for each in pieces]

    whole, pieces = asyncio.run(ask())
    assert whole.choices[0].message.content == "ab"
    assert [each.choices[0].delta.content for each in pieces] == ["", "a", "b", None]


def test_tool_calls_there_and_back(official, say, talking):
    calls = (ToolCall(id="c1", name="look", arguments='{"x": 1}'),)
    say({"text": "", "calls": calls, "finish": "tool_calls"})
    answer = official.chat.completions.create(
        model="small", messages=HELLO, tools=[TOOL], tool_choice="auto", parallel_tool_calls=True
    )
    assert talking.asked.prompt.tools == (TOOL,)
    assert talking.asked.prompt.tool_choice == "auto"
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    (call,) = choice.message.tool_calls
    assert (call.id, call.type, call.function.name) == ("c1", "function", "look")
    say("It is 1.")
    official.chat.completions.create(
        model="small",
        tools=[TOOL],
        messages=[
            *HELLO,
            choice.message,
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "one"}]},
        ],
    )
    _, asked, answered = talking.asked.prompt.messages
    assert (asked.role, asked.content, asked.calls) == ("assistant", "", calls)
    assert (answered.role, answered.content, answered.answers) == ("tool", "one", "c1")


def test_tool_calls_in_pieces(official, say):
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}
    more = {"index": 0, "function": {"arguments": "{}"}}
    calls = (ToolCall(id="c1", name="f", arguments="{}"),)
    say(Chunk(calls=(first,)), Chunk(calls=(more,)), {"calls": calls, "finish": "tool_calls"})
    chunks = stream(official)
    pieces = [each.choices[0].delta.tool_calls for each in chunks]
    assert [each and each[0].function.arguments for each in pieces] == [None, "", "{}", None]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_log_probabilities(official, say, talking):
    say(Chunk(text=" day", logprobs=(TOKEN,)), {"logprobs": (TOKEN,)})
    options = {"logprobs": True, "top_logprobs": 2}
    answer = official.chat.completions.create(model="small", messages=HELLO, **options)
    assert talking.asked.prompt.logprobs == 2
    (token,) = answer.choices[0].logprobs.content
    assert (token.token, token.logprob) == (" day", -0.5)
    (token,) = stream(official, **options)[1].choices[0].logprobs.content
    assert token.top_logprobs[0].token == " day"


def test_completions(official, say, talking):
    say("30", Chunk(text=" day", logprobs=(TOKEN,)), {"logprobs": (TOKEN,)})
    answer = official.completions.create(model="small", prompt=["valid for "], logprobs=1)
    assert talking.asked.prompt.text == "valid for "
    assert talking.asked.prompt.messages == ()
    assert answer.object == "text_completion"
    assert answer.choices[0].text == "30 day"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].logprobs.token_logprobs == [-0.5]
    assert answer.usage.total_tokens == 12
    *told, last, usage = official.completions.create(
        model="small", prompt="valid", stream=True, stream_options={"include_usage": True}
    )
    assert [each.choices[0].text for each in (*told, last)] == ["30", " day", ""]
    assert told[1].choices[0].logprobs.text_offset == [2]
    assert {each.object for each in told} == {"text_completion"}
    assert last.choices[0].finish_reason == "stop"
    assert usage.usage.total_tokens == 12


# what goes wrong


@pytest.mark.parametrize(
    ("error", "kind", "status", "retry"),
    [
        (EngineError("engine_failed", "it fell over"), openai.InternalServerError, 502, "false"),
        (EngineError("upstream_failed", "busy"), openai.InternalServerError, 502, "true"),
        (InvalidRequest("prompt_too_long", "9,000 tokens"), openai.BadRequestError, 400, "false"),
        (Refused("guard_refused", "a card number"), openai.BadRequestError, 400, "false"),
        (BudgetExceeded("tokens_exceeded", "spent"), openai.BadRequestError, 400, "false"),
        (NotAllowed("key_scope", "not yours"), openai.PermissionDeniedError, 403, "false"),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
def test_an_error_before_the_first_piece_is_a_status(
    official, say, error, kind, status, retry, streams
):
    say(error)
    with pytest.raises(kind) as caught:
        official.chat.completions.create(model="desk", messages=HELLO, stream=streams)
    assert caught.value.status_code == status
    assert caught.value.code == error.code
    assert error.message in caught.value.message
    assert caught.value.request_id.startswith("req_")
    assert caught.value.response.headers["x-should-retry"] == retry
    assert "total;dur=" in caught.value.response.headers["server-timing"]


def test_an_unknown_model(official):
    with pytest.raises(openai.NotFoundError) as caught:
        official.chat.completions.create(model="dsk", messages=HELLO)
    assert caught.value.code == "unknown_model"
    assert "did you mean 'desk'?" in caught.value.message


# a caller that leaves


# what is counted
