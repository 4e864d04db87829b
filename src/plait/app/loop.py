"""One event loop in a thread of its own, for callers that have none."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from threading import Lock, Thread
from typing import Any, TypeVar

from plait.core.errors import EngineError
from plait.core.prompt import Chunk
from plait.core.response import ChatResponse

T = TypeVar("T")


class Loop:
    """Runs coroutines for threads; it starts with the first and ends with `close`."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._lock = Lock()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what the coroutine returns, or raise what it raises; Ctrl-C cancels it."""
        task = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return task.result()
        except KeyboardInterrupt:
            task.cancel()
            raise

    def close(self) -> None:
        """Stop the loop; a second time does nothing."""
        with self._lock:
            if self._loop is None or self._thread is None:
                return
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(
                    target=self._serve, args=(self._loop,), name="plait-loop", daemon=True
                )
                self._thread.start()
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()


async def told(
    pieces: AsyncGenerator[Chunk | ChatResponse, None], watch: Callable[[str], None]
) -> ChatResponse:
    """Tell each piece of an answer and return the whole."""
    async with aclosing(pieces) as events:
        async for event in events:
            if isinstance(event, ChatResponse):
                return event
            if event.text:
                watch(event.text)
    raise EngineError("engine_failed", "the answer ended without an end")
