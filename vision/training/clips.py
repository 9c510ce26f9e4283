"""Decode clips: a picture now and then."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.errors import ConfigError


def sample_clip(
    path: Path, period_s: float, fps: float | None = None
) -> Iterator[tuple[int, ImageU8]]:
    """Decode a picture of a clip every so often.

    Args:
        path: a video file.
        period_s: time between two pictures.
        fps: pictures per second; None believes the file.

    Yields:
        Number of the picture in the clip, and (H, W, 3) uint8 BGR.

    Raises:
        ConfigError: the file is not there, or no picture of it can be decoded.
    """
    capture = cv2.VideoCapture(str(path) if path.is_file() else "")
    rate = capture.get(cv2.CAP_PROP_FPS) if fps is None else fps
    step = max(1, round(rate * period_s))
    index = taken = 0
    while capture.grab():
        decoded, image = capture.retrieve() if index % step == 0 else (False, None)
        if decoded:
            yield index, np.asarray(image, np.uint8)
            taken += 1
        index += 1
    capture.release()
    if not taken:
        msg = f"{path} is not there or no video that can be decoded; fetch or remove it"
        raise ConfigError(msg)
