"""`plait serve`: one process, one store, one address."""

import errno
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from plait.app.app import App
from plait.core.errors import InvalidSettings
from plait.serve.auth import LOOPBACK
from plait.serve.http import make
from plait.store.lock import ServeLock


def serve(app: App, ready: Callable[[str], None] | None = None) -> None:
    """Serve `app` on the project's address until the process is told to stop.

    Args:
        app: an open project.
        ready: told the URL as soon as requests are answered.

    Raises:
        StoreError: another server uses the store.
        InvalidSettings: the address is in use, or public without an API key.
    """
    settings = app.project.settings
    if settings.host not in LOOPBACK and not app.keys.any():
        raise InvalidSettings(
            "address_needs_key",
            f"{settings.host} can be reached from other machines, and there is no API key",
            where="host",
            hint="`plait keys add NAME` first",
        )
    with ServeLock(app.project.store):
        listener = listen(settings.host, settings.port)
        app.live.watch()
        app.jobs.watch()
        config = uvicorn.Config(
            make(app, settings.host),
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            proxy_headers=False,  # nothing here asks where a request came from
            timeout_keep_alive=75,  # longer than the 60 s after which proxies drop a connection
            timeout_graceful_shutdown=10,
        )
        server = Server(config, lambda: ready and ready(address_of(listener)))
        server.run([listener])


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        InvalidSettings: the address is in use, not allowed, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":  # there it would let two servers listen
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:  # the latter for a port above 65535
        listener.close()
        used = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise InvalidSettings(
            "address_in_use" if used else "settings_wrong_value",
            f"another process listens on {host}:{port}" if used else f"{host}:{port}: {error}",
            where="port" if used else "host",
            hint="choose another: `plait serve --port 8001`" if used else "`--host 127.0.0.1`",
        ) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the URL a socket listens on."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(uvicorn.Server):
    """A uvicorn server that says when it is ready, and outlives the signal that stops it."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._ready()

    def handle_exit(self, sig: int, _: FrameType | None) -> None:
        """Stop when the requests under way are answered; at once on a second Ctrl-C.

        uvicorn would note the signal and die of it in the end, with traces still to write.
        """
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
