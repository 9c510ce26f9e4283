"""One detection of a still object, and when it was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from vision.core.arrays import FloatArray, ImageU8
from vision.core.geometry import Xyxy


@dataclass(frozen=True, slots=True)
class Moment:
    """When a picture was taken, on both clocks."""

    media_time_s: float
    captured_at: datetime

    def on_clock_of(self, now: "Moment") -> "Moment":
        """Return this moment on a media clock that started anew.

        Wall time is the bridge; what seems to lie ahead happened just now.

        Args:
            now: a moment on the new clock.
        """
        ago_s = max(0.0, (now.captured_at - self.captured_at) / timedelta(seconds=1))
        return Moment(now.media_time_s - ago_s, self.captured_at)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One detection of a still object.

    Attributes:
        xyxy: box, reference-view pixels.
        label: its class in this picture.
        score: [0, 1].
        look: (32, 32) uint8 of the box, or None where there is nothing to see.
    """

    xyxy: Xyxy
    label: str
    score: float
    look: ImageU8 | None


def as_xyxy(sides: FloatArray | list[float]) -> Xyxy:
    """Return four sides as plain floats."""
    x1, y1, x2, y2 = (float(side) for side in sides)
    return x1, y1, x2, y2
