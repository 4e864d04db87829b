"""Who is asking? Keys on public addresses; the person at this machine on its own."""

import base64
import binascii
from urllib.parse import urlsplit

from fastapi import Request

from plait.app.app import App
from plait.core.context import LOCAL, Principal
from plait.core.errors import NotAllowed

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Auth:
    """Turns the headers of a request into a principal.

    A key that is sent must be right. Without one, a server on a loopback address takes the caller
    for the person at the machine, unless the request comes through a web page of another site:
    then the browser says so in `Origin`, or the page's own name stands in `Host`.
    """

    def __init__(self, app: App, host: str) -> None:
        self._keys = app.keys
        self._open = host in LOOPBACK

    def principal(self, request: Request, scope: str) -> Principal:
        """Return who asks, if they may do what `scope` stands for.

        Raises:
            NotAllowed: no key where one is needed, a wrong one, or one without the scope.
        """
        header = request.headers.get("authorization", "")
        if self._open and not header:
            _refuse_strangers(request)
            return LOCAL
        principal = self._keys.principal(_secret(header))
        principal.require(scope)
        return principal


def _secret(header: str) -> str:
    """Return the key in `Bearer KEY`, or the password in `Basic ...`, which browsers send."""
    kind, _, value = header.partition(" ")
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return value.strip() if kind.lower() == "bearer" else ""


def _refuse_strangers(request: Request) -> None:
    host = request.headers.get("host", "")
    origin = request.headers.get("origin", "")
    named = urlsplit(f"//{host}").hostname
    foreign = bool(origin) and urlsplit(origin).netloc != host
    if foreign or (named is not None and named not in LOOPBACK):
        raise NotAllowed(
            "key_missing",
            "a request from another site needs an API key",
            where=origin or host,
            hint="`plait keys add NAME` makes one",
        )
