"""Whether a picture shows the same as the one the detector looked at last.

Looking is the dearest part of a picture. A street at night, a yard, an empty square
look the same for minutes: what was seen there is still there, and saying so again
needs no network. A picture counts as unchanged only if nothing of the size of an
object differs from the picture *looked at last* (not from the one before: what changes
slowly adds up), if the detector said the same several times in a row (one that wavers
is asked again), and for a bounded time.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import iou

_WIDTH = 160
_SAME_BOX_IOU = 0.5
_WAVERING = 2


@dataclass(frozen=True, slots=True)
class StillParams:
    """When a look is saved.

    Attributes:
        rest_s: longest media time between two looks, seconds: the guaranteed rate.
        step: grey levels by which a pixel of the reduced picture must differ; sensor
            noise is averaged away at this size, an encoder's flicker stays below.
        fewest_px: pixels that must differ; one of 160 across is 12 of 1080p.
        firm_score: detections from this score on must be seen in each of the looks
            that agree.
        agreeing: looks in a row at the same picture that must agree before the
            detector may rest: what it misses now and then must not be missed for long.
            Twice as many where it has contradicted itself since the picture changed:
            who misses three boxes in ten misses four in a row before long.
    """

    rest_s: float = 10.0
    step: int = 10
    fewest_px: int = 3
    firm_score: float = 0.35
    agreeing: int = 4


class StillGate:
    """One camera's `core.ports.LookGate`."""

    def __init__(self, params: StillParams | None = None) -> None:
        """Start awake.

        Args:
            params: when a look is saved.
        """
        self._params = params or StillParams()
        self._shown: ImageU8 | None = None  # what the latest look was at
        self._size = (0, 0)  # of that picture: its boxes are in its pixels
        self._looked_s = 0.0
        self._seen = Detections.empty()
        self._agreed = 0
        self._needed = self._params.agreeing
        self._now: tuple[int, ImageU8] | None = None

    def recall(self, frame: Frame) -> Detections | None:
        """Return what is seen in this picture if that is known without looking.

        Args:
            frame: the next picture of the camera.

        Returns:
            What the latest look gave; None: this picture must be looked at.
        """
        shown = _reduced(frame.reduced)
        self._now = (frame.index, shown)
        rested_s = frame.media_time_s - self._looked_s
        sure = self._agreed >= self._needed and frame.size == self._size
        if not sure or not 0 <= rested_s < self._params.rest_s:
            return None
        return None if self._changed(shown) else self._seen

    def looked(self, frame: Frame, detections: Detections) -> None:
        """Take what the detector saw in a picture that was not recalled."""
        if self._now is not None and self._now[0] == frame.index:
            shown = self._now[1]
        else:
            shown = _reduced(frame.reduced)
        alike = self._bears_out(self._seen, detections) and self._bears_out(
            detections, self._seen
        )
        if self._changed(shown):
            self._agreed, self._needed = 1, self._params.agreeing
        elif alike:
            self._agreed += 1
        else:
            self._agreed, self._needed = 1, _WAVERING * self._params.agreeing
        self._shown, self._seen, self._size = shown, detections, frame.size
        self._looked_s = frame.media_time_s

    def _changed(self, shown: ImageU8) -> bool:
        """Return whether something of an object's size differs from the latest look."""
        if self._shown is None or self._shown.shape != shown.shape:
            return True
        step = np.asarray(cv2.absdiff(shown, self._shown)) > self._params.step
        return int(np.count_nonzero(step)) >= self._params.fewest_px

    def _bears_out(self, one: Detections, other: Detections) -> bool:
        """Return whether every firm box of one look is in the other, at any score."""
        firm = one.where(np.asarray(one.score >= self._params.firm_score, np.bool_))
        if len(firm) == 0:
            return True
        if len(other) == 0:
            return False
        alike = firm.class_id[:, None] == other.class_id[None, :]
        overlap = np.where(alike, iou(firm.xyxy, other.xyxy), 0.0)
        return bool((overlap.max(axis=1) >= _SAME_BOX_IOU).all())


def _reduced(image: ImageU8) -> ImageU8:
    """Return a picture as luma, about 160 pixels wide, each the mean of what it covers.

    Whole numbers of pixels are averaged where that is near enough: OpenCV does it fast.
    """
    height, width = image.shape[:2]
    times = max(1, round(width / _WIDTH))
    size = (max(1, round(width / times)), max(1, round(height / times)))
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
