"""OpenAI's client, plait, a model on another server: the whole way, and what can go wrong on it."""

from contextlib import contextmanager
from functools import partial

import openai
import pytest

import plait
from plait.testing.upstream import FakeUpstream, broken, called, failed, half, html, said

HELLO = [{"role": "user", "content": "How long is an offer valid?"}]
SETTINGS = """\
project: far
models:
  small: {{engine: openai, model: tiny, base_url: {url}, timeout_seconds: 5, retries: 0}}
"""


@contextmanager
def desk_of(official, folder, *script):
    """Serve a project whose model `small` answers by a script; yield a client and the model."""
    with FakeUpstream(*script) as upstream:
        (folder / "plait.yaml").write_text(SETTINGS.format(url=upstream.url))
        with plait.open(folder) as app, official(app) as client:
            yield client, upstream, app


@pytest.fixture
def desk(official):
    """The context in which a project is served whose model answers by a script."""
    return partial(desk_of, official)


def ask(client, **more):
    return client.chat.completions.create(model="small", messages=HELLO, **more)


def test_there_and_back(desk, tmp_path):
    with desk(tmp_path, said("30", " days", prompt_tokens=9)) as (client, upstream, app):
        answer = ask(client, temperature=0.5, max_tokens=5, seed=3)
        assert answer.choices[0].message.content == "30 days"
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (9, 2)
        assert answer.model == "small"
        assert answer.model_extra["plait"]["spoken"] == "small"
        sent = upstream.asked[0].body
        assert (sent["temperature"], sent["max_tokens"], sent["seed"]) == (0.5, 5, 3)
        *pieces, usage = ask(client, stream=True, stream_options={"include_usage": True})
        assert "".join(each.choices[0].delta.content or "" for each in pieces) == "30 days"
        assert usage.usage.completion_tokens == 2
        assert app.explain(usage.id)["status"] == "done"


def test_tool_calls(desk, tmp_path):
    tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
    with desk(tmp_path, called("look", '{"x"', ": 1}")) as (client, upstream, _):
        (call,) = ask(client, tools=[tool]).choices[0].message.tool_calls
        assert (call.id, call.function.name, call.function.arguments) == (
            "call_1",
            "look",
            '{"x": 1}',
        )
        assert upstream.asked[0].body["tools"] == [tool]
        pieces = [each.choices[0] for each in ask(client, tools=[tool], stream=True)]
        told = [
            each.delta.tool_calls[0].function.arguments for each in pieces if each.delta.tool_calls
        ]
        assert "".join(told) == '{"x": 1}'
        assert pieces[-1].finish_reason == "tool_calls"


@pytest.mark.parametrize("streams", [False, True])
def test_a_model_that_fails_is_an_error_and_the_service_goes_on(desk, tmp_path, streams):
    script = (failed(500), html(), failed(401), broken(), half(), said("yes"))
    codes = ["upstream_failed", "upstream_garbled", "upstream_refused"]
    with desk(tmp_path, *script) as (client, _, _):
        for code in codes:
            with pytest.raises(openai.InternalServerError) as caught:
                list(ask(client, stream=streams))
            assert caught.value.code == code
        for _ in range(2):  # in mid-answer: with a stream one event, and the end
            with pytest.raises(openai.APIError) as caught:
                list(ask(client, stream=streams))
            assert caught.value.code.startswith("upstream_")
        assert ask(client).choices[0].message.content == "yes"


def test_a_model_that_is_not_there(desk, tmp_path):
    with desk(tmp_path) as (client, upstream, _):
        upstream.close()
        with pytest.raises(openai.InternalServerError) as caught:
            ask(client)
        assert caught.value.code == "upstream_unreachable"
        assert caught.value.response.headers["x-should-retry"] == "true"


def test_a_caller_that_leaves_frees_the_model(desk, tmp_path):
    slow = said(*["word "] * 200, pause=0.02)
    with desk(tmp_path, slow) as (client, upstream, app):
        pieces = ask(client, stream=True)
        first = next(iter(pieces))
        pieces.close()
        assert upstream.left.wait(2)
        app.store.flush()
        assert app.explain(first.id)["status"] == "cancelled"
