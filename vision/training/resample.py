"""How far figures could be luck: a bootstrap over pictures.

Efron and Tibshirani 1993, "An Introduction to the Bootstrap": pictures are
drawn anew with replacement, the figure is computed of each drawing, and the
middle 95 % of what comes out is the interval. Two models are compared on the
same drawings, so that what is hard for both cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vision.training.labels import CLASSES
from vision.training.scoring import Marked, Matched, match, summed_up

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
    rows = _matched(pictures, name)
    return _interval(len(rows), lambda pick: summed_up([rows[i] for i in pick]))


def ap50_gap(ours: Sequence[Marked], theirs: Sequence[Marked], name: str) -> Interval:
    """Return the 95 % interval of how far one model is ahead of another.

    Args:
        ours: what one found, and what is there.
        theirs: what the other found on the same pictures.
        name: of the class; at least one picture shows it.

    Returns:
        Bounds of our AP50 less theirs.
    """
    one, other = _matched(ours, name), _matched(theirs, name)
    return _interval(
        len(one),
        lambda pick: (
            summed_up([one[i] for i in pick]) - summed_up([other[i] for i in pick])
        ),
    )


def _matched(pictures: Sequence[Marked], name: str) -> list[Matched]:
    return [match(p, CLASSES.index(name), _IOU) for p in pictures]


def _interval(count: int, figure: Callable[[np.ndarray], float]) -> Interval:
    rng = np.random.default_rng(0)
    drawn = [figure(rng.integers(count, size=count)) for _ in range(_DRAWS)]
    # A drawing without a single true box has no figure.
    low, high = np.nanquantile(drawn, _BOUNDS)
    return float(low), float(high)
