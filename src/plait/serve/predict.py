"""POST /v1/predict/{contract}: rows in, predictions out."""

import time
from collections.abc import Mapping
from typing import Any, cast

from fastapi import APIRouter, Request, Response

from plait.app.app import App
from plait.core.columns import Row
from plait.core.context import Context
from plait.core.errors import InvalidRequest, PlaitError
from plait.core.request import PredictRequest
from plait.serve.auth import Auth
from plait.serve.errors import error_response
from plait.serve.json import read_object, render
from plait.serve.metrics import Metrics

MAX_REASONS = 100


def router(app: App, auth: Auth, metrics: Metrics) -> APIRouter:
    """Return the routes of predictions."""
    routes = APIRouter(tags=["predictions"])

    @routes.post("/v1/predict/{contract}", openapi_extra=_OPENAPI, response_class=Response)
    async def predict(contract: str, request: Request) -> Response:
        """Answer rows by the champion of a contract."""
        context = app.context(auth.principal(request, "predict"))
        started = time.perf_counter()
        known = contract in app.project.settings.contracts
        status, count = "ok", 0
        try:
            wanted = _request(contract, await read_object(request))
            count = len(wanted.rows)
            response = await app.handle(wanted, context)
            body = render(response.record())
            return Response(body, 200, _headers(context, started), "application/json")
        except PlaitError as error:
            status = error.code
            return error_response(error, context.trace.id)
        finally:
            seconds = context.trace.seconds()
            metrics.observe(
                contract if known else "unknown",
                status,
                time.perf_counter() - started,
                seconds.get("answer", 0.0),
                count,
            )

    return routes


def _request(contract: str, body: Mapping[str, object]) -> PredictRequest:
    for name in body:
        if name not in ("rows", "reasons"):
            raise InvalidRequest(
                "request_shape", f"unknown key {name!r}", where=name, hint="known: rows, reasons"
            )
    rows, reasons = body.get("rows"), body.get("reasons", 0)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InvalidRequest(
            "request_shape",
            "`rows` is not a list of objects",
            where="rows",
            hint='send {"rows": [{"field": value, ...}]}',
        )
    if reasons.__class__ is not int or not 0 <= cast(int, reasons) <= MAX_REASONS:
        raise InvalidRequest(
            "request_shape",
            f"`reasons` is {reasons!r}, not a whole number from 0 to {MAX_REASONS}",
            where="reasons",
        )
    return PredictRequest(
        contract=contract, rows=cast("tuple[Row, ...]", tuple(rows)), reasons=cast(int, reasons)
    )


def _headers(context: Context, started: float) -> dict[str, str]:
    stages = [f"{name};dur={s * 1000:.3f}" for name, s in context.trace.seconds().items()]
    stages.append(f"total;dur={(time.perf_counter() - started) * 1000:.3f}")
    return {"x-request-id": context.trace.id, "server-timing": ", ".join(stages)}


_SCALAR = {"anyOf": [{"type": kind} for kind in ("number", "string", "boolean", "null")]}
_OPENAPI: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["rows"],
                    "additionalProperties": False,
                    "properties": {
                        "rows": {
                            "type": "array",
                            "items": {"type": "object", "additionalProperties": _SCALAR},
                        },
                        "reasons": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": MAX_REASONS,
                            "default": 0,
                            "description": "How many reasons to give per row.",
                        },
                    },
                }
            }
        },
    }
}
