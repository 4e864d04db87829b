"""The HTTP application: every route of one `App`."""

import time
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from plait.app.app import App
from plait.core.ids import new_id
from plait.serve import (
    chat,
    console,
    docs,
    embeddings,
    files,
    health,
    invocations,
    models,
    oip,
    predict,
    records,
    vector_store_files,
    vector_stores,
)
from plait.serve.answer import Answering
from plait.serve.auth import Auth
from plait.serve.errors import handle_errors
from plait.serve.metrics import Metrics


def make(app: App, host: str = "127.0.0.1") -> FastAPI:
    """Return the ASGI application for `app`, as it is served on `host`."""
    auth, metrics = Auth(app, host), Metrics(app)
    answering = Answering(app, auth, metrics)
    http = _Http(
        title="plait",
        version=version("plait"),
        summary="Answers and predictions of one project, and the evidence behind them.",
        docs_url=None,  # the framework's page loads scripts from another host
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    predicting = predict.Predicting(app, auth, metrics)
    for rows in (predict, oip, invocations):
        http.include_router(rows.router(predicting))
    for part in (chat, embeddings, models, files, vector_stores, vector_store_files):
        http.include_router(part.router(answering))
    http.include_router(records.router(app, auth))
    http.include_router(health.router(app, auth, metrics))
    http.include_router(console.router(app, auth))
    http.include_router(docs.router(http))
    http.add_middleware(predict.Shortcut, predicting=predicting)
    handle_errors(http)
    return http


class _Http(FastAPI):
    """The framework's application within our middleware, its OpenAPI document telling of keys."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what answers; outermost of all, `Identified` sees unexpected errors too."""
        return Identified(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        document["components"]["securitySchemes"] = {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "description": "`plait keys add NAME` makes one. Needed unless the server listens "
                "on its own machine's address only.",
            }
        }
        document["security"] = [{"key": []}, {}]
        return document


class Identified:
    """Gives every response an `x-request-id` and a `Server-Timing`, and every GET its HEAD."""

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
                headers = message["headers"]
                names = [name for name, _ in headers]
                if b"x-request-id" not in names:
                    headers.append((b"x-request-id", new_id("req").encode()))
                if b"server-timing" not in names:
                    milliseconds = (time.perf_counter() - started) * 1000
                    headers.append((b"server-timing", f"total;dur={milliseconds:.3f}".encode()))
            await send(message)

        if scope["method"] == "HEAD":  # the server sends the headers alone
            scope = {**scope, "method": "GET"}
        await self._inner(scope, receive, identified)
