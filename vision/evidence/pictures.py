"""Pictures as evidence: encoded once, hashed at once."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.errors import EvidenceError
from vision.core.frame import Frame, TimeSource

JPEG = "image/jpeg"
QUALITY = 92
SHARED_WIDTH = 1280  # shared copies show what happened; originals keep every pixel
_MARGIN = 0.35

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """An encoded picture and where it comes from.

    Attributes:
        jpeg: the bytes that the digest is of.
        sha256: hex digest, taken when the picture was encoded.
        captured_at: wall time of its frame.
        frame_index: running number of its frame.
        media_time_s: the frame's time on the stream's clock, seconds.
        time_source: where `captured_at` comes from.
    """

    jpeg: bytes
    sha256: str
    captured_at: datetime
    frame_index: int
    media_time_s: float
    time_source: TimeSource


def picture_of(frame: Frame, image: ImageU8 | None = None) -> Picture:
    """Encode a frame, or a picture made from it.

    Args:
        frame: where time and number come from.
        image: (H, W, 3) uint8 BGR; default: the frame's own, untouched.

    Raises:
        EvidenceError: the picture cannot be encoded.
    """
    jpeg = encode(frame.image if image is None else image)
    return Picture(
        jpeg=jpeg,
        sha256=hashlib.sha256(jpeg).hexdigest(),
        captured_at=frame.captured_at,
        frame_index=frame.index,
        media_time_s=frame.media_time_s,
        time_source=frame.time_source,
    )


def digested(original: Picture, image: ImageU8) -> Picture:
    """Encode a copy that was made of a picture, under the original's time and number.

    Raises:
        EvidenceError: it cannot be encoded.
    """
    jpeg = encode(image)
    return replace(original, jpeg=jpeg, sha256=hashlib.sha256(jpeg).hexdigest())


def encode(image: ImageU8) -> bytes:
    """Return an (H, W, 3) uint8 BGR picture as JPEG.

    Raises:
        EvidenceError: it cannot be encoded.
    """
    try:
        ok, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    except cv2.error as error:
        msg = f"picture of shape {image.shape}: cannot be encoded ({error.err})"
        raise EvidenceError(msg) from error
    if not ok:
        msg = f"picture of shape {image.shape}: cannot be encoded"
        raise EvidenceError(msg)
    return buffer.tobytes()


def decode(jpeg: bytes) -> ImageU8:
    """Return a JPEG as (H, W, 3) uint8 BGR.

    Raises:
        EvidenceError: it is no picture.
    """
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    # cv2's stubs deny it, but imdecode returns None for bytes that are no picture.
    if image is None:
        msg = f"{len(jpeg)} bytes are no picture; expected JPEG"
        raise EvidenceError(msg)
    return np.asarray(image, dtype=np.uint8)


def at_most(image: ImageU8, width_px: int) -> ImageU8:
    """Return a picture no wider than `width_px`, in its own proportions."""
    height, width = image.shape[:2]
    if width <= width_px:
        return image
    size = (width_px, round(height * width_px / width))
    # Up to a factor of two linear interpolation leaves no pixel out, in a third of the
    # time that averaging takes.
    how = cv2.INTER_LINEAR if width <= 2 * width_px else cv2.INTER_AREA
    small = cv2.resize(image, size, interpolation=how)
    return np.asarray(small, dtype=np.uint8)


def close_up(image: ImageU8, xyxy: Box) -> ImageU8:
    """Cut an object out with some of its surroundings, at full resolution.

    Args:
        image: (H, W, 3) uint8 BGR.
        xyxy: the object's box, pixels; may reach outside the picture.

    Returns:
        A copy, at least 32 pixels on each side where the picture allows.
    """
    left, top, right, bottom = around(image, xyxy)
    return image[top:bottom, left:right].copy()


def around(image: ImageU8, xyxy: Box) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of an object with some surroundings, pixels.

    Args:
        image: what it is in; the result lies inside.
        xyxy: the object's box, pixels; may reach outside the picture.
    """
    height, width = image.shape[:2]
    x1, y1, x2, y2 = xyxy
    dx = max((x2 - x1) * _MARGIN, (32 - (x2 - x1)) / 2)
    dy = max((y2 - y1) * _MARGIN, (32 - (y2 - y1)) / 2)
    left, right = _span(x1 - dx, x2 + dx, width)
    top, bottom = _span(y1 - dy, y2 + dy, height)
    return left, top, right, bottom


def _span(low: float, high: float, size: int) -> tuple[int, int]:
    """Return a non-empty span of whole pixels inside [0, size]."""
    first = int(min(max(0.0, low), size - 1))
    last = int(min(max(first + 1.0, np.ceil(high)), size))
    return first, last
