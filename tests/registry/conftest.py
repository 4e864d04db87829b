"""What the tests of pulling share: rows made on the spot, and a web site on this machine."""

import hashlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from plait.core.artefact import FileNote
from plait.registry.catalogue import Row
from plait.registry.origin import Files, Web
from plait.store.sqlite import SqliteStore

CONTENT = {"config.json": b"{}", "model/weights.bin": bytes(range(256)) * 9000}


@dataclass
class Site:
    """A web site whose faults are set by the test."""

    files: dict[str, bytes] = field(default_factory=lambda: dict(CONTENT))
    asked: list[tuple[str, str]] = field(default_factory=list)  # path, Range
    agents: set[str] = field(default_factory=set)
    breaks_after: int | None = None
    takes_ranges: bool = True
    stall_seconds: float = 0.0
    moved_to: str = ""
    root: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    state = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, wish = self.path.lstrip("/"), self.headers.get("Range", "")
            state.asked.append((path, wish))
            state.agents.add(self.headers["User-Agent"])
            if state.moved_to and not path.startswith("moved/"):
                self.send_response(302)
                self.send_header("Location", f"{state.moved_to}moved/{path}")
                self.end_headers()
                return
            path = path.removeprefix("moved/")
            if path not in state.files:
                self.send_error(404)
                return
            body, start = state.files[path], 0
            if wish and state.takes_ranges:
                start = int(wish.removeprefix("bytes=").rstrip("-"))
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            body = body[start:]
            sent = body if state.breaks_after is None else body[: state.breaks_after]
            self.wfile.write(sent)
            self.wfile.flush()
            time.sleep(state.stall_seconds)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.root = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def notes() -> Files:
    """The hashes and sizes of CONTENT."""
    return {
        path: FileNote(hashlib.sha256(data).hexdigest(), len(data))
        for path, data in CONTENT.items()
    }


@pytest.fixture
def content() -> dict[str, bytes]:
    return dict(CONTENT)


@pytest.fixture
def row(notes, site) -> Row:
    """A row of CONTENT, to be had from the site."""
    return Row(
        name="toy",
        kind="weights",
        description="a toy",
        homepage="https://example.org",
        licence="MIT",
        maker="nobody",
        origins=(Web(site.root),),
        files=notes,
    )


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    with SqliteStore(tmp_path / "store") as store:
        yield store
