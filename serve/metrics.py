"""Counters of one process in Prometheus' text form."""

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from serve.outward.backlog import Backlog

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

        self._cameras = Gauge(
            "streetwarden_serve_cameras",
            "Cameras by whether their engine watches them",
            ("watch",),
            registry=self._registry,
        )
        self._deliveries = Gauge(
            "streetwarden_serve_deliveries",
            "Messages not delivered to a subscriber",
            ("state",),
            registry=self._registry,
        )
        self._oldest = Gauge(
            "streetwarden_serve_oldest_delivery_seconds",
            "Since the oldest undelivered message arrived",
            registry=self._registry,
        )
        self._listeners = Gauge(
            "streetwarden_serve_stream_listeners",
            "Open live streams of this process",
            registry=self._registry,
        )

    def watching(self, cameras: Mapping[str, int]) -> None:
        """Note how many cameras are watched, and how many are not."""
        for state, number in cameras.items():
            self._cameras.labels(state).set(number)

    def outward(self, waiting: Backlog, listeners: int) -> None:
        """Note what is on its way out now."""
        self._deliveries.labels("pending").set(waiting.pending)
        self._deliveries.labels("dead").set(waiting.dead)
        self._oldest.set(waiting.oldest_s)
        self._listeners.set(listeners)

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
