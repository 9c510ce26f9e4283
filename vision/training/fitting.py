"""Fit pictures into the network's square, as the engine does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.training.compose import PAD

#: Picture (H, W, 3) BGR to detections (N, 6): xyxy in pixels, score, class.
Predict = Callable[[ImageU8], FloatArray]
_LEAST_SCORE = 0.001


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture was fitted into the square.

    Attributes:
        scale: canvas pixels per picture pixel.
        left_px: padding on the left.
        top_px: padding at the top.
    """

    scale: float
    left_px: int
    top_px: int


def letterbox(image: ImageU8, size_px: int) -> tuple[ImageU8, Fit]:
    """Scale a picture to fit a square and centre it on grey.

    The arithmetic is that of Ultralytics' ``LetterBox(auto=False,
    center=True)``, so that pictures land on the same pixels.

    Args:
        image: (H, W, 3) uint8 BGR.
        size_px: side of the square.

    Returns:
        (S, S, 3) uint8 BGR and the fit.
    """
    height, width = image.shape[:2]
    scale = min(size_px / height, size_px / width)
    w, h = round(width * scale), round(height * scale)
    pad_x, pad_y = (size_px - w) / 2, (size_px - h) / 2
    if (w, h) != (width, height):
        image = np.asarray(
            cv2.resize(image, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8
        )
    left, top = round(pad_x - 0.1), round(pad_y - 0.1)
    square = np.full((size_px, size_px, 3), PAD, np.uint8)
    square[top : top + h, left : left + w] = image
    return square, Fit(scale, left, top)


def to_tensor(squares: Sequence[ImageU8]) -> FloatArray:
    """Stack squares as the network takes them.

    Args:
        squares: (S, S, 3) uint8 BGR each.

    Returns:
        (B, 3, S, S) float32 RGB in [0, 1].
    """
    stack = np.stack(squares)[..., ::-1].transpose(0, 3, 1, 2)
    return np.ascontiguousarray(stack, np.float32) / np.float32(255)


def unfit(rows: FloatArray, fit: Fit) -> FloatArray:
    """Bring detections back to the picture's pixels.

    Args:
        rows: (N, 6) xyxy on the square, score, class.
        fit: of the picture.

    Returns:
        (K, 6) above the least score, by falling score.
    """
    kept = rows[rows[:, 4] > _LEAST_SCORE].astype(np.float32)
    kept[:, 0:4:2] = (kept[:, 0:4:2] - fit.left_px) / fit.scale
    kept[:, 1:4:2] = (kept[:, 1:4:2] - fit.top_px) / fit.scale
    return kept[np.argsort(-kept[:, 4], kind="stable")]
