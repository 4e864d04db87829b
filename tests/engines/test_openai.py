"""A model behind a server that answers, fails, falls silent or talks nonsense."""

import asyncio
import time
from itertools import pairwise

import pytest

from plait.core.budget import Budget, Limits
from plait.core.context import Context
from plait.core.errors import (
    BudgetExceeded,
    Cancelled,
    EngineError,
    InvalidRequest,
    InvalidSettings,
    PlaitError,
)
from plait.core.prompt import Message, Prompt
from plait.core.settings import Node, parse
from plait.engines import upstream as module
from plait.engines.openai import OpenAI, OpenAIOptions
from plait.testing.upstream import (
    FakeUpstream,
    Reply,
    broken,
    called,
    delta,
    failed,
    half,
    html,
    said,
)

PROMPT = Prompt(messages=(Message(role="user", content="Hello?"),), max_tokens=20)
KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr(module, "_FIRST_WAIT", 0.01)


def model(server, **options):
    url = server if isinstance(server, str) else server.url
    given = OpenAIOptions(model="gpt-x", base_url=url, key_env="KEY", **options)
    return OpenAI("large", given, secret={"KEY": KEY}.get)


async def collect(engine, prompt=PROMPT, context=None):
    return [chunk async for chunk in engine.stream(prompt, context or Context())]


def ask(server, prompt=PROMPT, context=None, **options):
    """Ask once, in a loop of its own."""
    return asyncio.run(collect(model(server, **options), prompt, context))


def refused(server, kind=EngineError, context=None, **options):
    with pytest.raises(kind) as error:
        ask(server, context=context, **options)
    assert KEY not in str(error.value)
    assert error.value.where.startswith("model 'large' at 127.0.0.1:")
    return error.value


def text_of(chunks):
    return "".join(chunk.text for chunk in chunks)


def test_an_answer_comes_in_its_pieces():
    with FakeUpstream() as server:
        chunks = ask(server)
    assert [chunk.text for chunk in chunks] == ["Hello", " there", "!", ""]
    assert chunks[-1].finish == "stop"
    assert sum(chunk.tokens for chunk in chunks) == 3
    assert chunks[-1].prompt_tokens == 7
    (asked,) = server.asked
    assert asked.path == "/chat/completions"
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.body["model"] == "gpt-x"
    assert asked.body["max_tokens"] == 20


def test_each_piece_comes_at_once():
    with FakeUpstream(said("a", "b", "c", pause=0.1)) as server:

        async def moments():
            return [time.monotonic() async for _ in model(server).stream(PROMPT, Context())]

        found = asyncio.run(moments())
    assert all(after - before > 0.05 for before, after in pairwise(found[:3]))


def test_calls_of_tools_come_through():
    with FakeUpstream(called("weather", '{"city": ', '"Oslo"}')) as server:
        chunks = ask(server)
    pieces = [call["function"]["arguments"] for chunk in chunks for call in chunk.calls]
    assert "".join(pieces) == '{"city": "Oslo"}'
    assert chunks[0].calls[0]["function"]["name"] == "weather"
    assert chunks[-1].finish == "tool_calls"


def test_a_lone_surrogate_does_not_reach_the_server():
    with FakeUpstream() as server:
        ask(server, Prompt(messages=(Message(role="user", content="a\ud800é"),)))
    assert server.asked[0].body["messages"][0]["content"] == "a?é"


def test_one_engine_serves_loops_and_threads_one_after_the_other_and_at_once():
    with FakeUpstream() as server:
        engine = model(server)
        for _ in range(3):
            assert text_of(asyncio.run(collect(engine))) == "Hello there!"

        async def many():
            threads = [asyncio.to_thread(asyncio.run, collect(engine)) for _ in range(4)]
            here = [collect(engine) for _ in range(4)]
            answers = await asyncio.gather(*threads, *here)
            await engine.close()
            return answers

        assert {text_of(each) for each in asyncio.run(many())} == {"Hello there!"}


# What goes wrong.


