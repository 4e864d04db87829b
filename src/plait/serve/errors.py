"""Errors over HTTP: one JSON shape, and the status of each class, looked up here alone."""

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from plait.core.errors import (
    BudgetExceeded,
    Cancelled,
    EngineError,
    InvalidData,
    InvalidRequest,
    InvalidSettings,
    JobError,
    MissingExtra,
    NotAllowed,
    OriginError,
    PlaitError,
    Refused,
    StoreError,
    UnknownName,
)
from plait.core.ids import Json
from plait.serve.json import render

STATUS: dict[type[PlaitError], int] = {
    InvalidSettings: 400,
    InvalidData: 400,
    InvalidRequest: 400,
    UnknownName: 404,
    NotAllowed: 403,
    MissingExtra: 501,
    Refused: 400,
    BudgetExceeded: 400,
    Cancelled: 499,
    EngineError: 502,
    StoreError: 503,
    OriginError: 503,
    JobError: 502,
}
_BY_CODE = {"key_missing": 401, "key_unknown": 401, "request_too_large": 413}
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
}


def status_of(error: PlaitError) -> int:
    """Return the HTTP status of an error."""
    return _BY_CODE.get(error.code) or STATUS[type(error)]


def error_body(error: PlaitError) -> dict[str, Json]:
    """Return `{"error": {message, type, param, code}}`, the shape OpenAI's clients read."""
    return {
        "error": {
            "message": f"{error.message} ({error.hint})" if error.hint else error.message,
            "type": _TYPES.get(status_of(error), "api_error"),
            "param": error.where or None,
            "code": error.code,
        }
    }


def error_response(error: PlaitError, request_id: str = "") -> Response:
    """Return an error as a response; clients that retry by themselves are told whether to."""
    status = status_of(error)
    headers = {"x-should-retry": "true" if error.retryable else "false"}
    if request_id:
        headers["x-request-id"] = request_id
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="plait: any name, an API key as password"'
    return Response(render(error_body(error)), status, headers, "application/json")


async def on_plait_error(_: Request, error: Exception) -> Response:
    """Render an error of plait's own."""
    assert isinstance(error, PlaitError)
    return error_response(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Render what the framework refuses by itself: an unknown address, a wrong method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        unknown = UnknownName("unknown_route", f"no such address: {request.url.path}", hint="/docs")
        return error_response(unknown)
    body = {
        "error": {
            "message": str(error.detail),
            "type": _TYPES.get(error.status_code, "invalid_request_error"),
            "param": None,
            "code": "method_not_allowed" if error.status_code == 405 else "http_error",
        }
    }
    return Response(render(body), error.status_code, error.headers, "application/json")


async def on_invalid(_: Request, error: Exception) -> Response:
    """Render a parameter that the framework could not read."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return error_response(InvalidRequest("request_shape", str(first["msg"]), where=place))
