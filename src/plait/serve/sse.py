"""Server-sent events: each leaves at once, and the work stops when the caller leaves."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from fastapi import Response
from starlette.types import Receive, Scope, Send

from plait.core.context import Context
from plait.core.errors import Cancelled, PlaitError
from plait.serve.errors import error_body, error_response
from plait.serve.json import render
from plait.serve.timing import tell

T = TypeVar("T")
DONE = b"data: [DONE]\n\n"
_COMMENT = b": still there\n\n"
_QUIET_SECONDS = 15.0  # proxies drop a connection that says nothing for a minute, some for half


def event(value: Mapping[str, object]) -> bytes:
    """Return one event."""
    return b"data: " + render(value) + b"\n\n"


async def attended(receive: Receive, context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Do `work` as long as the caller is there.

    Raises:
        Cancelled: the caller left; the work has been told and has ended.
    """
    doing = asyncio.create_task(work)
    leaving = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait((doing, leaving), return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise Cancelled("cancelled", "the caller left before the answer was complete")
    finally:
        if not doing.done():
            context.cancel.request("the caller left")
            doing.cancel()
        leaving.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """An answer in events.

    What goes wrong before the first event has the status of an error; what goes wrong later is one
    event more, and the end. While nothing comes, comments keep the connection alive.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        context: Context,
        ended: Callable[[str, float], object],
    ) -> None:
        """Make the response.

        Args:
            events: whole events.
            context: of the request.
            ended: told in the end the status, and the seconds to the first event.
        """
        super().__init__(headers={"cache-control": "no-cache", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._events = events
        self._context = context
        self._ended = ended
        self._turn = asyncio.Lock()  # the comments come from a task of their own
        self._first = 0.0
        self._last = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        status = "cancelled"
        try:
            with suppress(Cancelled):
                status = await attended(receive, self._context, self._tell(scope, receive, send))
        finally:
            self._ended(status, self._first)

    async def _tell(self, scope: Scope, receive: Receive, send: Send) -> str:
        """Send every event; return the status of the request."""
        failure: PlaitError | None = None
        comments = asyncio.create_task(self._comment(send))
        try:
            async with aclosing(self._events) as events:
                async for each in events:
                    self._first = self._first or self._context.trace.elapsed()
                    await self._send(send, each)
        except PlaitError as error:
            failure = error
        finally:
            comments.cancel()
            await asyncio.gather(comments, return_exceptions=True)
        if failure is None:
            await self._send(send, b"", more=False)
            return "done"
        if self._last:
            await self._send(send, event(error_body(failure)), more=False)
        else:
            response = error_response(failure)
            tell(response, self._context)
            await response(scope, receive, send)
        return failure.code

    async def _comment(self, send: Send) -> None:
        """Say something whenever nothing was said for a while."""
        last = self._last
        while True:
            await asyncio.sleep(_QUIET_SECONDS)
            if self._last == last:
                await self._send(send, _COMMENT)
            last = self._last

    async def _send(self, send: Send, data: bytes, *, more: bool = True) -> None:
        async with self._turn:
            begun, self._last = self._last, self._context.trace.elapsed()
            if not begun:
                tell(self, self._context)
                await send(
                    {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                )
            await send({"type": "http.response.body", "body": data, "more_body": more})
