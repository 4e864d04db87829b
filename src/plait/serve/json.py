"""The one JSON encoder and decoder of the HTTP room."""

from collections.abc import AsyncIterator, Mapping
from typing import cast

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect

from plait.core.errors import Cancelled, InvalidRequest

MAX_BODY = 16 * 1024 * 1024


def render(value: object) -> bytes:
    """Return `value` as JSON."""
    return orjson.dumps(value)


async def read_body(request: Request) -> bytes:
    """Return the body.

    Raises:
        InvalidRequest: it is larger than `MAX_BODY`.
        Cancelled: the caller left before all of it came.
    """
    return b"".join([part async for part in body_parts(request, MAX_BODY)])


async def body_parts(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield the body as it comes; raises as `read_body` does, for more than `most` bytes."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:12]) > most:
        raise _too_large(most)
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise _too_large(most)
            yield part
    except ClientDisconnect:
        raise Cancelled("cancelled", "the caller left before the body was complete") from None


def parse_object(body: bytes) -> Mapping[str, object]:
    """Return the JSON object that a body holds.

    Raises:
        InvalidRequest: it is not JSON, holds a number beyond all floats, or is not an object.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(
            "request_not_json",
            f"the body is not JSON that can be read: {error}",
            hint="send UTF-8 JSON; a missing value is null, and no number is NaN or infinite",
        ) from None
    if not isinstance(value, dict):
        raise InvalidRequest("request_shape", "the body is not a JSON object")
    return cast("dict[str, object]", value)


def _too_large(most: int) -> InvalidRequest:
    return InvalidRequest(
        "request_too_large",
        f"the body is larger than {most // 1024 // 1024} MiB",
        hint="send less at a time",
    )
