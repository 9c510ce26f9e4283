"""Say what kinds of mistakes a model makes at its thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.training.labels import CLASSES
from vision.training.scoring import Marked, iou_matrix, match, on_ignored

_HIT = 0.5
_NEAR = 0.1


@dataclass(frozen=True, slots=True)
class Mistakes:
    """Counts of one class; TIDE's kinds (Bolya et al. 2020), as far as they occur.

    Attributes:
        hits: found boxes on a true one.
        repeated: found boxes on a true one that has its hit already.
        misplaced: found boxes that only touch a true one.
        confused: found boxes on an object of another class.
        background: found boxes on nothing that is labelled or ignored.
        unseen: true boxes that no found box touches.
        truths: true boxes.
    """

    hits: int
    repeated: int
    misplaced: int
    confused: int
    background: int
    unseen: int
    truths: int


def mistakes(pictures: Sequence[Marked], name: str, threshold: float) -> Mistakes:
    """Count the mistakes of one class.

    Args:
        pictures: what was found and what is there.
        name: of the class.
        threshold: least score.

    Returns:
        The counts.
    """
    k = CLASSES.index(name)
    kinds = {"repeated": 0, "misplaced": 0, "confused": 0, "background": 0}
    hits = unseen = truths = 0
    for picture in pictures:
        rows = picture.found[picture.found[:, 5] == k]
        rows = rows[rows[:, 4] >= threshold]
        _, hit, count = match(Marked(rows, picture.xyxy, picture.class_id), k, _HIT)
        hits, truths = hits + int(hit.sum()), truths + count
        own, other = (
            iou_matrix(rows[:, :4], picture.xyxy[chosen])
            for chosen in (picture.class_id == k, picture.class_id != k)
        )
        best_own, best_other = (_best(overlap) for overlap in (own, other))
        missed = own.max(axis=0) < _NEAR if len(rows) else np.ones(count, bool)
        unseen += int(missed.sum())
        kinds["misplaced"] += int(((best_own >= _NEAR) & (best_own < _HIT)).sum())
        apart = (best_own < _NEAR) & ~on_ignored(picture, rows)
        kinds["confused"] += int((apart & (best_other >= _HIT)).sum())
        kinds["background"] += int((apart & (best_other < _HIT)).sum())
        kinds["repeated"] += int((best_own >= _HIT).sum()) - int(hit.sum())
    return Mistakes(hits=hits, unseen=unseen, truths=truths, **kinds)


def _best(overlap: np.ndarray) -> np.ndarray:
    if not overlap.shape[1]:
        return np.zeros(len(overlap), np.float32)
    return np.asarray(overlap.max(axis=1), np.float32)
