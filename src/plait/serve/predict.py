"""POST /v1/predict/{contract}: rows in, predictions out."""

import asyncio
import operator
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeAlias, cast

from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from plait.app.app import App
from plait.core.columns import Row
from plait.core.context import Context
from plait.core.errors import InvalidRequest, PlaitError, shown
from plait.core.history import forecast_request
from plait.core.ids import Json
from plait.core.request import ForecastRequest, PredictRequest
from plait.core.response import Forecast, PredictResponse
from plait.flow.handle import inline
from plait.serve.auth import Auth
from plait.serve.errors import refusal
from plait.serve.json import parse_object, read_body, render
from plait.serve.metrics import Metrics
from plait.serve.shape import ERRORS, MAX_REASONS, PREDICT_BODY, Forecasts, Predictions, Watched
from plait.serve.timing import tell

PATH = "/v1/predict/"
"""What stands before the contract's name."""

_SHOW = operator.methodcaller("record")
_INLINE_ROWS = 20  # answered in less than the 0.1 ms that the way to a thread and back takes

Read: TypeAlias = Callable[[Mapping[str, object]], PredictRequest | ForecastRequest]
"""Reads a body; what it raises is rendered."""
Show: TypeAlias = Callable[[Any], object]
"""Turns the answer into what is rendered."""


class Predicting:
    """Answers rows, whichever API they came by, and counts them.

    Attributes:
        app: that answers.
        auth: who may ask.
        metrics: where it is counted.
    """

    def __init__(self, app: App, auth: Auth, metrics: Metrics) -> None:
        self.app = app
        self.auth = auth
        self.metrics = metrics
        self._pool = ThreadPoolExecutor(os.cpu_count(), "plait-predict")

    async def __call__(self, request: Request, contract: str, read: Read, show: Show) -> Response:
        """Answer a request for predictions of `contract`; its errors are rendered here."""
        try:
            context = self.app.context(self.auth.principal(request, "predict"))
        except PlaitError as error:
            return refusal(request, error)
        count = 0
        try:
            with context.span("read"):
                sent = await read_body(request)
            with context.span("parse"):
                wanted = read(parse_object(sent))
            count = len(wanted.rows) if isinstance(wanted, PredictRequest) else 1
            body = render(show(await self._answer(wanted, context)))
            status, response = "done", Response(body, media_type="application/json")
        except PlaitError as error:
            status, response = error.code, refusal(request, error)
        total = tell(response, context)
        self.metrics.observe(contract, status, context.trace.spans, total, count)
        return response

    async def _answer(
        self, wanted: PredictRequest | ForecastRequest, context: Context
    ) -> PredictResponse | Forecast:
        """Answer here, or in a thread when others would have to wait for it."""
        task = self.app.live.tasks().get(wanted.contract)
        quick = task is None or task.quick
        if quick and isinstance(wanted, PredictRequest) and _few(wanted):
            return await self.app.handle(wanted, context)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, inline, self.app.handle(wanted, context))


def _few(wanted: PredictRequest) -> bool:
    return wanted.reasons == 0 and len(wanted.rows) <= _INLINE_ROWS


class Shortcut:
    """Answers rows before the framework looks for a route; middleware of it.

    Its own way, through a table of routes to the arguments of an endpoint, takes several times as
    long as the engine takes for a row (`bench/serving.py`).
    """

    def __init__(self, inner: ASGIApp, predicting: Predicting) -> None:
        self._inner = inner
        self._predicting = predicting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or pass the connection on."""
        contract = _contract(scope)
        if not contract:
            await self._inner(scope, receive, send)
            return
        response = await _answer(self._predicting, Request(scope, receive, send), contract)
        await response(scope, receive, send)


def router(predicting: Predicting) -> APIRouter:
    """Return the routes of predictions."""
    routes = APIRouter(tags=["predictions"], responses=ERRORS)

    @routes.post(
        f"{PATH}{{contract}}",
        response_model=Predictions | Forecasts | Watched,
        openapi_extra=PREDICT_BODY,
    )
    async def predict(contract: str, request: Request) -> Response:
        """Answer rows, or go on with a series, by the champion of a contract."""
        return await _answer(predicting, request, contract)

    return routes


def _contract(scope: Scope) -> str:
    """Return the contract that a connection asks for a prediction; "" where it asks otherwise."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return ""
    path: str = scope["path"]
    contract = path[len(PATH) :] if path.startswith(PATH) else ""
    return "" if "/" in contract else contract


async def _answer(predicting: Predicting, request: Request, contract: str) -> Response:
    return await predicting(request, contract, partial(_request, contract), _SHOW)


def _request(contract: str, body: Mapping[str, object]) -> PredictRequest | ForecastRequest:
    """Read the body; whether each row is one is for the contract's schema to say."""
    if "history" in body and "rows" not in body:
        return forecast_request(contract, cast("Mapping[str, Json]", body))
    for name in body:
        if name not in ("rows", "reasons"):
            raise InvalidRequest(
                "request_shape",
                f"unknown key {shown(name)}",
                where=name,
                hint="known: rows, reasons",
            )
    rows, reasons = body.get("rows"), body.get("reasons", 0)
    if not isinstance(rows, list):
        raise InvalidRequest(
            "request_shape",
            "`rows` is not a list" if "rows" in body else "there is no `rows`",
            where="rows",
            hint='send {"rows": [{"field": value, ...}]}',
        )
    if type(reasons) is not int or not 0 <= reasons <= MAX_REASONS:
        raise InvalidRequest(
            "request_shape",
            f"`reasons` is {shown(reasons)}, not a whole number from 0 to {MAX_REASONS}",
            where="reasons",
        )
    return PredictRequest(
        contract=contract, rows=cast("tuple[Row, ...]", tuple(rows)), reasons=reasons
    )
