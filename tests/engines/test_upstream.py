"""Waiting for a server while somebody may leave, and what it may say about waiting."""

import asyncio
import time

import pytest

from plait.core.budget import Budget, Limits
from plait.core.context import Context
from plait.core.errors import BudgetExceeded, Cancelled, EngineError
from plait.core.prompt import Message, Prompt
from plait.engines.upstream import Target, Upstream, _after, watched
from plait.testing.clock import FakeClock
from plait.testing.upstream import FakeUpstream


async def soon(value):
    await asyncio.sleep(0.01)
    if isinstance(value, Exception):
        raise value
    return value


def test_what_is_waited_for_comes_through():
    assert asyncio.run(watched(soon(7), Context())) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(watched(soon(ZeroDivisionError()), Context()))


@pytest.mark.parametrize("why", ["cancel", "deadline", "patience"])
def test_waiting_ends_soon_after_its_reason(why):
    async def wait():
        stopped = asyncio.Event()

        async def forever():
            try:
                await asyncio.sleep(60)
            finally:
                stopped.set()

        limits = Limits(deadline_seconds=0.1 if why == "deadline" else None)
        context = Context(budget=Budget(limits))
        if why == "cancel":
            asyncio.get_running_loop().call_later(0.1, context.cancel.request, "left")
        started = time.monotonic()
        kinds = {"cancel": Cancelled, "deadline": BudgetExceeded, "patience": TimeoutError}
        with pytest.raises(kinds[why]):
            await watched(forever(), context, seconds=0.1 if why == "patience" else None)
        assert time.monotonic() - started < 1.0
        await asyncio.wait_for(stopped.wait(), 1.0)

    asyncio.run(wait())


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "-2"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "2", "retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "2", "retry-after-ms": "x"}, 2.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:30 GMT"}, 10.0),
        ({"retry-after": "Tue, 14 Nov 2023 22:13:10 GMT"}, 0.0),
        ({"retry-after": "nan"}, 0.0),
        ({"retry-after": "inf"}, float("inf")),
    ],
)
def test_the_wish_to_be_left_alone_is_read_in_all_its_forms(headers, seconds):
    assert _after(headers, FakeClock()) == seconds


def test_no_more_is_reserved_than_the_model_can_read_and_write():
    async def ask(url, tokens):
        upstream = Upstream(silence_seconds=5, retries=0, keep_seconds=0.0, proxies=False)
        target = Target(where="m", url=url, model="m", max_tokens=500, context_tokens=100)
        prompt = Prompt(messages=(Message(role="user", content="word " * 1000),))
        context = Context(budget=Budget(Limits(tokens=tokens)))
        return [chunk async for chunk in upstream.stream(lambda: target, prompt, context)]

    with FakeUpstream() as server:
        assert asyncio.run(ask(server.url, 100))
        with pytest.raises(BudgetExceeded):
            asyncio.run(ask(server.url, 99))


@pytest.fixture
def far(monkeypatch):
    """Ask a server far away, by a proxy with a password."""

    async def walk(scheme, key):
        upstream = Upstream(silence_seconds=5, retries=0, keep_seconds=0.0, proxies=True)
        target = Target(where="m", url=f"{scheme}://far.example/v1", model="m", key=key)
        prompt = Prompt(messages=(Message(role="user", content="Hi"),))
        return [chunk async for chunk in upstream.stream(lambda: target, prompt, Context())]

    def ask(proxy, *, scheme="http", key=""):
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv(f"{scheme}_proxy", proxy.replace("//", "//user:hidden@"))
        return asyncio.run(walk(scheme, key))

    return ask


@pytest.mark.parametrize("key", ["", "sk-1"])
def test_the_proxy_is_used_and_what_netrc_holds_goes_to_nobody(far, key, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login me password mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with FakeUpstream() as server:
        assert far(server.url.removesuffix("/v1"), key=key)
    (asked,) = server.asked
    assert asked.path == "http://far.example/v1/chat/completions"
    assert asked.headers.get("authorization") == (f"Bearer {key}" if key else None)
    assert asked.headers["proxy-authorization"] == "Basic dXNlcjpoaWRkZW4="


def test_the_password_of_a_proxy_is_in_no_error(far):
    with FakeUpstream() as server:  # it knows no CONNECT
        for proxy in (server.url.removesuffix("/v1"), "http://127.0.0.1:99999", "ftp://"):
            with pytest.raises(EngineError) as refused:
                far(proxy, scheme="https")
            assert refused.value.code == "upstream_unreachable"
            assert "hidden" not in str(refused.value)
