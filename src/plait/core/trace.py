"""The record of one request: spans, each with tags that may be kept and content that may not.

Tags are facts about the work (names, versions, counts, scores). Content is what people said or sent
(rows, messages, passages). They are kept apart from the first moment, because content is subject to
privacy, erasure and sampling, and tags are not.
"""

from collections.abc import Mapping
from threading import Lock
from types import TracebackType
from typing import TypeAlias

from plait.core.clock import SYSTEM_CLOCK, Clock
from plait.core.errors import PlaitError
from plait.core.ids import Json, new_id

Tag: TypeAlias = str | int | float | bool | None


class Span:
    """One stage. Use it once, as a context manager; it is kept whether the stage returns or raises.

    Attributes:
        name: the stage, such as `answer` or `chat.small`.
        start: seconds since the trace began.
        seconds: how long it took; 0.0 while it is open.
        parent: index of the enclosing span in the trace, or -1.
        tags: facts that may always be kept.
        content: what people said or sent.
        error: the code of the error that ended it, or the name of an unexpected one; else "".
    """

    __slots__ = (
        "_trace",
        "content",
        "error",
        "index",
        "name",
        "parent",
        "seconds",
        "start",
        "tags",
    )

    def __init__(self, trace: "Trace", name: str, parent: int) -> None:
        self._trace = trace
        self.name = name
        self.parent = parent
        self.index = -1
        self.start = 0.0
        self.seconds = 0.0
        self.tags: dict[str, Tag] = {}
        self.content: dict[str, Json] = {}
        self.error = ""

    def tag(self, **tags: Tag) -> None:
        """Note facts about the work."""
        self.tags.update(tags)

    def hold(self, **content: Json) -> None:
        """Note what people said or sent."""
        self.content.update(content)

    def span(self, name: str) -> "Span":
        """Open a stage within this one, while this one is open."""
        return Span(self._trace, name, self.index)

    def __enter__(self) -> "Span":
        trace = self._trace
        self.start = trace.elapsed()
        with trace.lock:  # steps may run side by side
            self.index = len(trace.spans)
            trace.spans.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.seconds = self._trace.elapsed() - self.start
        if error is not None:
            self.error = error.code if isinstance(error, PlaitError) else type(error).__name__
        del self._trace  # the trace holds the span: without the cycle both go at once, uncollected

    def record(self) -> dict[str, Json]:
        """Return the span without its content, ready for JSON."""
        return {
            "name": self.name,
            "start": self.start,
            "seconds": self.seconds,
            "parent": self.parent,
            "tags": self.tags,
            "error": self.error,
        }


class Trace:
    """The spans of one request, under one id.

    Attributes:
        id: `req_...`, the id that explains everything.
        started: seconds since 1970-01-01 UTC.
        spans: in the order they were opened.
    """

    __slots__ = ("_clock", "_zero", "id", "lock", "spans", "started")

    def __init__(self, trace_id: str | None = None, clock: Clock = SYSTEM_CLOCK) -> None:
        self.id = trace_id or new_id("req")
        self.started = clock.now()
        self.spans: list[Span] = []
        self.lock = Lock()
        self._clock = clock
        self._zero = clock.monotonic()

    def elapsed(self) -> float:
        """Return seconds since the trace began."""
        return self._clock.monotonic() - self._zero

    def span(self, name: str) -> Span:
        """Open a stage of the request: `with trace.span("admit") as span: ...`."""
        return Span(self, name, -1)

    def seconds(self) -> Mapping[str, float]:
        """Return the time of each outermost stage by name, in order; equal names are summed."""
        found: dict[str, float] = {}
        for span in self.spans:
            if span.parent == -1:
                found[span.name] = found.get(span.name, 0.0) + span.seconds
        return found
