"""How a cluster run is doing, as the machine that started it knows."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from vision.bootstrap.fleet_figures import FleetFigures
from vision.cluster.post import Sight
from vision.core.ports import Clock
from vision.pipeline.status import Told

_PICTURES = "streetwarden_frames_analysed"


class FleetStatus(Collector):
    """Counts what nodes say of their cameras; may be asked from any thread.

    Names are those of a run on one machine; the same meaning is asked of each.
    """

    def __init__(self, cameras: Sequence[str], why: Path, clock: Clock) -> None:
        """Begin with nothing watched.

        Args:
            cameras: all ids of the site.
            why: folder of the records that explain what has not opened.
            clock: monotonic time.
        """
        self._why = why
        self._clock = clock
        self._lock = threading.Lock()
        self._pictures = dict.fromkeys(cameras, 0)
        self._latest: dict[str, tuple[Sight, float]] = {}
        self._turned_s = clock.monotonic_s()
        self._figures = FleetFigures(clock, apart={_PICTURES})

    def saw(self, seen: Mapping[str, Sight]) -> None:
        """Take note of how far cameras are, as their posts count."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._turned_s = now_s
            for camera_id, sight in seen.items():
                last = self._latest.get(camera_id)
                if last is None or sight.pictures < last[0].pictures:
                    new = sight.pictures  # a post that has just begun
                else:
                    new = sight.pictures - last[0].pictures
                if new or last is None:
                    self._pictures[camera_id] += new
                    self._latest[camera_id] = sight, now_s

    def measured(self, group: str, figures: Sequence[Metric]) -> None:
        """Take note of what the post that watches a group measures now."""
        self._figures.take(group, figures)

    def told(self, registry: CollectorRegistry) -> Told:
        """Return what the status server may be asked."""
        registry.register(self)
        return Told(
            registry=registry,
            idle_s=lambda: self._clock.monotonic_s() - self._turned_s,
            why={camera_id: self._record_of(camera_id) for camera_id in self._pictures},
        )

    @override
    def collect(self) -> Iterator[Metric]:
        pictures = CounterMetricFamily(
            _PICTURES,
            "Frames that went through detection and rules",
            labels=("camera",),
        )
        silent = GaugeMetricFamily(
            "streetwarden_camera_silent_seconds",
            "Since the latest analysed picture that the run's machine was told of",
            labels=("camera",),
        )
        now_s = self._clock.monotonic_s()
        with self._lock:
            for camera_id, count in self._pictures.items():
                pictures.add_metric((camera_id,), count)
            for camera_id, (_, at_s) in self._latest.items():
                silent.add_metric((camera_id,), now_s - at_s)
        yield from (pictures, silent)
        yield from self._figures.collect()

    def _record_of(self, camera_id: str) -> Callable[[], bytes | None]:
        path = self._why / f"{camera_id}.json"

        def read() -> bytes | None:
            try:
                return path.read_bytes()
            except OSError:
                return None  # nothing said yet

        return read
