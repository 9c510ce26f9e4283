"""From a rule's step to an event that is on its way."""

from collections.abc import Callable
from dataclasses import dataclass

from vision.core.events import Code, Provenance, ViolationEvent
from vision.core.ports import Writing
from vision.core.violations import Slug, Violation
from vision.pipeline.camera import Camera
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.metrics import EngineMetrics
from vision.pipeline.proving import Proving, ProvingAtOnce

EventListener = Callable[[ViolationEvent], None]
"""Looks on (progress, console, tests); must be quick and must not raise. Called by the
thread that writes proof."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What every event says about the engine that made it.

    Attributes:
        engine_version: the package's version.
        config_sha256: of the configuration file.
        model_id: `name/version` of the detector.
        model_sha256: of its file.
        codes: number of each violation in the site's scheme.
    """

    engine_version: str
    config_sha256: str
    model_id: str
    model_sha256: str
    codes: dict[Slug, Code]


class Reporter:
    """Has proof written, makes events of it, counts them and hands them on."""

    def __init__(
        self,
        delivery: HeldDelivery,
        origin: Origin,
        metrics: EngineMetrics,
        on_event: EventListener | None = None,
        *,
        proving: Proving | None = None,
    ) -> None:
        """Name the parts; `proving` None: proof is written at once."""
        self.delivery = delivery
        self.metrics = metrics
        self.steps = 0
        self._origin = origin
        self._on_event = on_event
        self._proving = ProvingAtOnce() if proving is None else proving

    @property
    def waiting(self) -> int:
        """Steps whose proof is not written yet."""
        return self._proving.waiting

    @property
    def pending(self) -> bool:
        """Whether a step was decided whose event is not safe yet."""
        # In this order: a step goes from the one to the other.
        return self._proving.waiting > 0 or self.delivery.held > 0

    @property
    def full(self) -> bool:
        """Whether no more may be decided for the moment."""
        return self._proving.full or self.delivery.full

    def report(self, camera: Camera, violation: Violation, write: Writing) -> None:
        """Have one step proven and handed on, soon and in order."""
        origin = self._origin
        provenance = Provenance(
            engine_version=origin.engine_version,
            config_sha256=origin.config_sha256,
            model_id=origin.model_id,
            model_sha256=origin.model_sha256,
            dropped_frames=camera.parts.feed.status().dropped,
        )

        def hand_on() -> None:
            event = ViolationEvent(
                violation=violation,
                scene=camera.parts.scene,
                code=origin.codes[violation.slug],
                provenance=provenance,
                evidence=write(),
            )
            self.delivery.put(event)
            if self._on_event is not None:
                self._on_event(event)

        self._proving.add(hand_on)
        self.steps += 1
        self.metrics.step(camera.camera_id, violation)

    def beside(self, job: Callable[[], None]) -> None:
        """Have something else written after the proof that is in the making."""
        self._proving.add(job)

    def tend(self) -> None:
        """Have events that the sink refused tried again, by who hands events on."""
        self._proving.tend(self.delivery.flush)

    def give_way(self) -> None:
        """Let steps that were decided be proven first, for a moment."""
        self._proving.give_way()

    def settle(self, timeout_s: float) -> None:
        """Wait for proof in the making, at most `timeout_s`; hand on what is held."""
        self._proving.close(timeout_s)
        self.delivery.flush()
