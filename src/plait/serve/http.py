"""The HTTP application: every route of one `App`."""

import time
from importlib.metadata import version

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plait.app.app import App
from plait.core.errors import PlaitError
from plait.core.ids import new_id
from plait.serve import console, health, predict, records
from plait.serve.auth import Auth
from plait.serve.errors import on_http_error, on_invalid, on_plait_error
from plait.serve.metrics import Metrics


def make(app: App, host: str = "127.0.0.1") -> FastAPI:
    """Return the ASGI application for `app`, as it is served on `host`."""
    auth, metrics = Auth(app, host), Metrics()
    http = FastAPI(
        title="plait",
        version=version("plait"),
        summary="Predictions of the contracts of one project, and the evidence behind them.",
        redoc_url=None,
    )
    http.include_router(predict.router(app, auth, metrics))
    http.include_router(records.router(app, auth))
    http.include_router(health.router(app, auth, metrics))
    http.include_router(console.router(app, auth))
    http.add_exception_handler(PlaitError, on_plait_error)
    http.add_exception_handler(HTTPException, on_http_error)
    http.add_exception_handler(RequestValidationError, on_invalid)
    http.add_middleware(Identified)
    return http


class Identified:
    """Gives every response an `x-request-id` and a `Server-Timing`, unless its route did."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()

        async def identified(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("x-request-id", new_id("req"))
                milliseconds = (time.perf_counter() - started) * 1000
                headers.setdefault("server-timing", f"total;dur={milliseconds:.3f}")
            await send(message)

        await self._inner(scope, receive, identified)
