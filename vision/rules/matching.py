"""Which detection belongs to which known footprint.

All in plain floats, one pair of boxes at a time: of one kind there are a few, and most
pairs are told apart by one comparison.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.geometry import (
    Xyxy,
    box_area,
    box_iou,
    foot_in_sizes,
    shared_area,
    to_ground,
)
from vision.rules.kinds import Kind
from vision.rules.slot import Slot

_INSIDE = 0.8  # share of a box within a footprint: a part of the same object
_PART = 0.3  # of the whole's area
_SAME_FOOT = 0.25  # of the whole's height

Reach: TypeAlias = dict[tuple[int, int], float]  # overlap by slot and box index


def within_slots(slots: Sequence[Slot], boxes: Sequence[Xyxy], kind: Kind) -> Reach:
    """Return how much footprints of one kind and boxes overlap.

    Args:
        slots: footprints.
        boxes: reference-view pixels.
        kind: how far from its anchor a box may be.

    Returns:
        IoU by slot and box index, of those pairs only that may be one object.
    """
    found: Reach = {}
    for s, slot in enumerate(slots):
        x1, y1, x2, y2 = anchor = slot.anchor
        shift = kind.keep_shift if slot.settled else kind.settle_shift
        reach_x, reach_y = shift * max(x2 - x1, 1.0), shift * max(y2 - y1, 1.0)
        for b, box in enumerate(boxes):
            if (
                abs(box[3] - y2) <= reach_y
                and abs(box[0] + box[2] - x1 - x2) <= 2 * reach_x
                and (overlap := box_iou(anchor, box)) >= kind.min_iou
            ):
                found[s, b] = overlap
    return found


def match(
    slots: Sequence[Slot], overlap: Reach, accepts: Callable[[int], bool]
) -> dict[int, int]:
    """Pair footprints with boxes one to one: settled first, best overlap first.

    Args:
        slots: footprints of one kind.
        overlap: of each with each box, as `within_slots` returns it.
        accepts: asked with a slot's index whether the picture still shows it.

    Returns:
        Box index by slot index.
    """
    ranked = sorted(
        (not slots[s].settled, -shared, s, b) for (s, b), shared in overlap.items()
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
    return bool(within_slots([a], [b.anchor], kind))


def within_reach(a: Xyxy, b: Xyxy, kind: Kind, homography: FloatArray | None) -> bool:
    """Return whether an object may have been moved from one footprint to another.

    Args:
        a: box, reference-view pixels.
        b: likewise.
        kind: how far it may roam.
        homography: (3, 3) pixels to metres, or None: box sizes must do.
    """
    if homography is not None:
        feet = [((x1 + x2) / 2, y2) for x1, _, x2, y2 in (a, b)]
        here, there = to_ground(homography, np.array(feet, np.float32))
        return float(np.linalg.norm(there - here)) <= kind.roam_m
    return math.hypot(*foot_in_sizes(a, b)) <= kind.roam_sizes


def sizes_away(anchor: Xyxy, box: Xyxy) -> float:
    """Return how far a box's ground contact is from a footprint's.

    In the footprint's box sizes, along the axis on which it is farther.
    """
    across, along = foot_in_sizes(anchor, box)
    return max(abs(across), abs(along))


def on_footprint(anchor: Xyxy, box: Xyxy, min_iou: float) -> bool:
    """Return whether a box shows the object on a footprint or a part of it."""
    return box_iou(anchor, box) >= min_iou or inside(anchor, box)


def inside(anchor: Xyxy, box: Xyxy) -> bool:
    """Return whether a box lies within a footprint."""
    return shared_area(anchor, box) >= _INSIDE * box_area(box)


def part_of(whole: Xyxy, box: Xyxy) -> bool:
    """Return whether a box shows a part of the vehicle in another, found once more.

    Of two vehicles in one line of sight the farther one touches the ground higher up,
    and of two sizes (a car before a bus) the smaller one is much smaller.
    """
    if not inside(whole, box) or box_area(box) < _PART * box_area(whole):
        return False
    return abs(box[3] - whole[3]) <= _SAME_FOOT * (whole[3] - whole[1])


def any_alike(box: Xyxy, others: Iterable[Xyxy], least_iou: float) -> bool:
    """Return whether a box overlaps one of the others so far."""
    return any(box_iou(box, other) >= least_iou for other in others)
