"""A process that serves a model for us: started when it is needed, and again after it died."""

import json
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Thread, Timer

from plait.core.errors import EngineError
from plait.core.ids import Json

START_SECONDS = 600.0
"""A process that has not come up after so long is killed."""

_STEADY_SECONDS = 30.0  # who lived so long has not died at once
_FREE_TRIES = 2  # deaths in a row before the next start has to wait
_LONGEST_WAIT = 60.0
_LEAVE_SECONDS = 2.0
_LINES, _LINE = 20, 300
_APART = 0x200 if sys.platform == "win32" else 0  # a Ctrl-C for us is none for the child


@dataclass(frozen=True, slots=True)
class Running:
    """A process that came up; another takes its place once it has died.

    Attributes:
        address: where it listens.
    """

    address: str
    _process: "subprocess.Popen[bytes]"
    _lines: deque[str]

    def died(self, seconds: float) -> str | None:
        """Return how it ended, looking for at most `seconds`; None when it is alive."""
        with suppress(subprocess.TimeoutExpired):
            return _ending(self._process.wait(seconds)) + _said(self._lines)
        return None


class Child:
    """Keeps one process up. Safe between threads; nothing here belongs to an event loop.

    The process reads its order, one line of JSON, from its standard input, and answers with one
    line of JSON on its standard output: `{"address": ...}` when it is ready. It ends when its
    standard input does, so that it never outlives us.
    """

    def __init__(
        self,
        command: Sequence[str],
        order: Mapping[str, Json],
        *,
        where: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start nothing yet.

        Args:
            command: what to run, after the interpreter.
            order: what the process is told.
            where: what it serves, as errors name it.
            monotonic: the time in seconds.
        """
        self._command = [sys.executable, "-P", *command]  # -P: no file of the caller's folder
        self._order = json.dumps(order).encode() + b"\n"
        self._where = where
        self._monotonic = monotonic
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: Future[Running] | None = None
        self._lines: deque[str] = deque(maxlen=_LINES)  # of the last start
        self._deaths = 0  # in a row
        self._born = self._died = 0.0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process's id; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def running(self) -> "Future[Running]":
        """Return the process, as soon as it listens; start it when there is none.

        Raises:
            EngineError: `engine_failed`, when it died at once several times and has to wait.
        """
        with self._lock:
            if self._closed:
                raise self._error("it was closed")
            if self._ready is not None and not self._ended():
                return self._ready
            wait = self._wait()
            if wait > 0:
                reason = f"its process died {self._deaths} times in a row{_said(self._lines)}"
                raise self._error(reason, f"it is started again in {wait:.0f} s")
            self._ready = Future()
            self._ready.set_running_or_notify_cancel()  # who stops waiting stops nobody else
            starting = Thread(target=self._start, args=(self._ready,), daemon=True)
            starting.start()
            return self._ready

    def served(self) -> None:
        """Note that the process answered: what it dies of later is not how it starts."""
        with self._lock:
            self._deaths = 0

    def close(self) -> None:
        """End the process, for good."""
        with self._lock:
            self._closed = True
            ready = self._ready
            process = self._process
        if process is not None:
            _close(process, patient=ready is not None and ready.done())

    def _ended(self) -> bool:
        """Whether the last start came to nothing or its process has died since; counted once."""
        assert self._ready is not None
        if not self._ready.done():
            return False
        failed = self._ready.exception() is not None
        if not failed and self._process is not None and self._process.poll() is None:
            return False
        self._died = self._monotonic()
        steady = not failed and self._died - self._born >= _STEADY_SECONDS
        self._deaths = 1 if steady else self._deaths + 1
        self._ready = None
        return True

    def _wait(self) -> float:
        """Return how many seconds the next start has to wait."""
        over = self._deaths - _FREE_TRIES
        if over <= 0:
            return 0.0
        return self._died + min(2.0**over, _LONGEST_WAIT) - self._monotonic()

    def _start(self, ready: "Future[Running]") -> None:
        """Start the process and wait until it listens."""
        lines = self._lines = deque(maxlen=_LINES)
        try:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C in the terminal reaches us, not the child
                creationflags=_APART,
            )
        except OSError as error:
            ready.set_exception(self._error(f"its process cannot be started: {error.strerror}"))
            return
        with self._lock:
            self._process = process
            if self._closed:
                process.kill()
        listening = Thread(target=_listen, args=(process, lines), daemon=True)
        listening.start()
        patience = Timer(START_SECONDS, process.kill)
        patience.daemon = True
        patience.start()
        told = self._introduce(process)
        patience.cancel()
        self._born = self._monotonic()
        address = told.get("address")
        if isinstance(address, str):
            ready.set_result(Running(address, process, lines))
            return
        listening.join(_LEAVE_SECONDS)  # so that its last words are here
        process.kill()
        reason = told.get("error") or _ending(process.wait())
        ready.set_exception(self._error(f"{reason}{_said(lines)}"))

    def _introduce(self, process: "subprocess.Popen[bytes]") -> Mapping[str, Json]:
        """Tell the process its order, and return what it answers; {} when it dies first."""
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with process.stdout as stdout:
                process.stdin.write(self._order)
                process.stdin.flush()  # and it stays open: its end is the process's
                line = stdout.readline()
            found = json.loads(line) if line else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _error(self, reason: str, hint: str = "") -> EngineError:
        return EngineError("engine_failed", reason, where=self._where, hint=hint)


def _listen(process: "subprocess.Popen[bytes]", lines: deque[str]) -> None:
    """Keep the last lines that the process says, until it ends."""
    assert process.stderr is not None
    with process.stderr as stderr:
        for line in iter(lambda: stderr.readline(4 * _LINE), b""):
            if text := line.decode(errors="replace").strip():
                lines.append(text[:_LINE])
    process.wait()
    assert process.stdin is not None
    with suppress(OSError):
        process.stdin.close()


def _said(lines: deque[str]) -> str:
    return f"; it said: {' | '.join(list(lines)[-3:])}" if lines else ""


def _ending(status: int) -> str:
    if status >= 0:
        return f"its process ended with status {status}"
    with suppress(ValueError):
        return f"its process was ended by {signal.Signals(-status).name}"
    return f"its process was ended by signal {-status}"


def _close(process: "subprocess.Popen[bytes]", *, patient: bool) -> None:
    """End a process; one that is still starting cannot be asked."""
    assert process.stdin is not None
    if not patient:
        process.kill()
    with suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_LEAVE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
