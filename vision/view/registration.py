"""How a picture lies over another: background points, objects left out."""

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import BoolArray
from vision.view.picture import Shot

Matrix: TypeAlias = NDArray[np.float64]

_ORB_POINTS = 600
_FEWEST_POINTS = 12
_RANSAC_PX = 1.5
_INNER_WEIGHT = 2.0  # so many times the share of the inner points is believed
_LK_WINDOW = (15, 15)
_LK_LEVELS = 2  # of halving: 3 % of the width and more are still followed
_LK_STOP = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 12, 0.03)


@dataclass(frozen=True, eq=False, slots=True)
class Registration:
    """Where points of one picture are in another.

    Attributes:
        matrix: (3, 3) float64, from the first picture's pixels to the second's.
        inliers: share of the background points that agree, [0, 1]; at most twice that
            of those outside of the margins, where what is written stands still.
    """

    matrix: Matrix
    inliers: float

    def displacement(self, width: int, height: int) -> float:
        """Return how far the farthest corner of the picture moved, pixels."""
        corners = _corners_of(width, height)
        return float(np.abs(self._moved(corners) - corners).max())

    def common(self, width: int, height: int) -> float:
        """Return how much of the first picture the second still shows, [0, 1]."""
        grid = np.stack(
            np.meshgrid(np.linspace(0, width, 16), np.linspace(0, height, 9)), axis=-1
        ).reshape(-1, 2)
        moved = self._moved(grid)
        seen = (moved >= 0).all(axis=1) & (moved <= (width, height)).all(axis=1)
        return float(np.mean(seen))

    def _moved(self, points: Matrix) -> Matrix:
        """Return (N, 2) points of the first picture in the second."""
        ahead = np.hstack((points, np.ones((len(points), 1)))) @ self.matrix.T
        return np.asarray(ahead[:, :2] / ahead[:, 2:], np.float64)


def _corners_of(width: int, height: int) -> Matrix:
    return np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float64)


def register(first: Shot, second: Shot) -> Registration | None:
    """Return the motion between two pictures of one size.

    Pyramidal Lucas-Kanade, then a similarity by RANSAC, which also throws out
    whatever did not move with the ground.

    Args:
        first: the one picture.
        second: the other; objects of either are left out.

    Returns:
        The motion, or None where too few points of the background are found again.
    """
    if first.grey.shape != second.grey.shape:
        return None
    x, y = first.corners[:, 0].astype(int).T
    shown = second.mask[y, x] > 0
    points = first.corners[shown]
    if len(points) < _FEWEST_POINTS:
        return None
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        first.grey,
        second.grey,
        points,
        np.empty_like(points),
        winSize=_LK_WINDOW,
        maxLevel=_LK_LEVELS,
        criteria=_LK_STOP,
    )
    kept = np.asarray(status)[:, 0] == 1
    if int(kept.sum()) < _FEWEST_POINTS:
        return None
    affine, inliers = cv2.estimateAffinePartial2D(
        points[kept], np.asarray(there)[kept], ransacReprojThreshold=_RANSAC_PX
    )
    if affine is None:
        return None
    agreeing = np.zeros(len(points), np.bool_)
    agreeing[kept] = np.asarray(inliers)[:, 0] == 1
    inner = first.inner.mask[y, x][shown] > 0
    matrix = np.vstack((affine, [0.0, 0.0, 1.0]))
    return Registration(matrix, _agreement(agreeing, inner))


def _agreement(agreeing: BoolArray, inner: BoolArray) -> float:
    """Return the share of points that agree, as far as the inner ones bear it out.

    Args:
        agreeing: (N,) whether a point does.
        inner: (N,) whether it is outside of the margins, where writing stands still.
    """
    if not inner.any():
        return 0.0
    borne_out = _INNER_WEIGHT * float(np.mean(agreeing[inner]))
    return min(float(np.mean(agreeing)), borne_out)


def register_far(first: Shot, second: Shot) -> Registration | None:
    """Return a motion of any size between two pictures of one size.

    ORB points matched both ways, then a similarity by RANSAC. Slower and coarser than
    `register`, so for a camera that was turned, not for one that shakes.

    Args:
        first: the one picture.
        second: the other; objects of either are left out.

    Returns:
        The motion, or None where too few points are found again.
    """
    orb = cv2.ORB.create(_ORB_POINTS, fastThreshold=5)
    points, descriptors = orb.detectAndCompute(first.grey, first.mask)
    others, other_descriptors = orb.detectAndCompute(second.grey, second.mask)
    if min(len(points), len(others)) < _FEWEST_POINTS:
        return None
    matcher = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True)
    pairs = matcher.match(descriptors, other_descriptors)
    if len(pairs) < _FEWEST_POINTS:
        return None
    here = np.array([points[pair.queryIdx].pt for pair in pairs], np.float32)
    there = np.array([others[pair.trainIdx].pt for pair in pairs], np.float32)
    affine, inliers = cv2.estimateAffinePartial2D(
        here, there, ransacReprojThreshold=2 * _RANSAC_PX
    )
    agreeing = int(np.sum(inliers))
    if agreeing < _FEWEST_POINTS:
        return None
    matrix = np.vstack((affine, [0.0, 0.0, 1.0]))
    return Registration(matrix, agreeing / len(pairs))


def has_detail(shot: Shot) -> bool:
    """Return whether a picture has enough points to be recognised by."""
    return len(shot.corners) >= _FEWEST_POINTS


def apart(one: Matrix, other: Matrix, shot: Shot) -> float:
    """Return how far apart two fixes lay a picture, in shares of its longer side."""
    height, width = shot.grey.shape
    between: Matrix = other @ np.linalg.inv(one)
    motion = Registration(between, 1.0)
    longer: float = max(width, height)
    return motion.displacement(width, height) / longer
