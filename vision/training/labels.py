"""What a training picture says, and what it leaves unsaid.

Sets label different things. A picture therefore carries, beside its boxes,
one weight per class that says how far "no box" may be read as "not there":

* ``1.0`` the class is labelled exhaustively: no box means no object;
* between 0 and 1: the class is rare there and was not labelled: no box is
  weak evidence, and is dropped where the network itself is sure of an object;
* ``0.0`` the class is not labelled: no box says nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, ImageU8, IntArray

CLASSES: tuple[str, ...] = (
    "garbage",
    "bin",
    "overflowing_bin",
    "street_vendor",
    "person",
    "bicycle",
    "car",
    "motorcycle",
    "bus",
    "truck",
)
REFUSE: tuple[str, ...] = CLASSES[:3]
ROAD_USERS: tuple[str, ...] = CLASSES[4:]
_REFUSE_IDS = tuple(CLASSES.index(name) for name in REFUSE)
#: Class id of each road user in the 80 COCO classes of the parent.
COCO_IDS: tuple[int, ...] = (0, 1, 2, 3, 5, 7)
RARE_WEIGHT = 0.5
IGNORE = -1
#: A box of which less is left shows no whole object any more.
_LEAST_SHARE = 0.35


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """One picture with its boxes and the reach of its labels.

    Attributes:
        key: ``set/file`` name, unique over all sets.
        image: (H, W, 3) uint8 BGR.
        xyxy: (N, 4) float32 pixels of ``image``.
        class_id: (N,) int64 into ``CLASSES``; ``IGNORE`` marks a region in
            which no class may be trained.
        weight: (len(CLASSES),) float32, see the module's text.
        stretched: whether an export squashed the picture to a square, so
            that its true aspect is unknown.
        alpha: (H, W) uint8, outline and shadow of a thing that was cut out, and
            ``image`` is multiplied by it; None where the whole picture shows.
    """

    key: str
    image: ImageU8
    xyxy: FloatArray
    class_id: IntArray
    weight: FloatArray
    stretched: bool = False
    alpha: ImageU8 | None = None


def label_weight(exhaustive: Sequence[str], rare: Sequence[str]) -> FloatArray:
    """Return the weight of "no box" for every class.

    Args:
        exhaustive: classes whose every object is boxed.
        rare: unlabelled classes that seldom occur.

    Returns:
        (len(CLASSES),) float32 in [0, 1].
    """
    weight = np.zeros(len(CLASSES), np.float32)
    for names, value in ((rare, RARE_WEIGHT), (exhaustive, 1.0)):
        for name in names:
            weight[CLASSES.index(name)] = value
    return weight


def shows_refuse(class_id: IntArray) -> bool:
    """Say whether one of these boxes is refuse, or a container for it.

    Args:
        class_id: (N,) into ``CLASSES``, or ``IGNORE``.

    Returns:
        True when at least one is.
    """
    return bool(np.isin(class_id, _REFUSE_IDS).any())


def visible(xyxy: FloatArray, rect: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cut boxes at a rectangle and say how much of each is left.

    Args:
        xyxy: (N, 4) pixels.
        rect: (4,) pixels, xyxy.

    Returns:
        The cut boxes (N, 4) and the left share of their area (N,) in [0, 1].
    """
    cut = xyxy.copy()
    cut[:, 0::2] = cut[:, 0::2].clip(rect[0], rect[2])
    cut[:, 1::2] = cut[:, 1::2].clip(rect[1], rect[3])
    whole = (xyxy[:, 2:] - xyxy[:, :2]).prod(axis=1)
    left = (cut[:, 2:] - cut[:, :2]).prod(axis=1)
    return cut, (left / np.maximum(whole, 1e-6)).astype(np.float32)


def drawable(cut: FloatArray, share: FloatArray, least_px: float) -> BoolArray:
    """Say which cut boxes are still worth learning from.

    Args:
        cut: (N, 4) pixels, inside the canvas.
        share: (N,) left share of each box's area.
        least_px: shortest side that still shows an object.

    Returns:
        (N,) bool.
    """
    side = (cut[:, 2:] - cut[:, :2]).min(axis=1)
    return np.asarray((share >= _LEAST_SHARE) & (side >= least_px), bool)
