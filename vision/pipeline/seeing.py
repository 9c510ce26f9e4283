"""For how long each camera could see, and what kept it from seeing."""

import threading
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from vision.core.health import BLINDING, HealthEvent, HealthKind
from vision.core.ports import CameraFeed, Clock

# An engine that is away cannot say so: the service does.
_TOLD = sorted(BLINDING - {HealthKind.WATCH_LOST, HealthKind.ENGINE_SILENT})


class SeeingTime(Collector):
    """Adds up, from health events as the service does, and so with the same result.

    What stands first is the reason for as long as it stands, so that the reasons of a
    camera never add up to more than the time that passed. May be told by any thread.
    """

    def __init__(self, feeds: tuple[CameraFeed, ...], clock: Clock) -> None:
        """Start now, with cameras that see; files are not counted."""
        self._feeds = feeds
        self._clock = clock
        self._lock = threading.Lock()
        self._passed_s: dict[str, dict[HealthKind | None, float]] = {}
        self._standing: dict[str, list[HealthKind]] = {}
        self._since_s: dict[str, float] = {}
        now_s = clock.monotonic_s()
        for feed in feeds:
            self._passed_s[feed.camera_id] = dict.fromkeys((None, *BLINDING), 0.0)
            self._standing[feed.camera_id] = []
            self._since_s[feed.camera_id] = now_s

    def note(self, event: HealthEvent) -> None:
        """Take one health event; those that blind no camera of ours change nothing."""
        camera_id = event.camera_id
        if camera_id is None or event.kind not in BLINDING:
            return
        if camera_id not in self._standing:
            return
        with self._lock:
            self._count(camera_id)
            standing = self._standing[camera_id]
            if event.ok and event.kind in standing:
                standing.remove(event.kind)
            elif not event.ok and event.kind not in standing:
                standing.append(event.kind)

    @override
    def collect(self) -> Iterator[Metric]:
        watched = CounterMetricFamily(
            "streetwarden_camera_watched_seconds",
            "Time in which a live camera could see",
            labels=("camera",),
        )
        blind = CounterMetricFamily(
            "streetwarden_camera_blind_seconds",
            "Time in which a live camera could not see, by what it was that stood",
            labels=("camera", "reason"),
        )
        with self._lock:
            for camera_id in (feed.camera_id for feed in self._feeds if feed.live):
                self._count(camera_id)
                passed_s = self._passed_s[camera_id]
                watched.add_metric((camera_id,), passed_s[None])
                for kind in _TOLD:
                    blind.add_metric((camera_id, kind.value), passed_s[kind])
        yield from (watched, blind)

    def _count(self, camera_id: str) -> None:
        now_s = self._clock.monotonic_s()
        reason = next(iter(self._standing[camera_id]), None)
        self._passed_s[camera_id][reason] += now_s - self._since_s[camera_id]
        self._since_s[camera_id] = now_s