def test_a_server_that_is_down_is_named():
    with FakeUpstream() as server:
        url = server.url
    error = refused(url)
    assert error.code == "upstream_unreachable"
    assert error.retryable


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (html(), "upstream_garbled", "nginx"),
        (half(), "upstream_failed", ""),
        (broken(f"crashed with {KEY}"), "upstream_failed", "crashed with ***"),
        (Reply(pieces=[b"data: {nonsense\n\n"]), "upstream_garbled", "nonsense"),
        (failed(500), "upstream_failed", "status 500: it went wrong"),
        (html(502), "upstream_failed", "502"),
        (failed(401, f"bad key {KEY}"), "upstream_refused", "bad key ***"),
        (failed(403), "upstream_refused", "403"),
        (html(404), "upstream_refused", "404"),
        (failed(307, location="http://127.0.0.1:9/"), "upstream_refused", "307"),
    ],
)
def test_every_failure_is_one_error(reply, code, words):
    with FakeUpstream(reply) as server:
        error = refused(server, retries=0)
    assert error.code == code
    assert words in str(error)
    assert error.hint
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Unsupported parameter", "request_upstream"),
        ("This model's maximum context length is 10 tokens", "prompt_too_long"),
    ],
)
def test_a_request_that_the_server_does_not_take_is_the_callers(text, code):
    with FakeUpstream(failed(400, text)) as server:
        error = refused(server, InvalidRequest)
    assert error.code == code
    assert text in str(error)
    assert len(server.asked) == 1


def test_a_missing_key_is_said_before_anything_is_sent():
    options = OpenAIOptions(model="gpt-x")
    with pytest.raises(EngineError) as error:
        asyncio.run(collect(OpenAI("large", options, secret={}.get)))
    assert error.value.code == "upstream_refused"
    assert "OPENAI_API_KEY" in str(error.value)


def test_the_key_of_openai_goes_to_nobody_else():
    with FakeUpstream() as server:
        options = OpenAIOptions(model="m", base_url=server.url)
        asyncio.run(collect(OpenAI("m", options, secret={"OPENAI_API_KEY": KEY}.get)))
    assert "authorization" not in server.asked[0].headers


def test_a_silent_server_is_given_up():
    for reply in (Reply(silence=0.6), Reply(pieces=[delta(content="a")] * 2, pause=0.6)):
        with FakeUpstream(reply) as server:
            error = refused(server, timeout_seconds=0.2)
        assert error.code == "upstream_failed"
        assert "nothing for 0.2 s" in str(error)
        assert len(server.asked) == 1


# Tries.


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_pass_is_tried_again(status):
    with FakeUpstream(failed(status), failed(status), said("ok")) as server:
        assert text_of(ask(server)) == "ok"
    assert len(server.asked) == 3


def test_a_server_that_hangs_up_is_tried_again():
    with FakeUpstream(Reply(status=0), said("ok")) as server:
        assert text_of(ask(server)) == "ok"
    assert len(server.asked) == 2


def test_tries_end():
    with FakeUpstream(failed(500)) as server:
        assert refused(server, retries=1).code == "upstream_failed"
    assert len(server.asked) == 2


@pytest.mark.parametrize("headers", [{"retry_after": "0.2"}, {"retry_after_ms": "200"}])
def test_the_servers_wish_to_be_left_alone_is_kept(headers):
    with FakeUpstream(failed(429, **headers), said("ok")) as server:
        assert text_of(ask(server)) == "ok"
    first, second = server.asked
    assert second.moment - first.moment >= 0.2


@pytest.mark.parametrize(
    "headers",
    [{"retry_after": "3600"}, {"retry_after": "Fri, 31 Dec 2100 23:59:59 GMT"}],
)
def test_who_wants_to_be_left_alone_for_long_is(headers):
    with FakeUpstream(failed(429, **headers), said("ok")) as server:
        assert refused(server).retryable
    assert len(server.asked) == 1


def test_no_try_is_made_that_the_deadline_does_not_allow():
    budget = Budget(Limits(deadline_seconds=2.0))
    with FakeUpstream(failed(429, retry_after="5"), said("ok")) as server:
        refused(server, context=Context(budget=budget))
    assert len(server.asked) == 1


def test_a_server_can_forbid_another_try():
    with FakeUpstream(failed(500, x_should_retry="false"), said("ok")) as server:
        refused(server)
    assert len(server.asked) == 1


def test_nothing_is_tried_again_once_the_answer_has_begun():
    with FakeUpstream(half(), said("ok")) as server:
        refused(server)
    assert len(server.asked) == 1


# Who asks leaves, or may not spend more.


