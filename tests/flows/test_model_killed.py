"""A local model that is killed in mid-answer costs one request: over HTTP, by OpenAI's client."""

import os
import signal
import threading

import openai
import pytest

import plait
from plait.registry.pull import platform_cache, pull

SETTINGS = """\
project: near
models:
  small: {engine: llamacpp, weights: smollm2-135m, threads: 1, slots: 2, context_tokens: 512}
"""
COUNT = [{"role": "user", "content": "Count from 1 to 500."}]


@pytest.fixture
def served(official, tmp_path):
    """A served project with the small model, and a client of it."""
    pull("smollm2-135m", platform_cache())
    (tmp_path / "plait.yaml").write_text(SETTINGS)
    with plait.open(tmp_path) as app, official(app) as client:
        yield app, client


def test_the_stream_ends_with_one_error_and_the_next_request_is_answered(served):
    app, client = served

    def stream(**more):
        return client.chat.completions.create(model="small", messages=COUNT, stream=True, **more)

    heard = []

    def listen_on():
        for chunk in stream(max_tokens=400, temperature=0):
            heard.append(chunk)
            if len(heard) == 4:
                os.kill(app.models.generator("small").pid, signal.SIGKILL)

    with pytest.raises(openai.APIError) as caught:
        listen_on()
    assert caught.value.code == "engine_stopped"
    assert app.explain(heard[0].id)["status"] == "engine_stopped"
    said = "".join(
        chunk.choices[0].delta.content or "" for chunk in stream(max_tokens=5, temperature=0)
    )
    assert said


def test_several_talk_at_once_and_one_who_leaves_disturbs_nobody(served):
    _, client = served
    said = {}

    def talk(number):
        stream = client.chat.completions.create(
            model="small", messages=COUNT, stream=True, max_tokens=20, temperature=0, seed=number
        )
        for at, chunk in enumerate(stream):
            said[number] = said.get(number, "") + (chunk.choices[0].delta.content or "")
            if number == 0 and at == 2:
                stream.close()
                return

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said[1] == said[2] == said[3]
    assert said[1].startswith(said[0])
