"""What Prometheus may read."""

from collections.abc import Iterable
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from plait.app.app import App
from plait.core.trace import Span
from plait.serve.call import Call

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30)
_CALL_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_OTHERS = frozenset({"read", "engine"})  # stages that are the caller's and the model's


class Metrics:
    """Counters and histograms of one server.

    Labels are names of the project and codes of errors, so that no caller can make new ones.
    """

    def __init__(self, app: App) -> None:
        self.registry = CollectorRegistry()
        self._app = app
        self._contracts = app.project.settings.contracts
        requests = Histogram(
            "plait_request_seconds",
            "Time of a prediction from its first byte to its rendered answer.",
            ("contract", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        overhead = Histogram(
            "plait_overhead_seconds",
            "What plait adds to it: all but waiting for the body and the engine's own work.",
            ("contract",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        rows = Counter("plait_rows_total", "Rows answered.", ("contract",), registry=self.registry)
        self._requests = cache(requests.labels)  # finding a label takes longer than counting
        self._overhead = cache(overhead.labels)
        self._rows = cache(rows.labels)
        calls = Histogram(
            "plait_call_seconds",
            "Time of a call of a flow, model or collection, to the last byte of its answer.",
            ("kind", "model", "status"),
            buckets=_CALL_SECONDS,
            registry=self.registry,
        )
        first = Histogram(
            "plait_first_event_seconds",
            "Time to the first event of an answer in events.",
            ("kind", "model"),
            buckets=_CALL_SECONDS,
            registry=self.registry,
        )
        tokens = Counter(
            "plait_tokens_total",
            "Tokens that models read and wrote.",
            ("kind", "model", "direction"),
            registry=self.registry,
        )
        self._calls, self._first = cache(calls.labels), cache(first.labels)
        self._tokens = cache(tokens.labels)
        pending = Gauge(
            "plait_records_pending", "Requests not yet written.", registry=self.registry
        )
        dropped = Gauge(
            "plait_records_stripped",
            "Requests whose content was dropped since the start, because too many were pending.",
            registry=self.registry,
        )
        pending.set_function(lambda: app.store.pending)
        dropped.set_function(lambda: app.store.dropped)
        ProcessCollector(registry=self.registry)

    def observe(
        self, contract: str, status: str, spans: Iterable[Span], seconds: float, rows: int
    ) -> None:
        """Count one prediction."""
        name = contract if contract in self._contracts else "unknown"
        self._requests(name, status).observe(seconds)
        if status == "done":
            others = sum(span.seconds for span in spans if span.name in _OTHERS)
            self._overhead(name).observe(seconds - others)
            self._rows(name).inc(rows)

    def answered(self, call: Call, status: str, seconds: float, first: float = 0.0) -> None:
        """Count one call of a model.

        Args:
            call: what is known of it.
            status: `done`, or the code of an error.
            seconds: until its answer was there, whole.
            first: until its first event; 0.0 when it was not answered in events.
        """
        model = call.model if call.model in self._app.speakers() else "unknown"
        self._calls(call.kind, model, status).observe(seconds)
        if first:
            self._first(call.kind, model).observe(first)
        for direction, count in (("read", call.read), ("written", call.written)):
            if count:
                self._tokens(call.kind, model, direction).inc(count)

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
