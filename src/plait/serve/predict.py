"""POST /v1/predict/{contract}: rows in, predictions out."""

import asyncio
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import cast

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.columns import Row
from plait.core.context import Context
from plait.core.errors import InvalidRequest, PlaitError, shown
from plait.core.request import PredictRequest
from plait.core.response import PredictResponse
from plait.flow.handle import inline
from plait.serve.auth import Auth
from plait.serve.errors import error_response
from plait.serve.json import parse_object, read_body, render
from plait.serve.metrics import Metrics
from plait.serve.shape import ERRORS, MAX_REASONS, PREDICT_BODY, Predictions
from plait.serve.timing import tell

_INLINE_ROWS = 20  # answered in less than the 0.1 ms that the way to a thread and back takes


def router(app: App, auth: Auth, metrics: Metrics) -> APIRouter:
    """Return the routes of predictions."""
    routes = APIRouter(tags=["predictions"], responses=ERRORS)
    pool = ThreadPoolExecutor(os.cpu_count(), "plait-predict")

    async def answer(wanted: PredictRequest, context: Context) -> PredictResponse:
        """Answer here, or in a thread when others would have to wait for it."""
        task = app.live.tasks().get(wanted.contract)
        quick = task is None or task.quick
        if quick and wanted.reasons == 0 and len(wanted.rows) <= _INLINE_ROWS:
            return await app.handle(wanted, context)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, inline, app.handle(wanted, context))

    @routes.post("/v1/predict/{contract}", response_model=Predictions, openapi_extra=PREDICT_BODY)
    async def predict(contract: str, request: Request) -> Response:
        """Answer rows by the champion of a contract."""
        context = app.context(auth.principal(request, "predict"))
        count = 0
        try:
            with context.span("read"):
                sent = await read_body(request)
            with context.span("parse"):
                wanted = _request(contract, parse_object(sent))
            count = len(wanted.rows)
            body = render((await answer(wanted, context)).record())
            status, response = "done", Response(body, media_type="application/json")
        except PlaitError as error:
            status, response = error.code, error_response(error)
        total = tell(response, context)
        metrics.observe(contract, status, context.trace.spans, total, count)
        return response

    return routes


def _request(contract: str, body: Mapping[str, object]) -> PredictRequest:
    """Read the body; whether each row is one is for the contract's schema to say."""
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
