"""Pictures whose even and odd lines are a fiftieth of a second apart, made whole."""

import cv2
import numpy as np
from av.video.frame import VideoFrame

from vision.core.arrays import ImageU8

_COMB = 8  # grey levels above both lines around, or below both; noise stays below
_NEAR = np.ones((5, 17), np.uint8)  # lines of one field, columns; around each tooth


def unwoven(frame: VideoFrame) -> VideoFrame:
    """Return a picture that shows one moment where its two fields disagree.

    Analogue cameras deliver two fields, and their encoders weave them: whatever moves
    gets teeth that look like texture. There the lines of the second field are replaced
    by the mean of those around; what stands keeps every line. Fields of other pictures
    are not needed, so it works for key frames seconds apart.

    Args:
        frame: as decoded; not changed, for the decoder may still need it.
    """
    if any(component.bits != 8 for component in frame.format.components):  # noqa: PLR2004 bytes
        return frame
    frame.make_writable()
    for plane in frame.planes:
        lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        _smooth(lines[: plane.height])
    return frame


def _smooth(lines: ImageU8) -> None:
    """Take the teeth out of one plane, (H, W) uint8, in place."""
    count = (len(lines) - 1) // 2
    if not count:
        return
    above, below = lines[0 : 2 * count : 2], lines[2 : 2 * count + 1 : 2]
    here = lines[1 : 2 * count : 2]
    over = cv2.min(cv2.subtract(here, above), cv2.subtract(here, below))
    under = cv2.min(cv2.subtract(above, here), cv2.subtract(below, here))
    teeth = cv2.inRange(cv2.max(over, under), _COMB, 255)
    mask = cv2.dilate(teeth, _NEAR)
    cv2.copyTo(cv2.addWeighted(above, 0.5, below, 0.5, 0), mask, here)
