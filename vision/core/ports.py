"""Plug-points: what the pipeline needs, said without naming who does it.

Those of second looks: `look_ports`; of who gets events: `sinks.receiver.Receiver`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

from vision.core.damage import Damage
from vision.core.detections import Detections
from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.feed import FeedStatus
from vision.core.frame import Frame
from vision.core.health import HealthEvent
from vision.core.observation import Observation, ViewState
from vision.core.places import Place
from vision.core.position import Fix
from vision.core.tracks import Track
from vision.core.violations import Candidate, Violation


class Clock(Protocol):
    """Wall time, injected."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""
        ...


class FrameSource(Protocol):
    """One connection to a camera, file or folder.

    Every call is bounded by the source's own time-outs. A source is used by one
    thread; `close` may be called at any time and more than once.
    """

    @property
    def live(self) -> bool:
        """Whether the newest frame matters more than every frame."""
        ...

    @property
    def shed(self) -> int:
        """Due pictures that were not decoded because reading lagged behind."""
        ...

    @property
    def damage(self) -> Damage:
        """Pictures that could not be decoded because they are broken."""
        ...

    def open(self) -> None:
        """Connect.

        Raises:
            SourceOpenError: not reachable, not readable or no video, in time.
        """
        ...

    def read(self) -> Frame | None:
        """Return the next sampled frame, or None at the end of a file.

        Raises:
            SourceReadError: the stream broke or fell silent for too long.
        """
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


class CameraFeed(Protocol):
    """A camera that keeps itself connected and buffers its frames."""

    @property
    def camera_id(self) -> str:
        """Which camera."""
        ...

    @property
    def live(self) -> bool:
        """Whether the newest frame matters more than every frame."""
        ...

    def start(self) -> None:
        """Begin reading in the background."""
        ...

    def take(self) -> Frame | None:
        """Return the next waiting frame, or None; never blocks."""
        ...

    def status(self) -> FeedStatus:
        """Return counters and state."""
        ...

    def stop(self, timeout_s: float) -> None:
        """Stop reading; returns within `timeout_s`, whatever the camera does.

        May be called again; 0 asks for the stop without waiting for it.
        """
        ...


class PositionSource(Protocol):
    """Tells where the vehicle was that carries a camera.

    Every call returns at once; what arrives by itself is read by a thread of its own.
    """

    def start(self) -> None:
        """Begin to read; a file was read when the source was made."""
        ...

    def at(self, frame: Frame) -> Fix | None:
        """Return where the vehicle was when a picture was taken.

        Between two positions it is interpolated. None where none is near enough in
        time; nothing is extrapolated for longer than a second or two.
        """
        ...

    def stop(self, timeout_s: float) -> None:
        """Stop reading; returns within `timeout_s`."""
        ...


class Detector(Protocol):
    """Finds objects in pictures."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names after mapping; `class_id` points into them."""
        ...

    @property
    def model_id(self) -> str:
        """`name/version`."""
        ...

    @property
    def model_sha256(self) -> str:
        """Hex digest of the model file."""
        ...

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        """Return the boxes of each picture, in order; sizes may differ.

        Raises:
            ModelError: the model failed on these pictures.
        """
        ...


class LookGate(Protocol):
    """Saves the detector from looking at what it has seen already."""

    def recall(self, frame: Frame) -> Detections | None:
        """Return what is seen in this picture if that is known without looking."""
        ...

    def looked(self, frame: Frame, detections: Detections) -> None:
        """Take what the detector saw in a picture that was not recalled."""
        ...


class ViewCheck(Protocol):
    """Says whether one camera's picture can be trusted."""

    def check(self, frame: Frame, detections: Detections) -> ViewState:
        """Return the verdict on this picture."""
        ...


class Tracker(Protocol):
    """Follows the moving objects of one camera."""

    def update(self, frame: Frame, detections: Detections) -> tuple[Track, ...]:
        """Return the objects alive now."""
        ...


class PlaceMemory(Protocol):
    """Remembers the still objects of one camera."""

    def update(
        self,
        frame: Frame,
        detections: Detections,
        view: ViewState,
        tracks: Sequence[Track] = (),
    ) -> tuple[Place, ...]:
        """Return all places, those that ended with this frame included."""
        ...


class Rule(Protocol):
    """Decides one violation for one camera."""

    @property
    def name(self) -> str:
        """`name/version`, as written on events."""
        ...

    def observe(self, observation: Observation) -> list[Violation]:
        """Return the steps that this frame brings: opened, updated, cleared."""
        ...

    def candidates(self) -> list[Candidate]:
        """Return the places that have not opened, each with its reasons."""
        ...


Writing: TypeAlias = Callable[[], Evidence]
"""Writes the proof of one step; called once, by any thread. Says so when it cannot
keep everything, and never raises for a full disk."""


class EvidenceStore(Protocol):
    """Keeps what proves an event."""

    def observe(self, observation: Observation) -> None:
        """Remember what a later decision may need (first sight, ring)."""
        ...

    def capture(self, violation: Violation, observation: Observation) -> Writing:
        """Take hold of what proves one step; quick, and nothing is written yet."""
        ...


class EventSink(Protocol):
    """Takes events for good.

    When `put` returns, the event survives a crash of this process.
    """

    def put(self, event: ViolationEvent) -> None:
        """Accept one event.

        Raises:
            SinkError: it could not be made durable.
        """
        ...

    def put_health(self, event: HealthEvent) -> None:
        """Accept one health event."""
        ...

    def close(self, timeout_s: float) -> None:
        """Deliver what can be delivered in `timeout_s`, then stop."""
        ...


HealthListener = Callable[[HealthEvent], None]
"""Called from any thread; must be quick and must not raise."""
