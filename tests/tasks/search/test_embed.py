"""Texts into vectors, behind one request."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from plait.core.context import Context
from plait.core.errors import EngineError
from plait.core.request import EmbedRequest
from plait.tasks.search.embed import EmbedTask


async def work(function, *args):
    return function(*args)


def lengths(texts, context):
    return [[float(len(text))] for text in texts]


def run(embedder):
    task = EmbedTask(lambda: embedder, work)
    return asyncio.run(task.run(EmbedRequest(model="m", texts=("a", "bcd")), Context()))


def test_each_text_has_its_vector_and_the_artefact_is_named():
    embedder = SimpleNamespace(
        embed=lengths, artefact=SimpleNamespace(id="art_1"), count=lambda texts: 7
    )
    found = run(embedder)
    assert found.vectors == ([1.0], [3.0])
    assert (found.model, found.artefact, found.tokens) == ("m", "art_1", 7)


def test_nothing_is_read_on_the_event_loop():
    threads = []

    def embed(texts, context):
        threads.append(threading.current_thread())
        return lengths(texts, context)

    def count(texts):
        threads.append(threading.current_thread())
        return 0

    task = EmbedTask(lambda: SimpleNamespace(embed=embed, count=count), asyncio.to_thread)
    asyncio.run(task.run(EmbedRequest(model="m", texts=("a",)), Context()))
    assert len(threads) == 2
    assert threading.main_thread() not in threads


def test_an_embedder_may_be_plain():
    found = run(SimpleNamespace(embed=lengths))
    assert (found.artefact, found.tokens) == ("", 0)


def test_its_error_comes_out():
    def fail(texts, context):
        raise EngineError("engine_failed", "no")

    with pytest.raises(EngineError):
        run(SimpleNamespace(embed=fail))
