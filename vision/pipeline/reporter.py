"""From a rule's step to an event that is on its way."""

from collections.abc import Callable
from dataclasses import dataclass

from vision.core.events import Code, Provenance, ViolationEvent
from vision.core.evidence import Evidence
from vision.core.violations import Slug, Violation
from vision.pipeline.camera import Camera
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.metrics import EngineMetrics

EventListener = Callable[[ViolationEvent], None]
"""Looks on (progress, console, tests); must be quick and must not raise."""


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
    """Writes events, counts them and hands them on."""

    def __init__(
        self,
        delivery: HeldDelivery,
        origin: Origin,
        metrics: EngineMetrics,
        on_event: EventListener | None = None,
    ) -> None:
        self.delivery = delivery
        self.metrics = metrics
        self.steps = 0
        self._origin = origin
        self._on_event = on_event

    def report(self, camera: Camera, violation: Violation, evidence: Evidence) -> None:
        """Hand on one step with its proof."""
        origin = self._origin
        event = ViolationEvent(
            violation=violation,
            scene=camera.parts.scene,
            code=origin.codes[violation.slug],
            provenance=Provenance(
                engine_version=origin.engine_version,
                config_sha256=origin.config_sha256,
                model_id=origin.model_id,
                model_sha256=origin.model_sha256,
                dropped_frames=camera.parts.feed.status().dropped,
            ),
            evidence=evidence,
        )
        self.delivery.put(event)
        self.steps += 1
        self.metrics.step(camera.camera_id, violation)
        if self._on_event is not None:
            self._on_event(event)
