"""A real small model in a process of its own: one for all tests but those that kill it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress

import pytest

from plait.core.context import Context
from plait.core.errors import Cancelled, EngineError, InvalidRequest, InvalidSettings
from plait.core.prompt import Message, Prompt
from plait.core.settings import Node, parse
from plait.engines.llamacpp import LlamaCpp, LlamaCppOptions


def make(smollm, **options):
    given = LlamaCppOptions(weights="smollm2-135m", **options)
    return LlamaCpp("small", given, weights=smollm, secret={}.get)


@pytest.fixture(scope="session")
def model(smollm):
    """A model with two slots, running."""
    engine = make(smollm, context_tokens=256, threads=1)
    yield engine
    asyncio.run(engine.close())


def chat(text, **parts):
    return Prompt(messages=(Message(role="user", content=text),), **parts)


LONG = chat("Count from 1 to 500.", max_tokens=400, temperature=0.0)


async def collect(engine, prompt, context=None):
    return [chunk async for chunk in engine.stream(prompt, context or Context())]


def ask(engine, prompt, context=None):
    return asyncio.run(collect(engine, prompt, context))


def text_of(chunks):
    return "".join(chunk.text for chunk in chunks)


async def slots(engine):
    """How many answers are being written."""
    address = (await asyncio.wrap_future(engine._child.running())).address.removesuffix("/")
    request = urllib.request.Request(
        f"{address}/slots", headers={"Authorization": f"Bearer {engine._key}"}
    )

    def get():
        with urllib.request.urlopen(request) as response:
            return sum(each["is_processing"] for each in json.load(response))

    return await asyncio.to_thread(get)


def test_an_answer_comes_piece_by_piece(model):
    context = Context()
    chunks = ask(model, chat("Name a colour.", max_tokens=8, temperature=0.0, logprobs=2), context)
    assert len(chunks) > 4
    assert chunks[-1].finish == "length"
    assert sum(chunk.tokens for chunk in chunks) == 8
    assert chunks[-1].prompt_tokens > 10
    assert context.budget.spent.tokens == 8 + chunks[-1].prompt_tokens
    assert context.budget.spent.cost_usd == 0.0
    assert not model.remote
    for chunk in chunks[:-1]:
        assert chunk.logprob < 0
        for token in chunk.logprobs:
            assert set(token) == {"token", "logprob", "bytes", "top_logprobs"}
            assert len(token["top_logprobs"]) == 2
            assert token["top_logprobs"][0]["logprob"] >= token["top_logprobs"][1]["logprob"]


def test_the_likeliest_answer_and_a_seeded_one_repeat(model):
    for settings in ({"temperature": 0.0}, {"temperature": 1.0, "seed": 5}):
        prompt = chat("Name an animal.", max_tokens=6, **settings)
        assert text_of(ask(model, prompt)) == text_of(ask(model, prompt))


def test_a_text_is_gone_on_with(model):
    prompt = Prompt(text="The capital of France is", max_tokens=2, temperature=0.0, logprobs=0)
    chunks = ask(model, prompt)
    assert text_of(chunks).startswith(" Paris")
    assert chunks[0].logprobs[0]["top_logprobs"] == []


def test_it_stops_where_it_is_told(model):
    chunks = ask(model, Prompt(text="A B C D E", max_tokens=30, temperature=0.0, stop=(" G",)))
    assert " G" not in text_of(chunks)
    assert chunks[-1].finish == "stop"


@pytest.mark.parametrize("form", [chat, lambda text, **parts: Prompt(text=text, **parts)])
def test_an_answer_fits_its_schema(model, form):
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}, "big": {"type": "boolean"}},
        "required": ["city", "big"],
        "additionalProperties": False,
    }
    chunks = ask(model, form("Where is the Eiffel tower?", max_tokens=60, schema=schema, seed=1))
    answer = json.loads(text_of(chunks))
    assert set(answer) == {"city", "big"}
    assert isinstance(answer["big"], bool)


def test_several_answers_are_written_at_once_in_threads_and_loops(model):
    async def many():
        prompt = chat("Tell me a story.", max_tokens=24, temperature=0.0)
        streams = [model.stream(prompt, Context()) for _ in range(2)]
        for stream in streams:
            await anext(stream)
        busy = await slots(model)
        thread = asyncio.to_thread(ask, model, chat("Hi", max_tokens=2))
        answers = await asyncio.gather(*(_rest(stream) for stream in streams), thread)
        return busy, answers

    busy, answers = asyncio.run(many())
    assert busy == 2
    assert all(answers)


async def _rest(stream):
    return [chunk async for chunk in stream]


@pytest.mark.parametrize("closing", [True, False])
def test_who_leaves_frees_the_slot(model, closing):
    async def leave():
        context = Context()
        stream = model.stream(LONG, context)
        await anext(stream)
        assert await slots(model) == 1
        started = time.monotonic()
        if closing:
            await stream.aclose()
        else:
            context.cancel.request("the client left")
            with pytest.raises(Cancelled):
                await _rest(stream)
        seconds = time.monotonic() - started
        for _ in range(100):
            if not await slots(model):
                return seconds
            await asyncio.sleep(0.05)
        raise AssertionError("the slot is still taken")

    assert asyncio.run(leave()) < 1.0


def test_a_prompt_longer_than_a_slot_is_refused(model):
    with pytest.raises(InvalidRequest) as refused:
        ask(model, chat("word " * 400))
    assert refused.value.code == "prompt_too_long"
    assert "256 tokens" in str(refused.value)


def test_a_prompt_that_leaves_little_room_is_cut_off(model):
    chunks = ask(model, Prompt(text="one two " * 120, max_tokens=500, temperature=0.0))
    assert chunks[-1].finish == "length"
    assert chunks[-1].prompt_tokens + sum(chunk.tokens for chunk in chunks) <= 257


def test_a_schema_that_is_none_is_refused(model):
    with pytest.raises(InvalidRequest) as refused:
        ask(model, chat("Hi", schema={"type": "nonsense"}))
    assert refused.value.code == "request_upstream"


def test_nobody_else_on_the_machine_may_ask_it(model):
    ask(model, chat("Hi", max_tokens=1))
    address = model._child.running().result().address
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}/v1/models")
    with refused.value as answer:
        assert answer.code == 401


def test_a_killed_process_costs_the_answers_under_way_and_no_other(smollm):
    engine = make(smollm, context_tokens=256, threads=1)

    async def walk():
        streams = [engine.stream(LONG, Context()) for _ in range(2)]
        for stream in streams:
            await anext(stream)
        os.kill(engine.pid, signal.SIGKILL)
        broken = await asyncio.gather(*(_rest(each) for each in streams), return_exceptions=True)
        answer = await collect(engine, chat("Hi", max_tokens=2))
        await engine.close()
        return broken, answer

    broken, answer = asyncio.run(walk())
    assert [error.code for error in broken] == ["engine_stopped", "engine_stopped"]
    assert "SIGKILL" in str(broken[0])
    assert broken[0].retryable
    assert text_of(answer)
    assert engine.pid is None


def test_an_answer_is_lost_with_its_own_process_though_another_already_runs(smollm):
    engine = make(smollm, context_tokens=256, threads=1)

    async def walk():
        stream = engine.stream(LONG, Context())
        await anext(stream)
        running = engine._child.running().result()
        os.kill(engine.pid, signal.SIGKILL)
        await asyncio.to_thread(running.died, 5.0)
        await collect(engine, chat("Hi", max_tokens=1))  # starts it anew first
        with pytest.raises(EngineError) as lost:
            await _rest(stream)
        await engine.close()
        return lost.value

    lost = asyncio.run(walk())
    assert lost.code == "engine_stopped"
    assert "SIGKILL" in str(lost)


def test_it_does_not_outlive_its_parent(smollm):
    program = f"""
