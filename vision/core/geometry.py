"""Boxes and where they touch the ground; all in source-frame pixels."""

import numpy as np

from vision.core.arrays import FloatArray


def bottom_center(xyxy: FloatArray) -> FloatArray:
    """Return where each object touches the ground.

    Args:
        xyxy: (N, 4) pixels; may reach outside the frame and is not
            clipped here: clipping a box moves its anchor.

    Returns:
        (N, 2) float32 points (x, y), pixels.
    """
    x = (xyxy[:, 0] + xyxy[:, 2]) / 2
    return np.stack((x, xyxy[:, 3]), axis=1).astype(np.float32)


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
    size = np.clip(xyxy[:, 2:] - xyxy[:, :2], 0, None)
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
    size = np.clip(bottom_right - top_left, 0, None)
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
