"""How a picture lies over another: background points, objects left out."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import BoolArray, FloatArray, ImageU8

Matrix: TypeAlias = NDArray[np.float64]

_POINTS = 200
_FEWEST_POINTS = 12
_RANSAC_PX = 1.5
_LK_WINDOW = (21, 21)
_LK_LEVELS = 3
_ROUND_TRIP_PX = 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Registration:
    """Where points of one picture are in another.

    Attributes:
        matrix: (3, 3) float64, from the first picture's pixels to the second's.
        inliers: share of the background points that agree, [0, 1].
    """

    matrix: Matrix
    inliers: float

    def displacement(self, width: int, height: int) -> float:
        """Return how far the farthest corner of the picture moved, pixels."""
        corners = np.array(
            [[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64
        )
        moved = corners @ self.matrix.T
        return float(np.abs(moved[:, :2] / moved[:, 2:] - corners[:, :2]).max())


def register(first: ImageU8, second: ImageU8, mask: ImageU8) -> Registration | None:
    """Return the motion between two grey pictures of one size.

    Pyramidal Lucas-Kanade there and back, then a similarity by RANSAC.

    Args:
        first: (h, w) uint8.
        second: (h, w) uint8.
        mask: (h, w) uint8, 0 where objects stand or move in either picture.

    Returns:
        The motion, or None where too few points of the background are found again.
    """
    points = _corners(first, mask)
    if len(points) < _FEWEST_POINTS:
        return None
    there, found = _flow(first, second, points)
    back, found_back = _flow(second, first, there)
    error = np.linalg.norm((back - points)[:, 0], axis=1)
    kept = found & found_back & (error <= _ROUND_TRIP_PX)
    if int(kept.sum()) < _FEWEST_POINTS:
        return None
    affine, inliers = cv2.estimateAffinePartial2D(
        points[kept], there[kept], ransacReprojThreshold=_RANSAC_PX
    )
    if affine is None:
        return None
    matrix = np.vstack((affine, [0.0, 0.0, 1.0]))
    return Registration(matrix, float(np.sum(inliers)) / len(points))


def _corners(grey: ImageU8, mask: ImageU8) -> FloatArray:
    """Return (N, 1, 2) float32 points that can be found again."""
    corners = np.asarray(
        cv2.goodFeaturesToTrack(grey, _POINTS, 0.01, 5, mask=mask), np.float32
    )
    # OpenCV answers None, which becomes a scalar here, when it finds no corner at all.
    return corners if corners.ndim == 3 else np.empty((0, 1, 2), np.float32)  # noqa: PLR2004


def _flow(
    first: ImageU8, second: ImageU8, points: FloatArray
) -> tuple[FloatArray, BoolArray]:
    """Return where points went, (N, 1, 2), and which were found, (N,)."""
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        first,
        second,
        points,
        np.empty_like(points),
        winSize=_LK_WINDOW,
        maxLevel=_LK_LEVELS,
    )
    found = np.asarray(status)[:, 0] == 1
    return np.asarray(there, np.float32), np.asarray(found, np.bool_)
