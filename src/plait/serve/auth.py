"""Who is asking? Keys on public addresses; the person at this machine on its own."""

import base64
import re
from collections.abc import Mapping, Sequence

from fastapi import Request

from plait.app.app import App
from plait.app.keys import PREFIX
from plait.core.context import LOCAL, Principal
from plait.core.errors import NotAllowed

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_PROXIED = frozenset(
    ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
)
_OWN_NAME = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])?(:\d*)?", re.IGNORECASE)


class Auth:
    """Turns the headers of a request into a principal.

    A key that is sent must be right; what stands in its place because a client asks for some text,
    such as `unused`, is none where none is needed. Without one, a server on a loopback address
    takes the caller for the person at the machine, unless the request comes through a proxy or
    through a web page of another site: then the browser says so in `Origin`, or the page's own name
    stands in `Host`.
    """

    def __init__(self, app: App, host: str) -> None:
        self._keys = app.keys
        self._open = host in LOOPBACK

    def principal(self, request: Request, scope: str) -> Principal:
        """Return who asks, if they may do what `scope` stands for.

        Raises:
            NotAllowed: no key where one is needed, a wrong one, or one without the scope.
        """
        headers = _headers(request)
        header = headers.get("authorization", "")
        kind, _, value = header.partition(" ")
        secret = value.strip() if kind.lower() == "bearer" else ""
        if self._open and (not header or (secret and not secret.startswith(PREFIX))):
            _refuse_strangers(headers)
            return LOCAL
        if kind.lower() == "basic":
            _refuse_other_sites(headers)  # browsers send a password they know by themselves
            secret = _password(value)
        principal = self._keys.principal(secret)
        principal.require(scope)
        return principal


def _headers(request: Request) -> Mapping[str, str]:
    """Return the headers, of two of one name the first: a dictionary is quicker to ask."""
    raw: Sequence[tuple[bytes, bytes]] = request.scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(raw)}


def _password(value: str) -> str:
    """Return the password in what stands behind `Basic`; "" when it cannot be read."""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:  # neither base64 nor UTF-8
        return ""


def _refuse_strangers(headers: Mapping[str, str]) -> None:
    host = headers.get("host", "")
    if not _PROXIED.isdisjoint(headers) or not _OWN_NAME.fullmatch(host):
        raise _stranger(host)
    _refuse_other_sites(headers)


def _refuse_other_sites(headers: Mapping[str, str]) -> None:
    origin = headers.get("origin", "")
    if origin and origin.partition("://")[2] != headers.get("host"):
        raise _stranger(origin)


def _stranger(where: str) -> NotAllowed:
    return NotAllowed(
        "key_missing",
        "a request from another site needs an API key",
        where=where,
        hint="send `Authorization: Bearer plait_...`; `plait keys add NAME` makes one",
    )
