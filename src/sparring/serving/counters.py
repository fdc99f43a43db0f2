"""What Prometheus reads: requests, seconds, passes, and the process's memory."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Counters:
    """One server's figures, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("model", "verb")
        self.requests = Counter(
            "sparring_requests", "Answered.", (*labels, "code"), registry=self.registry
        )
        self.seconds = Histogram(
            "sparring_request_seconds", "From the first byte to the answer's last.", labels,
            buckets=SECONDS, registry=self.registry,
        )  # fmt: skip
        self.open = Gauge(
            "sparring_requests_open", "Accepted, not yet answered.", registry=self.registry
        )
        self.rows = Histogram(
            "sparring_pass_rows", "Rows of a forward pass that were asked for.",
            buckets=ROWS, registry=self.registry,
        )  # fmt: skip
        self.padding = Counter(
            "sparring_padding_rows", "Rows that made up passes.", registry=self.registry
        )

    def passed(self, size: int, padding: int) -> None:
        """A forward pass of so many rows, some of them padding, was made."""
        self.rows.observe(size - padding)
        self.padding.inc(padding)

    def answered(self, model: str, verb: str, code: int, seconds: float) -> None:
        """A request was answered."""
        self.requests.labels(model, verb, str(code)).inc()
        self.seconds.labels(model, verb).observe(seconds)

    def text(self) -> bytes:
        """All figures in Prometheus's text format."""
        return generate_latest(self.registry)
