"""Fit pictures into the network's square, as the engine does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.training.compose import PAD
from vision.training.scoring import iou_matrix

#: Picture (H, W, 3) BGR to detections (N, 6): xyxy in pixels, score, class.
Predict = Callable[[ImageU8], FloatArray]
#: The engine's default for one class.
SAME_OBJECT = 0.7
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


@dataclass(frozen=True, slots=True)
class Predictor:
    """A network with the way in and out around it; a ``Predict``.

    Attributes:
        infer: (1, 3, S, S) float32 RGB in [0, 1] to (300, 6) rows on the square.
        size_px: S.
    """

    infer: Callable[[FloatArray], FloatArray]
    size_px: int

    def __call__(self, image: ImageU8) -> FloatArray:
        """Return what the engine would see on a picture."""
        square, fit = letterbox(image, self.size_px)
        return unfit(self.infer(to_tensor([square])), fit)


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
        (K, 6) above the least score, by falling score, each object once.
    """
    kept = rows[rows[:, 4] > _LEAST_SCORE].astype(np.float32)
    kept[:, 0:4:2] = (kept[:, 0:4:2] - fit.left_px) / fit.scale
    kept[:, 1:4:2] = (kept[:, 1:4:2] - fit.top_px) / fit.scale
    return suppress(kept[np.argsort(-kept[:, 4], kind="stable")])


def suppress(rows: FloatArray) -> FloatArray:
    """Drop boxes that repeat a better one of their class, as the engine does.

    Heads "without suppression" still say some objects twice.

    Args:
        rows: (N, 6) xyxy, score, class, by falling score.

    Returns:
        (K, 6) in the same order.
    """
    repeats = iou_matrix(rows[:, :4], rows[:, :4]) > SAME_OBJECT
    repeats &= rows[:, None, 5] == rows[None, :, 5]
    stays = np.ones(len(rows), bool)
    for row in range(len(rows)):
        if stays[row]:
            stays[row + 1 :] &= ~repeats[row, row + 1 :]
    return rows[stays]
