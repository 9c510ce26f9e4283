"""Average precision and operating points, on plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray

#: Of one picture and class: scores, whether each is a hit, number of true boxes.
Matched = tuple[FloatArray, BoolArray, int]
_MOSTLY = 0.5
_RECALL_POINTS = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False, slots=True)
class Marked:
    """What was found and what is there, for one picture.

    Attributes:
        found: (N, 6) float32 xyxy, score, class.
        xyxy: (M, 4) float32 true boxes.
        class_id: (M,) int64; negative marks a box that neither counts nor
            hurts.
    """

    found: FloatArray
    xyxy: FloatArray
    class_id: IntArray


def iou_matrix(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the overlap of every pair of boxes.

    Args:
        a: (N, 4) xyxy.
        b: (M, 4) xyxy.

    Returns:
        (N, M) float32 in [0, 1].
    """
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inner = (high - low).clip(min=0).prod(axis=2)
    area_a = (a[:, 2:] - a[:, :2]).prod(axis=1)
    area_b = (b[:, 2:] - b[:, :2]).prod(axis=1)
    union = area_a[:, None] + area_b[None] - inner
    return np.asarray(inner / np.maximum(union, 1e-9), np.float32)


def match(marked: Marked, class_id: int, iou: float) -> Matched:
    """Match the found boxes of one class greedily by score.

    Args:
        marked: one picture.
        class_id: the class.
        iou: least overlap.

    Returns:
        Scores (K,), whether each is a hit (K,), number of true boxes. Boxes
        that fall mostly on an ignored region are left out.
    """
    found = marked.found[marked.found[:, 5] == class_id]
    found = found[np.argsort(-found[:, 4], kind="stable")]
    truth = marked.xyxy[marked.class_id == class_id]
    hit = np.zeros(len(found), bool)
    keep = np.ones(len(found), bool)
    free = np.ones(len(truth), bool)
    overlap = iou_matrix(found[:, :4], truth)
    ignored = on_ignored(marked, found)
    for row in range(len(found)):
        scores = np.where(free, overlap[row], -1.0)
        best = int(scores.argmax()) if len(scores) else -1
        if best >= 0 and scores[best] >= iou:
            hit[row], free[best] = True, False
        else:
            keep[row] = not ignored[row]
    return found[keep, 4], hit[keep], len(truth)


def precision_recall(
    pictures: Sequence[Marked], class_id: int, iou: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the precision-recall curve of one class over all pictures.

    Args:
        pictures: what was found and what is there.
        class_id: the class.
        iou: least overlap of a hit.

    Returns:
        Score, precision and recall, each (K,), by falling score. Recall is
        0 throughout when there is no true box.
    """
    matched = [match(p, class_id, iou) for p in pictures]
    score = np.concatenate([np.zeros(0, np.float32), *(m[0] for m in matched)])
    hit = np.concatenate([np.zeros(0, bool), *(m[1] for m in matched)])
    truths = sum(m[2] for m in matched)
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(hit[order])
    precision = hits / np.arange(1, len(hits) + 1)
    recall = hits / max(truths, 1)
    return score[order], precision.astype(np.float32), recall.astype(np.float32)


def average_precision(pictures: Sequence[Marked], class_id: int, iou: float) -> float:
    """Return the 101-point interpolated average precision (COCO).

    Args:
        pictures: what was found and what is there.
        class_id: the class.
        iou: least overlap of a hit.

    Returns:
        AP in [0, 1]; NaN when the class has no true box.
    """
    if not any((p.class_id == class_id).any() for p in pictures):
        return float("nan")
    _, precision, recall = precision_recall(pictures, class_id, iou)
    return area(precision, recall)


def area(precision: FloatArray, recall: FloatArray) -> float:
    """Return the mean of the best precision at 101 recalls (COCO).

    Args:
        precision: (K,) by falling score.
        recall: (K,), never falling.

    Returns:
        AP in [0, 1]; 0 without any box.
    """
    if not len(precision):
        return 0.0
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, _RECALL_POINTS, side="left")
    reached = at < len(envelope)
    best = envelope[np.minimum(at, len(envelope) - 1)]
    return float(np.where(reached, best, 0).mean())


def on_ignored(marked: Marked, found: FloatArray) -> BoolArray:
    """Say which found boxes lie mostly on a region that neither counts nor hurts.

    Args:
        marked: the picture.
        found: (N, 6) of its boxes.

    Returns:
        (N,) bool.
    """
    regions = marked.xyxy[marked.class_id < 0]
    return np.asarray(_covered(found[:, :4], regions) >= _MOSTLY, bool)


def _covered(boxes: FloatArray, regions: FloatArray) -> FloatArray:
    """Return the largest share of each box that one region covers."""
    if not len(regions):
        return np.zeros(len(boxes), np.float32)
    low = np.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    inner = (high - low).clip(min=0).prod(axis=2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).clip(min=1e-9)
    return np.asarray((inner / area[:, None]).max(axis=1), np.float32)
