"""One session for each loop, for as long as the loop turns."""

import asyncio
import sys
from threading import Thread

import pytest

from plait.core.errors import MissingExtra
from plait.engines.session import Sessions, proxy_of


def sessions():
    return Sessions(keep_seconds=5.0)


def test_a_loop_has_one_session_and_closes_it_at_its_end():
    several = sessions()

    async def twice():
        first, second = await asyncio.gather(several.get(), several.get())
        assert first is second
        assert not first.closed
        return first

    first = asyncio.run(twice())
    assert first.closed
    assert asyncio.run(twice()) is not first
    assert not several._kept


def test_closing_reaches_the_loops_of_other_threads():
    several = sessions()
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    there = asyncio.run_coroutine_threadsafe(several.get(), loop).result(5)

    async def here():
        mine = await several.get()
        await several.close()
        return mine

    assert asyncio.run(here()).closed
    assert there.closed
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.mark.parametrize(
    ("named", "url", "proxy"),
    [
        ({}, "http://far.example/v1", None),
        ({"http_proxy": "http://p:1"}, "http://far.example/v1", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "https://far.example/v1", None),
        ({"https_proxy": "p:1"}, "https://far.example/v1", "http://p:1"),
        ({"http_proxy": "p:1", "no_proxy": "far.example"}, "http://far.example:8/v1", None),
        ({"http_proxy": "p:1", "no_proxy": "far.example:8"}, "http://far.example:8/v1", None),
        ({"http_proxy": "p:1", "no_proxy": "far.example:8"}, "http://far.example/v1", "http://p:1"),
    ],
)
def test_the_environment_names_the_proxy(monkeypatch, named, url, proxy):
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(url) == proxy


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    with pytest.raises(MissingExtra, match=r"plait\[chat\]"):
        asyncio.run(sessions().get())
