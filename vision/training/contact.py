"""Contact sheets: look at pictures and boxes before trusting figures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.training.fitting import letterbox
from vision.training.labels import CLASSES, IGNORE, Sample

_COLOURS = (
    (40, 40, 230),
    (230, 140, 40),
    (40, 220, 240),
    (230, 40, 230),
    *((90, 200, 60),) * 6,
)


def draw(
    image: ImageU8, xyxy: FloatArray, captions: Sequence[tuple[int, str]]
) -> ImageU8:
    """Draw boxes with captions on a copy.

    Args:
        image: (H, W, 3) uint8 BGR.
        xyxy: (N, 4) pixels.
        captions: class id (for the colour) and text per box.

    Returns:
        The drawn picture.
    """
    drawn = image.copy()
    for box, (class_id, text) in zip(xyxy, captions, strict=True):
        x0, y0, x1, y1 = (round(float(v)) for v in box)
        colour = (128, 128, 128) if class_id == IGNORE else _COLOURS[class_id]
        cv2.rectangle(drawn, (x0, y0), (x1, y1), colour, 2)
        at = (max(x0, 0) + 2, max(y0, 12) - 3)
        cv2.putText(drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 3)
        cv2.putText(drawn, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1)
    return drawn


def labelled(sample: Sample) -> ImageU8:
    """Draw a sample with its own labels."""
    captions = [
        (int(k), "ignore" if k == IGNORE else CLASSES[int(k)]) for k in sample.class_id
    ]
    return draw(sample.image, sample.xyxy, captions)


def sheet(pictures: Sequence[ImageU8], columns: int, cell_px: int) -> ImageU8:
    """Lay pictures out in a grid.

    Args:
        pictures: of any size.
        columns: pictures per row.
        cell_px: side of a cell.

    Returns:
        One picture.
    """
    cells = [letterbox(picture, cell_px)[0] for picture in pictures]
    empty = np.full((cell_px, cell_px, 3), 255, np.uint8)
    cells += [empty] * (-len(cells) % columns)
    rows = [np.hstack(cells[i : i + columns]) for i in range(0, len(cells), columns)]
    return np.vstack(rows)


def write(path: Path, picture: ImageU8, quality: int = 82) -> None:
    """Write a JPEG, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
