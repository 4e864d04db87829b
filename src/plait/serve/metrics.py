"""What Prometheus may read."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30)


class Metrics:
    """Counters and histograms of one server; labels are names of contracts and error codes only."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "plait_request_seconds",
            "Time from the parsed request to the rendered answer.",
            ("name", "status"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._overhead = Histogram(
            "plait_overhead_seconds",
            "The part of a request that is not the engine's.",
            ("name",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._rows = Counter(
            "plait_rows_total", "Rows answered.", ("name",), registry=self.registry
        )

    def observe(
        self, name: str, status: str, seconds: float, engine_seconds: float, rows: int
    ) -> None:
        """Count one request."""
        self._requests.labels(name, status).observe(seconds)
        if status == "ok":
            self._overhead.labels(name).observe(max(0.0, seconds - engine_seconds))
            self._rows.labels(name).inc(rows)

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
