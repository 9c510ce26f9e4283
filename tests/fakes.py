"""Stand-ins that keep the ports' promises, for tests that need no pixels."""

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from vision.core.detections import Detections
from vision.core.errors import SinkError
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.feed import FeedState, FeedStatus
from vision.core.frame import Frame
from vision.core.health import HealthEvent
from vision.core.observation import Observation, ViewState
from vision.core.places import Place, PlaceState
from vision.core.ports import Writing
from vision.core.tracks import Track
from vision.core.violations import (
    Candidate,
    Confidence,
    Fact,
    Lifecycle,
    Slug,
    Violation,
)

START = datetime(2026, 11, 2, 8, tzinfo=UTC)


class ManualClock:
    """A clock that stands until it is told to move."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._monotonic_s = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic_s += max(0.0, seconds)


def frame(
    camera_id: str = "gate", index: int = 0, at_s: float = 0.0, grey: int = 90
) -> Frame:
    """Return a flat picture, 64 x 48 pixels."""
    image = np.full((48, 64, 3), grey, np.uint8)
    return Frame(camera_id, index, at_s, START + timedelta(seconds=at_s), image)


class ListFeed:
    """A feed that hands out given frames and then ends, as a file does."""

    live = False

    def __init__(
        self,
        camera_id: str,
        frames: Sequence[Frame] = (),
        *,
        end: FeedState = FeedState.ENDED,
        error: str | None = None,
    ) -> None:
        self.camera_id = camera_id
        self.stops: list[float] = []
        self._frames = deque(frames)
        self._end = end
        self._error = error
        self._started = False

    def start(self) -> None:
        self._started = True

    def take(self) -> Frame | None:
        return self._frames.popleft() if self._frames else None

    def status(self) -> FeedStatus:
        state = FeedState.STREAMING if self._frames else self._end
        return FeedStatus(state, queued=len(self._frames), last_error=self._error)

    def stop(self, timeout_s: float) -> None:
        self.stops.append(timeout_s)
        self._frames.clear()


class CountingDetector:
    """Sees nothing, and remembers which cameras shared a batch."""

    labels = ("car",)
    model_id = "blind/1"
    model_sha256 = "0" * 64

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        self.batches.append([image.camera_id for image in images])
        return [Detections.empty() for _ in images]


class ClearView:
    """Trusts every picture."""

    def check(self, frame: Frame, detections: Detections) -> ViewState:
        del frame, detections
        return ViewState()


class NoTracks:
    """Follows nothing."""

    def update(self, frame: Frame, detections: Detections) -> tuple[Track, ...]:
        del frame, detections
        return ()


class NoPlaces:
    """Remembers nothing."""

    def update(
        self,
        frame: Frame,
        detections: Detections,
        view: ViewState,
        tracks: Sequence[Track] = (),
    ) -> tuple[Place, ...]:
        del frame, detections, view, tracks
        return ()


class NoEvidence:
    """Keeps no files."""

    def observe(self, observation: Observation) -> None:
        del observation

    def capture(self, violation: Violation, observation: Observation) -> Writing:
        del violation, observation
        return Evidence


class OpensAt:
    """A rule that opens one event on each frame whose index is listed."""

    name = "opens_at/1"

    def __init__(self, *indices: int) -> None:
        self._indices = indices
        self.dts_s: list[float] = []

    def observe(self, observation: Observation) -> list[Violation]:
        self.dts_s.append(observation.dt_s)
        if observation.frame.index not in self._indices:
            return []
        return [violation(observation.frame)]

    def candidates(self) -> list[Candidate]:
        return []


class ListSink:
    """Keeps events in memory; refuses them while `refusing` is set."""

    def __init__(self) -> None:
        self.events: list[ViolationEvent] = []
        self.health: list[HealthEvent] = []
        self.refusing = False

    def put(self, event: ViolationEvent) -> None:
        self._refuse()
        self.events.append(event)

    def put_health(self, event: HealthEvent) -> None:
        self._refuse()
        self.health.append(event)

    def close(self, timeout_s: float) -> None:
        del timeout_s

    def _refuse(self) -> None:
        if self.refusing:
            msg = "outbox.db: no space left on device; free some"
            raise SinkError(msg)


def place(at: Frame, *, kind: str = "vehicle", label: str = "car") -> Place:
    """Return a still object first seen with the given frame."""
    return Place(
        place_id=f"{at.camera_id}-{at.index}",
        camera_id=at.camera_id,
        kind=kind,
        label=label,
        xyxy=(10, 10, 30, 20),
        state=PlaceState.STANDING,
        first_seen_s=at.media_time_s,
        last_seen_s=at.media_time_s,
        observed_s=0.0,
        first_seen_at=at.captured_at,
        last_seen_at=at.captured_at,
        score=0.8,
        baseline=False,
    )


def violation(
    at: Frame, *, sequence: int = 1, lifecycle: Lifecycle = Lifecycle.OPENED
) -> Violation:
    """Return a parking step decided on the given frame."""
    return Violation(
        event_id=f"event-{at.camera_id}-{at.index}",
        sequence=sequence,
        lifecycle=lifecycle,
        slug=Slug.ILLEGAL_PARKING,
        rule="opens_at/1",
        place=place(at),
        zone_id="kerb",
        started_s=at.media_time_s,
        decided_s=at.media_time_s,
        started_at=at.captured_at,
        decided_at=at.captured_at,
        ended_at=at.captured_at if lifecycle is Lifecycle.CLEARED else None,
        confidence=Confidence.HIGH,
        severity=1,
        facts=(Fact("observed_s", 31.0, "s", ">= 30", holds=True),),
    )
