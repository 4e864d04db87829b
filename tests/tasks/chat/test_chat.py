"""A bare model's answer."""

import asyncio

import pytest

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.prompt import Chunk, Message, Prompt, ToolCall
from plait.core.request import ChatRequest
from plait.tasks.chat.chat import ChatTask


def test_pieces_are_passed_on_and_added_up(kit):
    model = kit.Model("Good ", "day", Chunk(text="!", tokens=2, logprobs=({"token": "!"},)))
    found = kit.events(ChatTask(model).stream(kit.asked("Hi", model="small"), Context()))
    assert [each.text for each in found[:-1]] == ["Good ", "day", "!", ""]
    answer = found[-1]
    assert (answer.text, answer.model, answer.spoken) == ("Good day!", "small", "parrot")
    assert (answer.manner, answer.finish) == ("generated", "stop")
    assert (answer.prompt_tokens, answer.completion_tokens) == (7, 4)
    assert answer.logprobs == ({"token": "!"},)


def test_calls_are_put_together(kit):
    deltas = [
        {"index": 0, "id": "a", "function": {"name": "rate", "arguments": ""}},
        {"index": 0, "function": {"arguments": '{"term"'}},
        {"index": 1, "id": "b", "function": {"name": "fee", "arguments": "{}"}},
        {"index": 0, "function": {"arguments": ": 10}"}},
    ]
    pieces = [Chunk(calls=(each,)) for each in deltas]
    model = kit.Model(*pieces, Chunk(finish="tool_calls"))
    answer = asyncio.run(ChatTask(model).run(kit.asked("Hi"), Context()))
    assert answer.calls == (
        ToolCall(id="a", name="rate", arguments='{"term": 10}'),
        ToolCall(id="b", name="fee", arguments="{}"),
    )


@pytest.mark.parametrize("odd", [{}, {"function": None}, {"index": "x", "function": {"name": 3}}])
def test_an_odd_piece_of_a_call_is_survived(kit, odd):
    answer = asyncio.run(ChatTask(kit.Model(Chunk(calls=(odd,)))).run(kit.asked("Hi"), Context()))
    assert answer.calls == (ToolCall(id="", name="", arguments=""),)


def test_the_whole_conversation_goes_to_the_model(kit):
    said = tuple(
        Message(role=role, content=role) for role in ("system", "user", "assistant", "user")
    )
    model = kit.Model("x")
    request = ChatRequest(model="small", prompt=Prompt(messages=said, max_tokens=5))
    asyncio.run(ChatTask(model).run(request, Context()))
    assert model.prompts == [request.prompt]


def test_what_the_model_raises_is_raised(kit):
    with pytest.raises(EngineError):
        asyncio.run(
            ChatTask(kit.Model("a", EngineError("engine_stopped", "it died"))).run(
                kit.asked("Hi"), Context()
            )
        )
