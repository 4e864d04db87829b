"""The one JSON encoder and decoder of the HTTP room."""

from collections.abc import Mapping

import orjson
from fastapi import Request

from plait.core.errors import InvalidRequest

MAX_BODY = 16 * 1024 * 1024


def render(value: object) -> bytes:
    """Return `value` as JSON."""
    return orjson.dumps(value)


async def read_object(request: Request) -> Mapping[str, object]:
    """Return the body, which must be a JSON object.

    Raises:
        InvalidRequest: it is too large, not JSON, or not an object.
    """
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _too_large()
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            "request_not_json", f"the body is not JSON: {error}", hint="send a JSON object"
        ) from None
    if not isinstance(value, dict):
        raise InvalidRequest("request_shape", "the body is not a JSON object")
    return value


def _too_large() -> InvalidRequest:
    return InvalidRequest(
        "request_too_large",
        f"the body is larger than {MAX_BODY // 1024 // 1024} MiB",
        hint="send fewer rows at a time",
    )
