"""Pictures for the report: what was drawn, what was said, small enough to embed."""

import base64
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame

from vision.core.arrays import ImageU8

Colour = tuple[int, int, int]

# BGR. Colour and style differ: true boxes are drawn thin and dashed.
TRUE: Colour = (60, 170, 0)
WRONG: Colour = (0, 94, 213)
RIGHT: Colour = (178, 114, 0)
IGNORED: Colour = (150, 150, 150)

_SIDE_PX = 480
_QUALITY = 72
_EARLY_S = 0.001  # stamps are rounded


@dataclass(frozen=True, slots=True)
class Drawn:
    """One box to draw.

    Attributes:
        xyxy: pixels of the source picture, or shares of it (see `picture_uri`).
        colour: BGR.
        text: written at its top left; ASCII.
        dashed: true boxes.
    """

    xyxy: tuple[float, float, float, float]
    colour: Colour
    text: str = ""
    dashed: bool = False


def picture_uri(image: ImageU8, boxes: Sequence[Drawn], *, shares: bool = False) -> str:
    """Return a small JPEG with boxes as a `data:` address.

    Args:
        image: (H, W, 3) uint8 BGR; not changed.
        boxes: what to draw.
        shares: the boxes are shares of the picture's size, not pixels.

    Returns:
        `data:image/jpeg;base64,…`, longest side at most 480 px.
    """
    small = drawn_small(image, boxes, side_px=_SIDE_PX, shares=shares)
    done, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")


def drawn_small(
    image: ImageU8, boxes: Sequence[Drawn], *, side_px: int, shares: bool
) -> ImageU8:
    """Return a small copy with boxes.

    Args:
        image: (H, W, 3) uint8 BGR; not changed.
        boxes: what to draw.
        side_px: longest side at most, pixels.
        shares: the boxes are shares of the picture's size, not pixels.
    """
    height, width = image.shape[:2]
    scale = min(1.0, side_px / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.array(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    factor = np.array(size * 2, np.float64) if shares else np.full(4, scale)
    for box in boxes:
        corners = np.round(np.array(box.xyxy) * factor).astype(int).tolist()
        _draw(small, corners, box)
    return small


def frame_at(clip: Path, media_time_s: float) -> ImageU8 | None:
    """Return a clip's frame at a time, or None if it cannot be read.

    Args:
        clip: a video file.
        media_time_s: seconds from the first frame; later than the end gives the last
            frame that can be read.
    """
    latest: VideoFrame | None = None
    # Where it breaks off, what came before is shown.
    with suppress(FFmpegError), av.open(str(clip)) as container:
        if not container.streams.video:
            return None
        stream = container.streams.video[0]
        start_s = float((stream.start_time or 0) * (stream.time_base or 0))
        until_s = start_s + media_time_s + _EARLY_S
        container.seek(round(until_s * av.time_base))
        for frame in container.decode(stream):
            if latest is not None and (frame.time or 0.0) > until_s:
                break
            latest = frame
    if latest is None:
        return None
    return np.asarray(latest.to_ndarray(format="bgr24"), np.uint8)


def _draw(image: ImageU8, corners: list[int], box: Drawn) -> None:
    left, top, right, bottom = corners
    if box.dashed:
        for a, b in (
            ((left, top), (right, top)),
            ((right, top), (right, bottom)),
            ((right, bottom), (left, bottom)),
            ((left, bottom), (left, top)),
        ):
            _dash(image, a, b, box.colour)
    else:
        cv2.rectangle(image, (left, top), (right, bottom), box.colour, 2)
    if box.text:
        at = (max(0, left) + 2, max(10, top + 12))
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(image, box.text, at, font, 0.4, (255, 255, 255), 3, cv2.LINE_AA)
        cv2.putText(image, box.text, at, font, 0.4, box.colour, 1, cv2.LINE_AA)


def _dash(
    image: ImageU8, a: tuple[int, int], b: tuple[int, int], colour: Colour
) -> None:
    length = max(abs(b[0] - a[0]), abs(b[1] - a[1]), 1)
    for start in range(0, length, 10):
        ends = []
        for at in (start, min(start + 6, length)):
            share = at / length
            ends.append(
                (
                    round(a[0] + (b[0] - a[0]) * share),
                    round(a[1] + (b[1] - a[1]) * share),
                )
            )
        cv2.line(image, ends[0], ends[1], colour, 2)
