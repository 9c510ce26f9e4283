"""Counters of one process in Prometheus' text form."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """What the service counts; a registry of its own, so that two can live at once."""

    def __init__(self) -> None:
        """Start every counter at nothing."""
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "streetwarden_serve_requests",
            "Answered requests",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "streetwarden_serve_request_seconds",
            "Time to answer",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._events = Counter(
            "streetwarden_serve_events",
            "Violation steps taken in",
            ("slug", "lifecycle", "arrival"),
            registry=self._registry,
        )
        self._evidence = Counter(
            "streetwarden_serve_evidence_bytes",
            "Evidence stored",
            registry=self._registry,
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request; `route` is the pattern, not the path."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def event(self, slug: str, lifecycle: str, arrival: str) -> None:
        """Count one violation step."""
        self._events.labels(slug, lifecycle, arrival).inc()

    def evidence(self, size_bytes: int) -> None:
        """Count one stored evidence file."""
        self._evidence.inc(size_bytes)

    def text(self) -> bytes:
        """Return everything in the exposition format."""
        return generate_latest(self._registry)
