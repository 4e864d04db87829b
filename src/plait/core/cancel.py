"""A flag that asks work to stop."""

from threading import Lock

from plait.core.errors import Cancelled


class Cancel:
    """Set once, by whoever no longer wants the answer; watched by whoever is working on it.

    Two bare locks instead of an `Event`: they cost a tenth of it on every request, and nothing here
    can block, so that a signal handler may call `request`.

    Attributes:
        requested: whether somebody asked to stop.
        reason: what the first who asked said.
    """

    __slots__ = ("_first", "_gate", "reason", "requested")

    def __init__(self) -> None:
        self.requested = False
        self.reason = ""
        self._first = Lock()  # taken by the first who asks, and never given back
        self._gate = Lock()  # shut until somebody asks
        self._gate.acquire()

    def request(self, reason: str) -> None:
        """Ask to stop; the first reason stays."""
        if self._first.acquire(blocking=False):
            self.reason = reason
            self.requested = True
            self._gate.release()

    def check(self) -> None:
        """Raise `Cancelled` when somebody asked to stop."""
        if self.requested:
            raise Cancelled("cancelled", f"stopped: {self.reason}")

    def wait(self, seconds: float) -> bool:
        """Sleep at most `seconds`; return True at once when somebody asks to stop."""
        if self._gate.acquire(timeout=max(seconds, 0.0)):
            self._gate.release()  # the next who waits comes through too
        return self.requested
