"""Judge a model on what training never saw: figures, thresholds, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.errors import ConfigError
from vision.training.conditions import CONDITIONS, moved
from vision.training.fitting import Predict
from vision.training.labels import CLASSES, Sample
from vision.training.scoring import (
    Marked,
    average_precision,
    match,
    precision_recall,
)

#: A teacher's box counts as true from here; below, it neither counts nor hurts.
TEACHER_SURE = 0.5
TEACHER_BAND = 0.2
#: What stalls are judged at: false boxes per picture without one.
FALSE_PER_NEGATIVE = 0.15
_IOUS = tuple(float(v) for v in np.arange(0.5, 1.0, 0.05))
_HIT_IOU = 0.5
_LEAST_TRUTHS = 20
_F1_SLACK = 0.02
#: Share of the picture that an object covers, from and below.
SIZES = {"small": (0.0, 0.02), "middling": (0.02, 0.1), "large": (0.1, 1.01)}
_SIZE_SLACK = 2.0  # a hit at IoU 0.5 is at most twice as large


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Figures of one class.

    Attributes:
        ap50: average precision at IoU 0.5.
        ap: mean over IoU 0.5 to 0.95.
        truths: number of true boxes behind the figures.
    """

    ap50: float
    ap: float
    truths: int


@dataclass(frozen=True, slots=True)
class Vending:
    """How street_vendor does on origins kept aside.

    Attributes:
        threshold: least score at which false boxes stay within the allowance.
        hits: share of stalls hit at that score, in [0, 1].
        low: 2.5 % bootstrap bound of ``hits``.
        high: 97.5 % bound.
        stalls: number of stalls.
        negatives: pictures without a stall.
    """

    threshold: float
    hits: float
    low: float
    high: float
    stalls: int
    negatives: int


def mark(
    predict: Predict, samples: Sequence[Sample], condition: str = "plain"
) -> list[Marked]:
    """Run a predictor over labelled pictures under a condition.

    Args:
        predict: the model.
        samples: labelled pictures.
        condition: key of ``CONDITIONS``.

    Returns:
        What was found and what is there.
    """
    change = CONDITIONS[condition]
    return [
        Marked(
            predict(change(s.image)),
            moved(s.xyxy, s.image.shape[:2], condition),
            s.class_id,
        )
        for s in samples
    ]


def mark_against(
    teacher: Predict, predict: Predict, samples: Sequence[Sample]
) -> list[Marked]:
    """Take the teacher's confident boxes of road users for the truth.

    Args:
        teacher: the COCO parent, in ``CLASSES``.
        predict: the model.
        samples: pictures; their labels are not used.

    Returns:
        Boxes that the teacher half believes are marked as ignored.
    """
    marked = []
    for sample in samples:
        rows = teacher(sample.image)
        rows = rows[rows[:, 4] >= TEACHER_BAND]
        class_id = rows[:, 5].astype(np.int64)
        class_id[rows[:, 4] < TEACHER_SURE] = -1
        marked.append(Marked(predict(sample.image), rows[:, :4], class_id))
    return marked


def class_scores(
    pictures: Sequence[Marked], names: Sequence[str]
) -> dict[str, ClassScore]:
    """Return the figures of some classes.

    Args:
        pictures: what was found and what is there.
        names: of the classes.

    Returns:
        Figures by name; classes without a true box are left out.
    """
    scores = {}
    for name in names:
        k = CLASSES.index(name)
        truths = sum(int((p.class_id == k).sum()) for p in pictures)
        if truths:
            values = [average_precision(pictures, k, iou) for iou in _IOUS]
            scores[name] = ClassScore(values[0], float(np.mean(values)), truths)
    return scores


def size_scores(
    pictures: Sequence[Marked], samples: Sequence[Sample], names: Sequence[str]
) -> dict[str, dict[str, ClassScore]]:
    """Return the figures of objects that are small, middling or large.

    Args:
        pictures: what was found and what is there.
        samples: the same pictures.
        names: of the classes.

    Returns:
        Figures by size and class. As with COCO, objects of other sizes
        neither count nor hurt, nor do found boxes far from the size.
    """
    areas = [float(np.prod(s.image.shape[:2])) for s in samples]
    table: dict[str, dict[str, ClassScore]] = {}
    for label, bounds in SIZES.items():
        table[label] = {}
        for name in names:
            k = CLASSES.index(name)
            of_size = [
                _of_size(picture, k, (bounds[0] * area, bounds[1] * area))
                for picture, area in zip(pictures, areas, strict=True)
            ]
            table[label] |= class_scores(of_size, [name])
    return table


