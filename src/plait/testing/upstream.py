"""A server that speaks OpenAI's protocol by a script: real HTTP on loopback, in a thread."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TypeAlias, cast

from plait.core.ids import Json

Object: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came.

    Attributes:
        path: below the address, such as `/chat/completions`.
        headers: names in lower case.
        body: its JSON.
        moment: when it came, in seconds of a clock that never goes back.
    """

    path: str
    headers: Mapping[str, str]
    body: Object
    moment: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer.

    Attributes:
        status: of HTTP; 0 hangs up without a word.
        kind: the content type.
        headers: further ones.
        pieces: of the body, each sent by itself.
        pause: seconds before each piece.
        silence: seconds before anything at all.
        cut: whether the connection is closed where the body should go on.
    """

    status: int = 200
    kind: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Sequence[bytes] = ()
    pause: float = 0.0
    silence: float = 0.0
    cut: bool = False


Script: TypeAlias = Reply | Callable[[Asked], Reply]


def event(value: Json) -> bytes:
    """Return one server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(finish: str | None = None, **parts: Json) -> bytes:
    """Return an event that goes on with a chat."""
    choice: Object = {"index": 0, "delta": parts, "finish_reason": finish}
    return event({"object": "chat.completion.chunk", "choices": [choice]})


def said(*pieces: str, finish: str = "stop", prompt_tokens: int = 7, pause: float = 0.0) -> Reply:
    """Return a chat's answer, a token each piece, with its usage."""
    usage: Object = {"prompt_tokens": prompt_tokens, "completion_tokens": len(pieces)}
    events = [
        delta(role="assistant", content=""),
        *(delta(content=piece) for piece in pieces),
        delta(finish),
        event({"object": "chat.completion.chunk", "choices": [], "usage": usage}),
        b"data: [DONE]\n\n",
    ]
    return Reply(pieces=events, pause=pause)


def called(name: str, *arguments: str) -> Reply:
    """Return an answer that calls a tool, its arguments in pieces."""
    call: Object = {
        "index": 0,
        "id": "call_1",
        "type": "function",
        "function": {"name": name, "arguments": ""},
    }
    events = [
        delta(role="assistant", content=None, tool_calls=[call]),
        *(
            delta(tool_calls=[{"index": 0, "function": {"arguments": piece}}])
            for piece in arguments
        ),
        delta("tool_calls"),
        b"data: [DONE]\n\n",
    ]
    return Reply(pieces=events)


def failed(status: int, message: str = "it went wrong", **headers: str) -> Reply:
    """Return an error in OpenAI's shape; `retry_after="2"` is the header `retry-after`."""
    body = {"error": {"message": message, "type": "server_error", "code": None, "param": None}}
    return Reply(
        status=status,
        kind="application/json",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        pieces=[json.dumps(body).encode()],
    )


def html(status: int = 200) -> Reply:
    """Return a page, as a proxy or a wrong address answers."""
    page = b"<!doctype html><title>Welcome to nginx!</title>"
    return Reply(status=status, kind="text/html", pieces=[page])


def half() -> Reply:
    """Return an answer that ends within an event."""
    return Reply(pieces=[delta(content="Hello"), delta(content=" there")[:20]], cut=True)


def broken(message: str = "the model crashed") -> Reply:
    """Return an answer that goes over into an error."""
    return Reply(pieces=[delta(content="Hello"), event({"error": {"message": message}})])


class FakeUpstream:
    """Answers by a script. `with FakeUpstream(said("Yes"), failed(500)) as upstream: ...`.

    Attributes:
        url: its address, up to `/v1`.
        asked: the requests so far.
        left: set when a client has left in mid-answer.
    """

    def __init__(self, *script: Script) -> None:
        """Listen, and answer each request by the next of the script; the last stays."""
        self.asked: list[Asked] = []
        self.left = Event()
        self._script = list(script or [said("Hello", " there", "!")])
        self._lock = Lock()
        outer = self

        class Handler(_Handler):
            upstream = outer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def reply(self, asked: Asked) -> Reply:
        """Note a request and return what to answer."""
        with self._lock:
            self.asked.append(asked)
            step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        return step if isinstance(step, Reply) else step(asked)

    def close(self) -> None:
        """Stop listening: who comes now is refused."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> "FakeUpstream":
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.close()


class _Handler(BaseHTTPRequestHandler):
    upstream: FakeUpstream
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:  # the name that the library calls
        """Answer one request."""
        size = int(self.headers.get("content-length", 0))
        asked = Asked(
            path=self.path.removeprefix("/v1"),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=cast(Object, json.loads(self.rfile.read(size))),
            moment=time.monotonic(),
        )
        reply = self.upstream.reply(asked)
        time.sleep(reply.silence)
        try:
            self._send(reply)
        except OSError:
            self.close_connection = True
            self.upstream.left.set()

    def _send(self, reply: Reply) -> None:
        if reply.status == 0:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in {
            "content-type": reply.kind,
            "transfer-encoding": "chunked",
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        for piece in reply.pieces:
            time.sleep(reply.pause)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        if reply.cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""
