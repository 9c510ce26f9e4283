"""Every detection of one class marked hit, miss or ignored, as COCO marks them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import BoolArray, FloatArray, IntArray
from vision.core.geometry import area, intersection, iou
from vision.evaluation.cases import Case

Values = NDArray[np.float64]

MAX_DETECTIONS = 100  # per picture and class, as in COCO


@dataclass(frozen=True, eq=False, slots=True)
class Flags:
    """Detections of one class over all pictures, best first.

    Attributes:
        score: (D,) float32, falling.
        hit: (D,) bool: matched a true box.
        picture: (D,) int64, index of the picture.
        true: (P,) int64 true boxes per picture, ignore regions left out.
    """

    score: FloatArray
    hit: BoolArray
    picture: IntArray
    true: IntArray


@dataclass(frozen=True, eq=False, slots=True)
class Marks:
    """One picture, one class.

    Attributes:
        order: (D,) int64 index of the class's detections, best first.
        hit: (D,) bool: matched a true box.
        partner: (D,) int64 index of that box; means nothing where there is no hit.
        ignored: (D,) bool: fell into an ignore region.
    """

    order: IntArray
    hit: BoolArray
    partner: IntArray
    ignored: BoolArray


def flag(cases: Sequence[Case], class_id: int, *, min_iou: float = 0.5) -> Flags:
    """Mark all detections of one class.

    Args:
        cases: the pictures, in the order that breaks ties between equal scores.
        class_id: which class.
        min_iou: least overlap of a hit.

    Returns:
        Detections in ignore regions are left out.
    """
    score, hit, picture = [], [], []
    true = np.zeros(len(cases), np.int64)
    for k, case in enumerate(cases):
        marks = mark(case, class_id, min_iou=min_iou)
        keep = ~marks.ignored
        score.append(case.said.score[marks.order][keep])
        hit.append(marks.hit[keep])
        picture.append(np.full(int(keep.sum()), k, np.int64))
        true[k] = np.sum((case.class_id == class_id) & ~case.ignore)
    scores = np.concatenate([*score, np.empty(0, np.float32)])
    order = np.argsort(-scores, kind="stable")
    return Flags(
        score=scores[order],
        hit=np.concatenate([*hit, np.empty(0, np.bool_)])[order],
        picture=np.concatenate([*picture, np.empty(0, np.int64)])[order],
        true=true,
    )


def mark(case: Case, class_id: int, *, min_iou: float = 0.5) -> Marks:
    """Match the detections of one class in one picture, greedily by score.

    As in COCO: the best free true box wins; an ignore region may take any number of
    detections, and overlap with it is measured against the detection's own area.

    Args:
        case: the picture.
        class_id: which class.
        min_iou: least overlap.

    Returns:
        The marks, best detection first.
    """
    said = np.flatnonzero(case.said.class_id == class_id)
    by_score = np.argsort(-case.said.score[said], kind="stable")
    order = said[by_score][:MAX_DETECTIONS]
    mine = case.class_id == class_id
    real = np.flatnonzero(mine & ~case.ignore)
    regions = case.xyxy[mine & case.ignore]
    boxes = case.said.xyxy[order]
    overlap = iou(boxes, case.xyxy[real])
    inside = _share_inside(boxes, regions)
    partner = np.zeros(len(order), np.int64)
    hit = np.zeros(len(order), np.bool_)
    free = np.ones(len(real), np.bool_)
    # COCO compares with min(threshold, 1 - 1e-10) so that an IoU of 1 always passes.
    limit = min(min_iou, 1 - 1e-10)
    for k in range(len(order)):
        open_to = np.where(free, overlap[k], -1)
        if len(real) and open_to.max() >= limit:
            # The last of equals wins, as in COCO's loop with `>=`.
            best = len(real) - 1 - int(np.argmax(open_to[::-1]))
            partner[k] = real[best]
            hit[k] = True
            free[best] = False
    return Marks(order, hit, partner, ~hit & (inside >= limit))


def average_precision(flags: Flags) -> float | None:
    """Return AP with COCO's 101 recall points, [0, 1]; None without a true box."""
    weights = np.ones((1, len(flags.true)))
    value = weighted_average_precision(flags, weights)[0]
    return None if np.isnan(value) else float(value)


def weighted_average_precision(flags: Flags, weights: Values) -> Values:
    """Return AP for several weightings of the pictures at once.

    Args:
        flags: marked detections.
        weights: (B, P) how often each picture counts.

    Returns:
        (B,) float64; NaN where no true box is left.
    """
    true = weights @ flags.true
    values = np.full(len(weights), np.nan)
    points = np.linspace(0, 1, 101)
    for b in np.flatnonzero(true > 0):
        times = weights[b, flags.picture]
        hits = np.cumsum(times * flags.hit)
        said = np.cumsum(times)
        recall = hits / true[b]
        precision = np.divide(hits, said, out=np.zeros_like(hits), where=said > 0)
        falling = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, points, side="left")
        padded = np.concatenate((falling, [0.0]))
        values[b] = padded[np.minimum(at, len(falling))].mean()
    return values


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What one score limit gives for one class."""

    threshold: float
    precision: float
    recall: float
    f1: float


def curve(flags: Flags) -> list[OperatingPoint]:
    """Return precision, recall and F1 at every distinct score, strictest first."""
    total = int(flags.true.sum())
    if total == 0 or len(flags.score) == 0:
        return []
    last = np.append(flags.score[1:] < flags.score[:-1], True)
    hits = np.cumsum(flags.hit)[last]
    said = np.flatnonzero(last) + 1
    f1 = 2 * hits / (said + total)
    rows = zip(flags.score[last], hits / said, hits / total, f1, strict=True)
    return [
        OperatingPoint(float(s), float(p), float(r), float(f)) for s, p, r, f in rows
    ]


def best_f1(flags: Flags) -> OperatingPoint | None:
    """Return the operating point with the highest F1; the strictest of equals."""
    return max(curve(flags), key=lambda point: point.f1, default=None)


def _share_inside(boxes: FloatArray, regions: FloatArray) -> FloatArray:
    """Return per box the largest share of it that lies in one region, [0, 1]."""
    if not len(regions) or not len(boxes):
        return np.zeros(len(boxes), np.float32)
    shared = intersection(boxes, regions)
    whole = area(boxes)[:, None]
    share = np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0)
    return np.asarray(share.max(axis=1), np.float32)
