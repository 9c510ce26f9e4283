"""What Prometheus reads about cameras and the model."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

from vision.core.feed import FeedState
from vision.core.ports import CameraFeed
from vision.core.violations import Violation
from vision.pipeline.load import LoadWatch

_BATCHES = (1, 2, 4, 8, 16, 32, 64)
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class EngineMetrics:
    """Counters of one engine; read with `prometheus_client.generate_latest`.

    Attributes:
        registry: what to expose.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._analysed = Counter(
            "streetwarden_frames_analysed",
            "Frames that went through detection and rules",
            ("camera",),
            registry=self.registry,
        )
        self._unchanged = Counter(
            "streetwarden_frames_unchanged",
            "Analysed frames that showed the same as the one looked at last",
            ("camera",),
            registry=self.registry,
        )
        self._events = Counter(
            "streetwarden_events",
            "Steps of violations",
            ("camera", "slug", "lifecycle"),
            registry=self.registry,
        )
        self._age = Histogram(
            "streetwarden_frame_age_seconds",
            "From a frame's capture to the end of its analysis (live cameras)",
            ("camera",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batch = Histogram(
            "streetwarden_model_batch_size",
            "Pictures per detector call",
            ("model",),
            buckets=_BATCHES,
            registry=self.registry,
        )
        self._latency = Histogram(
            "streetwarden_model_latency_seconds",
            "Time of one detector call",
            ("model",),
            buckets=_SECONDS,
            registry=self.registry,
        )

    def watch(
        self,
        feeds: Iterable[CameraFeed],
        *,
        held: Callable[[], int],
        unproven: Callable[[], int],
        load: LoadWatch,
    ) -> None:
        """Expose the feeds' counters, the load, and what waits for the outbox."""
        self.registry.register(_FeedCollector(tuple(feeds), held, unproven, load))

    def unchanged(self, camera_id: str) -> None:
        """Count one frame that needed no look."""
        self._unchanged.labels(camera_id).inc()

    def analysed(self, camera_id: str, age_s: float | None) -> None:
        """Count one analysed frame; `age_s` None for files."""
        self._analysed.labels(camera_id).inc()
        if age_s is not None:
            self._age.labels(camera_id).observe(max(0.0, age_s))

    def step(self, camera_id: str, violation: Violation) -> None:
        """Count one step of a violation."""
        self._events.labels(
            camera_id, violation.slug.value, violation.lifecycle.value
        ).inc()

    def batch(self, model_id: str, size: int, seconds: float) -> None:
        """Record one detector call."""
        self._batch.labels(model_id).observe(size)
        self._latency.labels(model_id).observe(seconds)


class _FeedCollector(Collector):
    """Reads every feed's status at the moment of the scrape."""

    def __init__(
        self,
        feeds: tuple[CameraFeed, ...],
        held: Callable[[], int],
        unproven: Callable[[], int],
        load: LoadWatch,
    ) -> None:
        self._feeds = feeds
        self._held = held
        self._unproven = unproven
        self._load = load

    @override
    def collect(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "streetwarden_camera_state",
            "1 for the state the camera is in",
            labels=("camera", "state"),
        )
        frames = _counter("frames_in", "Sampled frames that arrived")
        dropped = _counter("frames_dropped", "Frames replaced by a newer one")
        shed = _counter("frames_shed", "Due frames not decoded: reading lagged behind")
        reconnects = _counter("reconnects", "Connections after the first")
        queued = _gauge("queue_frames", "Frames that wait")
        age = _gauge("queue_age_seconds", "Wait of the oldest waiting frame")
        for feed in self._feeds:
            camera, status = feed.camera_id, feed.status()
            for one in FeedState:
                state.add_metric((camera, one.value), float(one is status.state))
            frames.add_metric((camera,), status.frames_in)
            dropped.add_metric((camera,), status.dropped)
            shed.add_metric((camera,), status.shed)
            reconnects.add_metric((camera,), status.reconnects)
            queued.add_metric((camera,), status.queued)
            age.add_metric((camera,), status.oldest_age_s)
        held = GaugeMetricFamily(
            "streetwarden_events_held",
            "Events in memory that the outbox could not take yet",
            value=self._held(),
        )
        unproven = GaugeMetricFamily(
            "streetwarden_events_unproven",
            "Decided steps whose proof is still being written",
            value=self._unproven(),
        )
        stretch = GaugeMetricFamily(
            "streetwarden_period_stretch",
            "Factor by which overload lengthens all periods; 1: none",
            value=self._load.stretch,
        )
        overload = GaugeMetricFamily(
            "streetwarden_overloaded",
            "1 while the machine is too small for its cameras",
            value=float(self._load.overloaded),
        )
        yield from (state, frames, dropped, shed, reconnects, queued, age, held)
        yield from (unproven, stretch, overload)


def _counter(name: str, text: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"streetwarden_camera_{name}", text, labels=("camera",))


def _gauge(name: str, text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"streetwarden_camera_{name}", text, labels=("camera",))