import asyncio
from pathlib import Path
from plait.core.context import Context
from plait.core.prompt import Prompt
from plait.engines.llamacpp import LlamaCpp, LlamaCppOptions

async def main():
    options = LlamaCppOptions(weights="x", context_tokens=256, threads=1)
    model = LlamaCpp("small", options, weights=Path({str(smollm)!r}), secret=lambda _: None)
    async for _ in model.stream(Prompt(text="One, two,", max_tokens=500), Context()):
        print(model.pid, flush=True)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)
        raise AssertionError("the model's process is still there")


def test_weights_that_are_none_are_an_error(tmp_path):
    path = tmp_path / "model.gguf"
    for content in (None, b"GGUF but no more"):
        if content:
            path.write_bytes(content)
        with pytest.raises(EngineError) as refused:
            ask(make(path), chat("Hi"))
        assert refused.value.code == "engine_failed"
        assert str(path) in str(refused.value)


def test_a_gpu_answers_or_is_said_not_to_be_there(smollm):
    import xllamacpp

    engine = make(smollm, device="gpu")
    if any("GPU" in str(each["type"]) for each in xllamacpp.get_device_info()):
        assert ask(engine, chat("Hi", max_tokens=2))
    else:
        with pytest.raises(EngineError, match="sees no GPU"):
            ask(engine, chat("Hi"))
    asyncio.run(engine.close())


@pytest.mark.parametrize(
    "keys", [{"slots": 0}, {"context_tokens": 0}, {"threads": -1}, {"device": "tpu"}]
)
def test_settings_that_make_no_sense_are_refused(keys):
    content = {
        name: Node(value, "plait.yaml", 3) for name, value in {"weights": "x", **keys}.items()
    }
    with pytest.raises(InvalidSettings):
        parse(LlamaCppOptions, Node(content, "plait.yaml", 2, "models.small"))
