"""One camera's share of the engine: from boxes to proven steps."""

from collections.abc import Callable
from dataclasses import dataclass, field

from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.observation import Observation
from vision.core.ports import (
    CameraFeed,
    Detector,
    EvidenceStore,
    HealthListener,
    LookGate,
    PlaceMemory,
    Rule,
    Tracker,
    ViewCheck,
    Writing,
)
from vision.core.scene import Scene
from vision.core.violations import Candidate, Violation
from vision.pipeline.candidates import Inquiry, OpenedPlaces, Seen, seen_in
from vision.pipeline.look_watch import LookWatch
from vision.pipeline.memory import MemoryFile
from vision.pipeline.view_watch import ViewWatch
from vision.pipeline.why_file import WhyFile


@dataclass(frozen=True, slots=True)
class CameraParts:
    """What one camera is made of.

    `memory` None: it begins anew each time; `why` None: nobody is told why not;
    `looks` None: nobody asks for second looks; `gate` None: the detector sees every
    picture. `period_s` is the time between two sampled pictures, seconds; `on_end` is
    called after the last one.
    """

    scene: Scene
    feed: CameraFeed
    view: ViewCheck
    tracker: Tracker
    places: PlaceMemory
    rules: tuple[Rule, ...]
    evidence: EvidenceStore
    memory: MemoryFile | None = None
    opened: OpenedPlaces = field(default_factory=OpenedPlaces)
    why: WhyFile | None = None
    looks: LookWatch | None = None
    gate: LookGate | None = None
    period_s: float = 1.0
    on_end: Callable[[], None] | None = None


class Camera:
    """Shows each analysed frame to the camera's parts, in the one right order."""

    def __init__(
        self, parts: CameraParts, labels: tuple[str, ...], on_health: HealthListener
    ) -> None:
        self.parts = parts
        self._labels = labels
        self._view_watch = ViewWatch(parts.scene.camera_id, on_health)
        self._last_s: float | None = None
        self._seen: Seen | None = None
        self._pictures = 0

    @property
    def camera_id(self) -> str:
        """Which camera."""
        return self.parts.scene.camera_id

    def recall(self, frame: Frame) -> Detections | None:
        """Return what is seen in this picture if that is known without looking."""
        return None if self.parts.gate is None else self.parts.gate.recall(frame)

    def looked(self, frame: Frame, detections: Detections) -> None:
        """Take what the detector saw in a picture that was not recalled."""
        if self.parts.gate is not None:
            self.parts.gate.looked(frame, detections)

    def observe(
        self, frame: Frame, detections: Detections
    ) -> list[tuple[Violation, Writing]]:
        """Analyse one frame.

        Args:
            frame: the next frame of this camera.
            detections: what the detector saw in it.

        Returns:
            The steps that this frame brings, each with what writes its proof.
        """
        parts = self.parts
        view = parts.view.check(frame, detections)
        size = frame.width, frame.height
        self._view_watch.note(view, frame.captured_at, size)
        tracks = parts.tracker.update(frame, detections)
        places = parts.places.update(frame, detections, view, tracks)
        observation = Observation(
            frame=frame,
            scene=parts.scene,
            labels=self._labels,
            detections=detections,
            tracks=tracks,
            places=places,
            view=view,
            dt_s=self._advance(frame.media_time_s),
        )
        parts.evidence.observe(observation)
        steps = [
            (violation, parts.evidence.capture(violation, observation))
            for rule in parts.rules
            for violation in rule.observe(observation)
        ]
        if parts.looks is not None:
            parts.looks.observe(observation)
        self._pictures += 1
        self._seen = seen_in(observation, self._pictures)
        parts.opened.follow((violation for violation, _ in steps), self._seen)
        return steps

    def remember(self, write: Callable[[Callable[[], None]], None]) -> None:
        """Have places and open events saved if it is time to; `write` does it soon."""
        if self.parts.memory is not None:
            self.parts.memory.tick(write)

    def remember_at_end(self) -> None:
        """Save places and open events, after the last picture."""
        if self.parts.memory is not None:
            self.parts.memory.save(ended=True)

    def end(self) -> None:
        """Have it told what is to be told after the last picture."""
        if self.parts.on_end is not None:
            self.parts.on_end()

    def explain(self, *, now: bool = False) -> None:
        """Write down why nothing has opened if it is time to, or `now`."""
        if self.parts.why is not None:
            self.parts.why.tick(self.inquiry, now=now)

    def answer_overdue(self) -> None:
        """Answer second looks that have waited too long without a picture."""
        if self.parts.looks is not None:
            self.parts.looks.tick(self.camera_id)

    def explained(self) -> bytes | None:
        """Return what was written last, as JSON; may be called from any thread."""
        return None if self.parts.why is None else self.parts.why.latest

    def inquiry(self) -> Inquiry:
        """Return what is known of all places at this moment."""
        parts = self.parts
        return Inquiry(
            scene=parts.scene,
            status=parts.feed.status(),
            rules=tuple(rule.name for rule in parts.rules),
            seen=self._seen,
            candidates=self.candidates(),
            opened=parts.opened,
        )

    def candidates(self) -> list[Candidate]:
        """Return the places that have not opened an event, each with its reasons."""
        return [one for rule in self.parts.rules for one in rule.candidates()]

    def _advance(self, media_time_s: float) -> float:
        last = media_time_s if self._last_s is None else self._last_s
        self._last_s = max(last, media_time_s)
        return max(0.0, media_time_s - last)


def recall_or_detect(camera: Camera, detector: Detector, frame: Frame) -> Detections:
    """Return what is in a picture, as the engine would find it out.

    Raises:
        ModelError: the model failed.
    """
    known = camera.recall(frame)
    if known is not None:
        return known
    (seen,) = detector.detect([frame])
    camera.looked(frame, seen)
    return seen
