"""Errors over HTTP: one JSON shape, and the status of each class, looked up here alone."""

from fastapi import FastAPI, Request, Response
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
    shown,
    suggestion,
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
_BY_CODE = {
    "key_missing": 401,
    "key_unknown": 401,
    "request_method": 405,
    "request_too_large": 413,
    "deadline_exceeded": 504,
}
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


def status_of(error: PlaitError) -> int:
    """Return the HTTP status of an error."""
    return _BY_CODE.get(error.code) or STATUS[type(error)]


def error_body(error: PlaitError) -> dict[str, Json]:
    """Return `{"error": {message, type, param, code}}`, the shape OpenAI's clients read."""
    status = status_of(error)
    usual = "invalid_request_error" if status < 499 else "api_error"
    return {
        "error": {
            "message": f"{error.message} ({error.hint})" if error.hint else error.message,
            "type": _TYPES.get(status, usual),
            "param": error.where or None,
            "code": error.code,
        }
    }


def error_response(error: PlaitError) -> Response:
    """Return an error as a response; clients that retry by themselves are told whether to."""
    status = status_of(error)
    headers = {"x-should-retry": "true" if error.retryable else "false"}
    if status == 401:
        headers["www-authenticate"] = 'Basic realm="plait: any name, an API key as password"'
    return Response(render(error_body(error)), status, headers, "application/json")


def refusal(request: Request, error: PlaitError) -> Response:
    """Return an error as the API of the address has it: that of `/v2` is one text."""
    response = error_response(error)
    if request.scope["path"].startswith("/v2"):
        response.body = render({"error": str(error)})
        response.headers["content-length"] = str(len(response.body))
    return response


def handle_errors(http: FastAPI) -> None:
    """Let every error of `http` have the one shape, the framework's own among them."""
    http.add_exception_handler(PlaitError, _on_plait_error)
    http.add_exception_handler(RequestValidationError, _on_invalid)
    http.add_exception_handler(HTTPException, _on_http_error)
    http.add_exception_handler(Exception, _on_unexpected)


async def _on_plait_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, PlaitError)
    return refusal(request, error)


async def _on_invalid(request: Request, error: Exception) -> Response:
    """Render a parameter that the framework could not read."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return refusal(request, InvalidRequest("request_shape", str(first["msg"]), where=place))


async def _on_http_error(request: Request, error: Exception) -> Response:
    """Render an unknown address, or a method that the address does not take."""
    assert isinstance(error, HTTPException)
    path = shown(request.url.path)
    if error.status_code != 405:
        hint = suggestion(request.url.path, list(request.app.openapi()["paths"]))
        unknown = UnknownName("unknown_route", f"no such address: {path}", hint=hint)
        return refusal(request, unknown)
    allowed = (error.headers or {}).get("Allow", "")
    response = refusal(
        request,
        InvalidRequest(
            "request_method", f"{path} does not take {request.method}", hint=f"it takes {allowed}"
        ),
    )
    response.headers["allow"] = allowed
    return response


async def _on_unexpected(request: Request, error: Exception) -> Response:
    """Render a fault of plait's own; the server's log has the traceback."""
    unexpected = f"unexpected {type(error).__name__}"
    return refusal(request, EngineError("engine_failed", unexpected, hint="please report it"))
