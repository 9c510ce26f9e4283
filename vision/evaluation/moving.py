"""Short clips for the report: a minute of street in a few seconds, with its boxes."""

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.frame import VideoFrame

from vision.core.arrays import ImageU8
from vision.evaluation.gallery import Drawn, drawn_small

_FRAMES = 24
_SIDE_PX = 320
_FPS = 6
_CRF = "30"


@dataclass(frozen=True, slots=True)
class Timed:
    """A box and when it is to be drawn, media seconds."""

    box: Drawn
    from_s: float
    to_s: float

    def at(self, media_time_s: float) -> bool:
        """Say whether it is drawn at a time."""
        return self.from_s <= media_time_s <= self.to_s


def clip_uri(
    clip: Path, span_s: tuple[float, float], boxes: Sequence[Timed]
) -> str | None:
    """Return part of a clip as a small H.264 video in a `data:` address.

    Args:
        clip: a video file.
        span_s: from when to when, seconds from its first frame.
        boxes: what to draw, as shares of the picture.

    Returns:
        At most 24 pictures, spread evenly, six a second, longest side 320 px, with
        the media time written in; None when the part cannot be read.
    """
    shown = []
    try:
        for at_s, image in _spread(clip, span_s):
            now = [timed.box for timed in boxes if timed.at(at_s)]
            small = drawn_small(image, now, side_px=_SIDE_PX, shares=True)
            shown.append(_stamped(small, at_s))
        if not shown:
            return None
        return "data:video/mp4;base64," + base64.b64encode(_encoded(shown)).decode()
    except FFmpegError:
        return None


def _spread(clip: Path, span_s: tuple[float, float]) -> Iterator[tuple[float, ImageU8]]:
    """Yield (media time, picture), evenly spread; only what is shown is converted."""
    first_s, last_s = span_s
    step_s = max((last_s - first_s) / _FRAMES, 1e-3)
    due_s = first_s
    with av.open(str(clip)) as container:
        if not container.streams.video:
            return
        stream = container.streams.video[0]
        start_s: float | None = None
        for frame in container.decode(stream):
            if frame.pts is None:
                continue
            start_s = frame.time if start_s is None else start_s
            at_s = frame.time - start_s
            if at_s > last_s:
                return
            if at_s >= due_s:
                due_s = max(due_s + step_s, at_s + step_s / 2)
                yield at_s, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _stamped(image: ImageU8, at_s: float) -> ImageU8:
    text, font = f"{at_s:.1f} s", cv2.FONT_HERSHEY_SIMPLEX
    at = (6, image.shape[0] - 8)
    cv2.putText(image, text, at, font, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(image, text, at, font, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return image


def _encoded(images: Sequence[ImageU8]) -> bytes:
    height, width = (side - side % 2 for side in images[0].shape[:2])
    stream_bytes = io.BytesIO()
    with av.open(stream_bytes, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=_FPS)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # One thread: the same pictures give the same bytes.
        stream.options = {"crf": _CRF, "preset": "slow", "threads": "1"}
        for image in images:
            cut = np.ascontiguousarray(image[:height, :width])
            container.mux(stream.encode(VideoFrame.from_ndarray(cut, format="bgr24")))
        container.mux(stream.encode())
    return stream_bytes.getvalue()
