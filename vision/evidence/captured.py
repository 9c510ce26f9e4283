"""What proves one step, taken hold of at the moment of its decision."""

from dataclasses import dataclass

from vision.core.observation import Observation
from vision.core.violations import Violation
from vision.evidence.dwell import Point
from vision.evidence.sight import Sight
from vision.evidence.takes import Moment


@dataclass(frozen=True, eq=False, slots=True)
class Captured:
    """A step with its frame and what else was known of its place then.

    Attributes:
        violation: the step.
        observation: the deciding frame and what was made of it.
        sight: first sight of the place, or None.
        growth: how its dwell grew.
    """

    violation: Violation
    observation: Observation
    sight: Sight | None
    growth: tuple[Point, ...]

    @property
    def moment(self) -> Moment:
        """What a clip of it is about."""
        frame = self.observation.frame
        return Moment(
            event_id=self.violation.event_id,
            step=self.violation.sequence,
            camera_id=frame.camera_id,
            media_time_s=frame.media_time_s,
            captured_at=frame.captured_at,
        )
