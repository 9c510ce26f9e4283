"""Which detection belongs to which known footprint."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from vision.core.arrays import BoolArray, FloatArray
from vision.core.geometry import area, bottom_center, intersection, iou, to_ground
from vision.rules.appearance import Xyxy
from vision.rules.kinds import Kind
from vision.rules.slot import Slot

_INSIDE = 0.8  # share of a box within a footprint: a part of the same object


def overlap_within_reach(
    slots: Sequence[Slot], boxes: FloatArray, kinds: Mapping[str, Kind]
) -> FloatArray:
    """Return how much each footprint and box overlap.

    Args:
        slots: footprints.
        boxes: (N, 4) reference-view pixels.
        kinds: by name: how far from its anchor a box of the kind may be.

    Returns:
        (S, N) IoU; minus infinity where a box is too far from its anchor.
    """
    if not slots or len(boxes) == 0:
        return np.empty((len(slots), len(boxes)), np.float32)
    anchors = np.array([slot.anchor for slot in slots], np.float32)
    firmly = [(kinds[slot.kind], slot.settled) for slot in slots]
    reach = [k.keep_shift if settled else k.settle_shift for k, settled in firmly]
    least = np.array([kind.min_iou for kind, _ in firmly])
    size = np.maximum(anchors[:, 2:] - anchors[:, :2], 1.0)
    between = bottom_center(boxes)[None] - bottom_center(anchors)[:, None]
    shift = np.abs(between / size[:, None]).max(axis=2)
    overlap = iou(anchors, boxes)
    allowed = (overlap >= least[:, None]) & (shift <= np.array(reach)[:, None])
    return np.where(allowed, overlap, -np.inf).astype(np.float32)


def match(
    slots: Sequence[Slot], overlap: FloatArray, accepts: Callable[[int], bool]
) -> dict[int, int]:
    """Pair footprints with boxes one to one: settled first, best overlap first.

    Args:
        slots: footprints of one kind.
        overlap: (S, N) of each with each box, as `overlap_within_reach` returns it.
        accepts: asked with a slot's index whether the picture still shows it.

    Returns:
        Box index by slot index.
    """
    ranked = sorted(
        (not slots[s].settled, -shared, s, b)
        for s, row in enumerate(overlap.tolist())
        for b, shared in enumerate(row)
        if shared >= 0
    )
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    for _, _, s, b in ranked:
        if s not in pairs and b not in taken and accepts(s):
            pairs[s] = b
            taken.add(b)
    return pairs


def same_place(a: Slot, b: Slot, kind: Kind) -> bool:
    """Return whether two slots of one kind claim the same footprint."""
    box = np.array([b.anchor], np.float32)
    return bool(np.isfinite(overlap_within_reach([a], box, {a.kind: kind})[0, 0]))


def within_reach(a: Xyxy, b: Xyxy, kind: Kind, homography: FloatArray | None) -> bool:
    """Return whether an object may have been moved from one footprint to another.

    Args:
        a: box, reference-view pixels.
        b: likewise.
        kind: how far it may roam.
        homography: (3, 3) pixels to metres, or None: box sizes must do.
    """
    boxes = np.array([a, b], np.float32)
    feet = bottom_center(boxes)
    if homography is not None:
        here, there = to_ground(homography, feet)
        return float(np.linalg.norm(there - here)) <= kind.roam_m
    size = np.maximum(boxes[0, 2:] - boxes[0, :2], 1.0)
    return float(np.linalg.norm((feet[1] - feet[0]) / size)) <= kind.roam_sizes


def on_footprint(anchor: Xyxy, boxes: FloatArray, min_iou: float) -> BoolArray:
    """Return which boxes, (N, 4), show the object on a footprint or a part of it."""
    if len(boxes) == 0:
        return np.zeros(0, np.bool_)
    overlap = iou(np.array([anchor], np.float32), boxes)[0]
    return np.asarray((overlap >= min_iou) | inside(anchor, boxes), dtype=np.bool_)


def sizes_away(anchor: Xyxy, boxes: FloatArray) -> FloatArray:
    """Return how far boxes' ground contacts, (N, 4), are from a footprint's, (N,).

    In the footprint's box sizes, along the axis on which it is farther.
    """
    box = np.array([anchor], np.float32)
    size = np.maximum(box[0, 2:] - box[0, :2], 1.0)
    between = (bottom_center(boxes) - bottom_center(box)) / size
    return np.asarray(np.abs(between).max(axis=1), np.float32)


def inside(anchor: Xyxy, boxes: FloatArray) -> BoolArray:
    """Return which boxes, (N, 4), lie within a footprint."""
    shared = intersection(np.array([anchor], np.float32), boxes)[0]
    return np.asarray(shared >= _INSIDE * area(boxes), dtype=np.bool_)
