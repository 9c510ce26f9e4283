"""Boxes and where they touch the ground; all in source-frame pixels.

Columns of many boxes are arrays. Of a street's few still objects one box at a time is
asked about, and there plain floats cost a tenth of an array of one.
"""

from typing import TypeAlias

import numpy as np

from vision.core.arrays import FloatArray

Xyxy: TypeAlias = tuple[float, float, float, float]
Point: TypeAlias = tuple[float, float]


def shared_area(a: Xyxy, b: Xyxy) -> float:
    """Return the shared area of two boxes in square pixels: `intersection` of one."""
    ax1, ay1, ax2, ay2 = a
    bx1, by1, bx2, by2 = b
    # Comparing takes a third of what calling min and max does.
    width = (ax2 if ax2 < bx2 else bx2) - (ax1 if ax1 > bx1 else bx1)  # noqa: FURB136 see above
    if width <= 0:
        return 0.0
    height = (ay2 if ay2 < by2 else by2) - (ay1 if ay1 > by1 else by1)  # noqa: FURB136 see above
    return width * height if height > 0 else 0.0


def box_area(box: Xyxy) -> float:
    """Return the area of a box in square pixels; 0 where inverted."""
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1) if x2 > x1 and y2 > y1 else 0.0


def box_iou(a: Xyxy, b: Xyxy) -> float:
    """Return intersection over union of two boxes, [0, 1]: `iou` of one pair."""
    shared = shared_area(a, b)
    if shared <= 0:
        return 0.0
    return shared / (box_area(a) + box_area(b) - shared)


def grown(box: Xyxy, share: float) -> Xyxy:
    """Return a box that reaches farther on each side by a share of its size."""
    x1, y1, x2, y2 = box
    dx, dy = share * (x2 - x1), share * (y2 - y1)
    return x1 - dx, y1 - dy, x2 + dx, y2 + dy


def bottom_center(xyxy: FloatArray) -> FloatArray:
    """Return where each object touches the ground.

    Args:
        xyxy: (N, 4) pixels; may reach outside the frame and is not
            clipped here: clipping a box moves its anchor.

    Returns:
        (N, 2) float32 points (x, y), pixels.
    """
    feet = np.empty((len(xyxy), 2), np.float32)  # asked often: cheaper than a stack
    feet[:, 0] = (xyxy[:, 0] + xyxy[:, 2]) / 2
    feet[:, 1] = xyxy[:, 3]
    return feet


def contact_strip(xyxy: FloatArray, height_fraction: float = 0.25) -> FloatArray:
    """Return the lowest part of each box: what stands on the ground.

    Args:
        xyxy: (N, 4) pixels, not clipped.
        height_fraction: share of the box's height that counts as contact, (0, 1].

    Returns:
        (N, 4) float32 boxes, pixels.
    """
    strips = xyxy.astype(np.float32, copy=True)
    strips[:, 1] = xyxy[:, 3] - (xyxy[:, 3] - xyxy[:, 1]) * height_fraction
    return strips


def area(xyxy: FloatArray) -> FloatArray:
    """Return the area of each (N, 4) box in square pixels; 0 where inverted."""
    size = np.maximum(xyxy[:, 2:] - xyxy[:, :2], 0)
    return np.asarray(size[:, 0] * size[:, 1], dtype=np.float32)


def intersection(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the shared area of every pair of boxes.

    Args:
        a: (N, 4) pixels.
        b: (M, 4) pixels.

    Returns:
        (N, M) float32 square pixels.
    """
    top_left = np.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = np.minimum(a[:, None, 2:], b[None, :, 2:])
    size = np.maximum(bottom_right - top_left, 0)
    return np.asarray(size[..., 0] * size[..., 1], dtype=np.float32)


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return intersection over union of every pair of boxes.

    Args:
        a: (N, 4) pixels.
        b: (M, 4) pixels.

    Returns:
        (N, M) float32 in [0, 1]; 0 where both boxes are empty.
    """
    shared = intersection(a, b)
    union = area(a)[:, None] + area(b)[None, :] - shared
    ratio = np.zeros_like(shared)
    np.divide(shared, union, out=ratio, where=union > 0)
    return ratio


def foot_in_sizes(anchor: Xyxy, box: Xyxy) -> Point:
    """Return where a box touches the ground, as seen from where another one does.

    Args:
        anchor: the other box, pixels.
        box: pixels.

    Returns:
        (x, y) in widths and heights of `anchor`.
    """
    x1, y1, x2, y2 = anchor
    across = (box[0] + box[2] - x1 - x2) / 2 / max(x2 - x1, 1.0)
    return across, (box[3] - y2) / max(y2 - y1, 1.0)


def homography(pixels: FloatArray, metres: FloatArray) -> FloatArray:
    """Return the map from pixels to metres on the ground.

    Direct linear transform (Hartley and Zisserman, Multiple View Geometry, 4.1), with
    both point sets moved to their middle and scaled first.

    Args:
        pixels: (N, 2) points on the ground in the picture, N >= 4, no three in line.
        metres: (N, 2) the same points on the ground.

    Returns:
        (3, 3) float32.

    Raises:
        ValueError: fewer than four points, or they do not span the ground.
    """
    if len(pixels) < 4 or pixels.shape != metres.shape:  # noqa: PLR2004 a homography needs four points
        msg = f"homography: got {pixels.shape} and {metres.shape}, expected (N>=4, 2)"
        raise ValueError(msg)
    here, there = _normaliser(pixels), _normaliser(metres)
    rows = []
    for (x, y), (u, v) in zip(_apply(here, pixels), _apply(there, metres), strict=True):
        rows.append([-x, -y, -1, 0, 0, 0, u * x, u * y, u])
        rows.append([0, 0, 0, -x, -y, -1, v * x, v * y, v])
    _, spread, basis = np.linalg.svd(np.array(rows, np.float64))
    if spread[-2 if len(pixels) > 4 else -1] < 1e-6:  # noqa: PLR2004 a homography needs four points
        msg = "homography: three of the points lie in line; choose corners of an area"
        raise ValueError(msg)
    normalised = np.asarray(basis[-1], np.float64).reshape(3, 3)
    matrix = np.linalg.solve(np.asarray(there, np.float64), np.dot(normalised, here))
    return np.asarray(matrix / matrix[2, 2], np.float32)


def to_ground(matrix: FloatArray, pixels: FloatArray) -> FloatArray:
    """Return where points of the picture lie on the ground.

    Args:
        matrix: (3, 3) pixels to metres.
        pixels: (N, 2).

    Returns:
        (N, 2) float32 metres.
    """
    return np.asarray(_apply(matrix, pixels), np.float32)


def _apply(matrix: FloatArray, points: FloatArray) -> FloatArray:
    ahead = np.dot(np.hstack((points, np.ones((len(points), 1)))), matrix.T)
    return np.asarray(ahead[:, :2] / ahead[:, 2:], np.float64)


def _normaliser(points: FloatArray) -> FloatArray:
    """Return the map that moves points to the origin and makes them about one apart."""
    middle = points.mean(axis=0)
    scale = 1 / max(float(np.abs(points - middle).mean()), 1e-9)
    x, y = -scale * middle
    return np.array([[scale, 0, x], [0, scale, y], [0, 0, 1]], np.float64)
