"""An event loop for callers that have none."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from plait.app.loop import Loop


@pytest.fixture
def loop():
    loop = Loop()
    yield loop
    loop.close()


async def add(a, b):
    await asyncio.sleep(0)
    return a + b


def test_it_runs_for_many_threads_on_one_loop(loop):
    async def which():
        return id(asyncio.get_running_loop())

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: loop.run(which()), range(8)))) == 1
    assert loop.run(add(1, 2)) == 3


def test_an_error_reaches_the_caller(loop):
    async def fail():
        raise KeyError("x")

    with pytest.raises(KeyError):
        loop.run(fail())


def test_closed_it_starts_again(loop):
    loop.close()
    assert loop.run(add(1, 1)) == 2
    loop.close()
    loop.close()
