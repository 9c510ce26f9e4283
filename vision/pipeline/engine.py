"""Many cameras, one detector: batches across cameras, each treated alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

from prometheus_client import CollectorRegistry

from vision.core.detections import Detections
from vision.core.feed import FeedState
from vision.core.frame import Frame
from vision.core.ports import Clock, Detector
from vision.pipeline.camera import Camera
from vision.pipeline.load import LoadWatch
from vision.pipeline.reporter import Reporter
from vision.pipeline.seeing import SeeingTime
from vision.pipeline.turns import Turns

FrameListener = Callable[[Frame, Detections], None]
"""Looks on (progress bars, tests); must be quick and must not raise."""

_Taken = tuple[Frame, Detections | None]
"""A picture, and what is in it if that is known without looking."""

_DONE = frozenset({FeedState.ENDED, FeedState.FAILED, FeedState.STOPPED})
_NAP_S = 0.5  # longest sleep when no frame waits; arrivals cut it short
_STOP_S = 5.0  # for all feeds together
_PROOF_S = 60.0  # for proof that is being written when a run ends


@dataclass(frozen=True, slots=True)
class Summary:
    """What one run did.

    Attributes:
        frames: analysed frames.
        steps: steps of violations that were handed on.
        failed: files that could not be read, each with the reason.
    """

    frames: int
    steps: int
    failed: dict[str, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How the engine takes frames.

    Attributes:
        arrival: set by feeds whenever a frame arrived or a state changed.
        batch_max: most pictures that are looked at in one turn.
    """

    arrival: Event
    batch_max: int = 8


class Engine:
    """Takes waiting frames from all cameras, detects in batches, reports steps.

    Every camera gives at most one frame to a turn, those that have waited for most of
    their own periods first, so that under overload all slow evenly and none starves.
    A picture that shows the same as the one before needs no detector.
    """

    def __init__(
        self,
        cameras: Sequence[Camera],
        detector: Detector,
        reporter: Reporter,
        *,
        clock: Clock,
        pace: Pace,
        on_frame: FrameListener | None = None,
    ) -> None:
        self._cameras = tuple(cameras)
        self._by_id = {camera.camera_id: camera for camera in cameras}
        self._detector = detector
        self._reporter = reporter
        self._clock = clock
        self._pace = pace
        self._on_frame = on_frame
        self._turns = Turns({c.camera_id: c.parts.period_s for c in cameras})
        self._frames = 0
        self._turned_s = clock.monotonic_s()
        feeds = [camera.parts.feed for camera in cameras]
        self.load = LoadWatch(feeds, clock=clock, on_health=reporter.delivery.health)
        seeing = SeeingTime(tuple(feeds), clock)
        reporter.delivery.listen(seeing.note)
        self.registry.register(seeing)
        reporter.metrics.watch(
            feeds,
            held=lambda: reporter.delivery.held,
            unproven=lambda: reporter.waiting,
            load=self.load,
        )

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """All that it watches."""
        return self._cameras

    @property
    def registry(self) -> CollectorRegistry:
        """What Prometheus reads."""
        return self._reporter.metrics.registry

    @property
    def idle_s(self) -> float:
        """Seconds since its latest turn; many mean that it hangs."""
        return self._clock.monotonic_s() - self._turned_s

    def run(self, stop: Event) -> Summary:
        """Watch until all files have ended or `stop` is set.

        Args:
            stop: set by a signal handler or a test.

        Returns:
            Counts of the run.

        Raises:
            ModelError: the detector failed; the feeds are stopped first.
        """
        for camera in self._cameras:
            camera.parts.feed.start()
        try:
            while not stop.is_set() and self._turn():
                pass
            return self._summary()
        finally:
            self._stop_feeds()
            self._reporter.settle(_PROOF_S)
            for camera in self._cameras:
                camera.end()
                camera.explain(now=True)
                if not self._reporter.pending:
                    camera.remember_at_end()

    def _turn(self) -> bool:
        """Analyse one batch or wait for one; False when there is none to come."""
        self._turned_s = self._clock.monotonic_s()
        self.load.tick()
        for camera in self._cameras:
            camera.explain()
            camera.answer_overdue()
        reporter = self._reporter
        reporter.tend()
        reporter.give_way()
        taken = [] if reporter.full else self._take()
        if not taken and not reporter.pending and self._all_done():
            # A feed may have put its last frame between the two questions.
            taken = self._take()
            if not taken:
                return False
        if taken:
            self._analyse(taken)
        else:
            self._pace.arrival.wait(_NAP_S)
            self._pace.arrival.clear()
        return True

    def _take(self) -> list[_Taken]:
        """Take at most a picture of each camera, at most a batch to look at."""
        now_s = self._clock.monotonic_s()
        taken: list[_Taken] = []
        looks = 0
        for camera_id in self._turns.order(now_s):
            camera = self._by_id[camera_id]
            frame = camera.parts.feed.take()
            if frame is None:
                continue
            self._turns.served(camera_id, now_s)
            known = camera.recall(frame)
            taken.append((frame, known))
            looks += known is None
            if looks == self._pace.batch_max:
                break
        return taken

    def _analyse(self, taken: list[_Taken]) -> None:
        for frame, known in taken:
            if known is not None:
                self._reporter.metrics.unchanged(frame.camera_id)
                self._observe(frame, known)
        frames = [frame for frame, known in taken if known is None]
        if not frames:
            return
        began_s = self._clock.monotonic_s()
        batch = self._detector.detect(frames)
        took_s = self._clock.monotonic_s() - began_s
        self._reporter.metrics.batch(self._detector.model_id, len(frames), took_s)
        for frame, detections in zip(frames, batch, strict=True):
            self._by_id[frame.camera_id].looked(frame, detections)
            self._observe(frame, detections)

    def _observe(self, frame: Frame, detections: Detections) -> None:
        camera = self._by_id[frame.camera_id]
        for violation, write in camera.observe(frame, detections):
            self._reporter.report(camera, violation, write)
        # Only after the events are safe: a memory that says "opened" must not
        # outlive an event that was never kept. It is written beside the analysis, too.
        if not self._reporter.pending:
            camera.remember(self._reporter.beside)
        self._frames += 1
        self._reporter.metrics.analysed(
            frame.camera_id,
            (self._clock.now() - frame.captured_at).total_seconds()
            if camera.parts.feed.live
            else None,
        )
        if self._on_frame is not None:
            self._on_frame(frame, detections)

    def _all_done(self) -> bool:
        return all(
            camera.parts.feed.status().state in _DONE for camera in self._cameras
        )

    def _summary(self) -> Summary:
        failed = {}
        for camera in self._cameras:
            status = camera.parts.feed.status()
            if status.state is FeedState.FAILED:
                failed[camera.camera_id] = status.last_error or "no reason given"
        return Summary(self._frames, self._reporter.steps, failed)

    def _stop_feeds(self) -> None:
        feeds = [camera.parts.feed for camera in self._cameras]
        for feed in feeds:
            feed.stop(0)
        deadline_s = self._clock.monotonic_s() + _STOP_S
        for feed in feeds:
            feed.stop(max(0.0, deadline_s - self._clock.monotonic_s()))
