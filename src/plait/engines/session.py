"""Connections of an engine that is used from several event loops: one session for each.

The environment's proxies are read here, as aiohttp would read the user's ~/.netrc with them and
send its passwords.
"""

import asyncio
from collections.abc import AsyncGenerator
from importlib import import_module
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from plait.core.extras import missing

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 1.0


def proxy_of(url: str) -> str | None:
    """Return the proxy that the environment names for `url`; None when it names none."""
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if not proxy or proxy_bypass(parts.netloc):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


class Sessions:
    """Opens a session in each loop that asks for one, and closes it when the loop ends."""

    def __init__(self, *, keep_seconds: float) -> None:
        """Open nothing yet.

        Args:
            keep_seconds: how long an idle connection is kept for the next request; 0 takes a new
                one each time.
        """
        self._keep_seconds = keep_seconds
        self._kept: dict[
            asyncio.AbstractEventLoop,
            tuple[AsyncGenerator[aiohttp.ClientSession], aiohttp.ClientSession],
        ] = {}

    async def get(self) -> "aiohttp.ClientSession":
        """Return the session of the running loop.

        Raises:
            MissingExtra: aiohttp is not installed.
        """
        loop = asyncio.get_running_loop()
        if loop not in self._kept:
            for other in list(self._kept):
                if other.is_closed():  # it ended without a word
                    del self._kept[other]
            keeper = self._keep(loop)
            self._kept[loop] = (keeper, await anext(keeper))  # does not let go of the loop
        return self._kept[loop][1]

    async def close(self) -> None:
        """Close the sessions of all loops, as far as they still turn."""
        here = asyncio.get_running_loop()
        elsewhere = set()
        for loop, (keeper, _) in list(self._kept.items()):
            if loop is here:
                await keeper.aclose()
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(_close(keeper), loop)
                elsewhere.add(asyncio.wrap_future(closing))
        if elsewhere:  # a loop may be waiting for this one
            await asyncio.wait(elsewhere, timeout=_CLOSE_SECONDS)

    async def _keep(
        self, loop: asyncio.AbstractEventLoop
    ) -> "AsyncGenerator[aiohttp.ClientSession]":
        """Hold a session open: a loop closes the generators in it before it ends."""
        try:
            library = import_module("aiohttp")
        except ImportError:
            raise missing("aiohttp") from None
        keep = {"keepalive_timeout": self._keep_seconds} if self._keep_seconds else {}
        connector = library.TCPConnector(limit=0, force_close=not keep, **keep)
        session: aiohttp.ClientSession = library.ClientSession(
            connector=connector,
            cookie_jar=library.DummyCookieJar(),
            timeout=library.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            trust_env=False,  # it would send what ~/.netrc holds
        )
        try:
            yield session
        finally:
            self._kept.pop(loop, None)
            await session.close()


async def _close(keeper: "AsyncGenerator[aiohttp.ClientSession]") -> None:
    await keeper.aclose()
