"""The scripted language model."""

import asyncio

import pytest

from plait.core.context import Context
from plait.core.errors import Cancelled, EngineError
from plait.core.prompt import Message, Prompt
from plait.testing.generator import ScriptedGenerator

PROMPT = Prompt(messages=(Message(role="user", content="hi"),))


def said(generator, context=None):
    async def run():
        return [chunk async for chunk in generator.stream(PROMPT, context or Context())]

    return asyncio.run(run())


def test_it_says_its_script_and_ends():
    generator = ScriptedGenerator(["a", "b"])
    chunks = said(generator)
    assert [chunk.text for chunk in chunks] == ["a", "b", ""]
    assert chunks[-1].finish == "stop"
    assert generator.asked == [PROMPT]
    assert generator.closed == 1


def test_it_raises_where_the_script_says_so():
    generator = ScriptedGenerator(["a", EngineError("engine_failed", "gone")])
    with pytest.raises(EngineError):
        said(generator)
    assert generator.closed == 1


def test_it_stops_when_nobody_waits():
    context = Context()
    context.cancel.request("left")
    with pytest.raises(Cancelled):
        said(ScriptedGenerator(["a"]), context)