def leaving(server, how, prompt=PROMPT):
    """Ask, and stop by `how(context, stream)` at the first piece; return seconds and the error."""

    async def walk():
        context = Context()
        stream = model(server).stream(prompt, context)
        try:
            await anext(stream)
            started = time.monotonic()
            await how(context, stream)
        except PlaitError as error:
            return time.monotonic() - started, error, context
        return time.monotonic() - started, None, context

    return asyncio.run(walk())


def slowly(seconds):
    return Reply(pieces=[delta(content="a")] * 200, pause=seconds)


async def cancel_and_go_on(context, stream):
    context.cancel.request("the client left")
    async for _ in stream:
        pass


async def close(context, stream):
    await stream.aclose()


@pytest.mark.parametrize("pause", [0.01, 0.5])
@pytest.mark.parametrize("how", [cancel_and_go_on, close])
def test_who_leaves_frees_the_server_at_once(how, pause):
    with FakeUpstream(slowly(pause)) as server:
        seconds, error, context = leaving(server, how)
        assert server.left.wait(3)
    assert seconds < 0.4
    assert isinstance(error, Cancelled) == (how is cancel_and_go_on)
    assert context.budget.spent.tokens > 1
    assert context.budget.reserved.tokens == 0


@pytest.mark.parametrize("reply", [Reply(silence=1.0), failed(429, retry_after="5")])
def test_who_leaves_before_the_answer_waits_for_nothing(reply):
    with FakeUpstream(reply) as server:

        async def walk():
            context = Context()
            asyncio.get_running_loop().call_later(0.1, context.cancel.request, "left")
            started = time.monotonic()
            with pytest.raises(Cancelled):
                await collect(model(server), context=context)
            return time.monotonic() - started, context

        seconds, context = asyncio.run(walk())
    assert seconds < 0.6
    assert context.budget.spent.tokens == 0


@pytest.mark.parametrize("reply", [Reply(silence=1.0), slowly(0.02)])
def test_the_deadline_ends_everything(reply):
    with FakeUpstream(reply) as server:
        context = Context(budget=Budget(Limits(deadline_seconds=0.3)))
        with pytest.raises(BudgetExceeded) as error:
            ask(server, context=context)
    assert error.value.code == "deadline_exceeded"


def test_tokens_and_money_are_reserved_and_settled():
    with FakeUpstream(said("a", "b", prompt_tokens=10)) as server:
        context = Context()
        ask(server, context=context, price_in_usd=2.0, price_out_usd=10.0)
        assert context.budget.spent.tokens == 12
        assert context.budget.spent.cost_usd == pytest.approx((10 * 2 + 2 * 10) / 1e6)
        assert context.budget.reserved.tokens == 0
        for limits in (Limits(tokens=20), Limits(cost_usd=0.0001)):
            with pytest.raises(BudgetExceeded):
                ask(server, context=Context(budget=Budget(limits)), price_out_usd=10.0)
    assert len(server.asked) == 1


def test_what_a_failed_request_reserved_is_given_back():
    with FakeUpstream(failed(400)) as server:
        context = Context()
        refused(server, InvalidRequest, context=context)
    assert (context.budget.spent.tokens, context.budget.reserved.tokens) == (0, 0)


# Settings.


def settings(**keys):
    content = {name: Node(value, "plait.yaml", 3) for name, value in keys.items()}
    return parse(OpenAIOptions, Node(content, "plait.yaml", 2, "models.large"))


def test_one_line_makes_a_model_of_openai():
    options = settings(model="gpt-5-mini")
    engine = OpenAI("large", options, secret={"OPENAI_API_KEY": "k"}.get)
    target = engine._target()
    assert (target.url, target.key) == ("https://api.openai.com/v1", "k")
    assert target.limit_key == "max_completion_tokens"
    assert engine.remote
    assert options.host == "api.openai.com"


@pytest.mark.parametrize(
    "keys",
    [
        {"base_url": "api.openai.com"},
        {"base_url": "ftp://host/v1"},
        {"base_url": "https://me:secret@host/v1"},
        {"max_tokens": 0},
        {"context_tokens": 0},
        {"price_in_usd": -1.0},
        {"retries": -1},
        {"timeout_seconds": 0.0},
    ],
)
def test_settings_that_make_no_sense_are_refused_with_their_line(keys):
    with pytest.raises(InvalidSettings) as error:
        settings(model="m", **keys)
    assert error.value.where.startswith("plait.yaml:")
    assert "secret" not in str(error.value)
