"""How far figures could be luck: a bootstrap over pictures.

Efron and Tibshirani 1993, "An Introduction to the Bootstrap": pictures are
drawn anew with replacement, the figure is computed of each drawing, and the
middle 95 % of what comes out is the interval. Two models are compared on the
same drawings, so that what is hard for both cancels out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray
from vision.training.labels import CLASSES
from vision.training.scoring import Marked, area, match

Interval = tuple[float, float]
_DRAWS = 1000
_BOUNDS = (0.025, 0.975)
_IOU = 0.5


def ap50_interval(pictures: Sequence[Marked], name: str) -> Interval:
    """Return the 95 % interval of a class's AP50.

    Args:
        pictures: what was found and what is there.
        name: of the class; at least one picture shows it.

    Returns:
        Bounds in [0, 1].
    """
    curve = _Curve(pictures, name)
    return _middle([curve.ap(times) for times in _drawings(len(pictures))])


def ap50_gap(ours: Sequence[Marked], theirs: Sequence[Marked], name: str) -> Interval:
    """Return the 95 % interval of how far one model is ahead of another.

    Args:
        ours: what one found, and what is there.
        theirs: what the other found on the same pictures.
        name: of the class; at least one picture shows it.

    Returns:
        Bounds of our AP50 less theirs.
    """
    one, other = _Curve(ours, name), _Curve(theirs, name)
    return _middle([one.ap(t) - other.ap(t) for t in _drawings(len(ours))])


class _Curve:
    """All boxes of one class by falling score, each with its picture."""

    def __init__(self, pictures: Sequence[Marked], name: str) -> None:
        """Match them once; a drawing then only counts anew."""
        matched = [match(p, CLASSES.index(name), _IOU) for p in pictures]
        score: FloatArray = np.concatenate([m[0] for m in matched])
        order = np.argsort(-score, kind="stable")
        hit: BoolArray = np.concatenate([m[1] for m in matched])
        self._hit = hit[order]
        self._owner = np.repeat(np.arange(len(matched)), [len(m[0]) for m in matched])[
            order
        ]
        self._truths = np.array([m[2] for m in matched])

    def ap(self, times: IntArray) -> float:
        """Return AP50 when each picture counts so many times; NaN without a truth."""
        truths = int((times * self._truths).sum())
        if not truths:
            return float("nan")
        weight = times[self._owner]
        hits, found = np.cumsum(weight * self._hit), np.cumsum(weight)
        precision = (hits / np.maximum(found, 1)).astype(np.float32)
        return area(precision, (hits / truths).astype(np.float32))


def _drawings(count: int) -> Iterator[IntArray]:
    rng = np.random.default_rng(0)
    for _ in range(_DRAWS):
        yield np.bincount(rng.integers(count, size=count), minlength=count)


def _middle(drawn: Sequence[float]) -> Interval:
    # A drawing without a single true box has no figure.
    low, high = np.nanquantile(drawn, _BOUNDS)
    return float(low), float(high)