def _of_size(picture: Marked, class_id: int, bounds: tuple[float, float]) -> Marked:
    low, high = bounds
    true_area, found_area = (
        (boxes[:, 2:4] - boxes[:, :2]).prod(axis=1)
        for boxes in (picture.xyxy, picture.found)
    )
    other = (true_area < low) | (true_area >= high)
    near = (found_area >= low / _SIZE_SLACK) & (found_area < high * _SIZE_SLACK)
    ids = np.where((picture.class_id == class_id) & other, -1, picture.class_id)
    return Marked(picture.found[near], picture.xyxy, ids)


def mean_ap50(scores: Mapping[str, ClassScore]) -> float:
    """Return the mean AP50 of some classes."""
    return float(np.mean([s.ap50 for s in scores.values()]))


def mean_ap(scores: Mapping[str, ClassScore]) -> float:
    """Return the mean AP50-95 of some classes."""
    return float(np.mean([s.ap for s in scores.values()]))


def choose_threshold(pictures: Sequence[Marked], name: str) -> float | None:
    """Choose a default score: the lowest that costs next to no F1.

    What is missed once is lost to a rule; a false box must still last and be
    in the majority. So of nearly equal scores the lowest is taken.

    Args:
        pictures: a split that training did not see.
        name: of the class.

    Returns:
        The lowest score within 2 points of the best F1, in [0.05, 0.9],
        rounded to 0.01; None below 20 true boxes, which choose nothing.
    """
    class_id = CLASSES.index(name)
    truths = sum(int((p.class_id == class_id).sum()) for p in pictures)
    score, precision, recall = precision_recall(pictures, class_id, _HIT_IOU)
    if truths < _LEAST_TRUTHS or not len(score):
        return None
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    f1[:-1][score[1:] == score[:-1]] = 0  # equal scores are taken together
    good = score[f1 >= f1.max() - _F1_SLACK]
    return round(float(np.clip(good.min(), 0.05, 0.9)), 2)


def vending(pictures: Sequence[Marked], allowance: float) -> Vending:
    """Judge street_vendor at a bounded rate of false boxes.

    Args:
        pictures: stalls and look-alikes of origins kept aside.
        allowance: false boxes per picture without a stall.

    Returns:
        The figures; the interval is a bootstrap over pictures.

    Raises:
        ConfigError: no picture shows a stall, so there is nothing to hit.
    """
    k = CLASSES.index("street_vendor")
    matched = [match(p, k, _HIT_IOU) for p in pictures]
    empty = [m for m in matched if m[2] == 0]
    shown = [m for m in matched if m[2] > 0]
    if not shown:
        msg = (
            "no stall among the vending pictures kept aside; name origins that show "
            "some in the recipe's [aside] vend_origins"
        )
        raise ConfigError(msg)
    scores = [np.zeros(0, np.float32), *(m[0] for m in empty)]
    false = np.sort(np.concatenate(scores))[::-1]
    allowed = int(allowance * len(empty))
    threshold = float(false[allowed]) if len(false) > allowed else 0.0
    hits = np.array([int((m[1] & (m[0] > threshold)).sum()) for m in shown])
    stalls = np.array([m[2] for m in shown])
    rng = np.random.default_rng(0)
    picks = rng.integers(len(shown), size=(2000, len(shown)))
    rates: FloatArray = (hits[picks].sum(1) / stalls[picks].sum(1)).astype(np.float32)
    low, high = np.quantile(rates, (0.025, 0.975))
    return Vending(
        threshold=threshold,
        hits=float(hits.sum() / stalls.sum()),
        low=float(low),
        high=float(high),
        stalls=int(stalls.sum()),
        negatives=len(empty),
    )


def conditions_table(
    predict: Predict,
    samples: Sequence[Sample],
    names: Sequence[str],
    conditions: Sequence[str] = tuple(CONDITIONS),
) -> dict[str, dict[str, ClassScore]]:
    """Score some classes under every condition.

    Args:
        predict: the model.
        samples: labelled pictures.
        names: of the classes.
        conditions: keys of ``CONDITIONS``.

    Returns:
        Figures by condition and class.
    """
    return {
        condition: class_scores(mark(predict, samples, condition), names)
        for condition in conditions
    }
