"""Which found event is which true one: one to one, at most."""

from collections.abc import Sequence
from dataclasses import dataclass

import lap
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import BoolArray, FloatArray
from vision.core.geometry import iou
from vision.evaluation.found import FoundEvent
from vision.evaluation.truth import Decoy, TrueEvent


@dataclass(frozen=True, slots=True)
class MatchRule:
    """When a found event may count as a true one.

    Attributes:
        onset_s: largest difference between true and found onset, seconds. Ten is what
            i-LIDS and the AI City Challenge anomaly track (2018-2021) allow.
        min_iou: least overlap of the two boxes, (0, 1].
        clear_early_s: an "it is gone" this much too early still counts, seconds.
        clear_within_s: "it is gone" is due this long after the true end, seconds.
    """

    onset_s: float = 10.0
    min_iou: float = 0.3
    clear_early_s: float = 10.0
    clear_within_s: float = 120.0


def match_events(
    true: Sequence[TrueEvent], found: Sequence[FoundEvent], rule: MatchRule
) -> list[tuple[int, int]]:
    """Pair true and found events of one clip.

    A pair needs the same violation, overlapping places and close onsets. As many
    pairs as possible are made (Hungarian method, as the ActEV scorer aligns); among
    equally many, those with the best overlap and the closest onsets win.

    Args:
        true: N events of one clip.
        found: M events of the same clip.
        rule: what may be paired.

    Returns:
        (index into `true`, index into `found`), rising by the first.
    """
    if not true or not found:
        return []
    overlap = overlaps(true, found)
    late_s = onset_error_s(true, found)
    allowed = same_slug(true, found) & (overlap >= rule.min_iou)
    allowed &= np.abs(late_s) <= rule.onset_s
    quality = (overlap + 1.0 - np.abs(late_s) / max(rule.onset_s, 1e-9)) / 2
    return best_pairs(allowed, quality)


def best_pairs(
    allowed: BoolArray, quality: NDArray[np.floating]
) -> list[tuple[int, int]]:
    """Return as many pairs as may be made, the best among equally many.

    Args:
        allowed: (N, M).
        quality: (N, M) in [0, 1]; what lies outside is cut.

    Returns:
        (row, column), rising by the first.
    """
    if not allowed.any():
        return []
    # A base above the greatest number of pairs makes one more pair always worth more
    # than any better quality.
    base = min(allowed.shape) + 1.0
    worth = np.where(allowed, base + np.clip(quality, 0, 1), 0.0)
    _, partner, _ = lap.lapjv(worth.max() - worth, extend_cost=True)  # -1: none
    pairs = enumerate(partner.tolist())
    return [(i, j) for i, j in pairs if j >= 0 and allowed[i, j]]


def overlaps(
    true: Sequence[TrueEvent | Decoy], found: Sequence[FoundEvent]
) -> FloatArray:
    """Return the (N, M) IoU of all places, in shares of the picture."""
    return iou(_boxes(true), _boxes(found))


def onset_error_s(
    true: Sequence[TrueEvent | Decoy], found: Sequence[FoundEvent]
) -> FloatArray:
    """Return (N, M) seconds by which each found event starts after each true one."""
    starts = np.array([event.start_s for event in true], np.float64)
    said = np.array([event.started_s for event in found], np.float64)
    return np.asarray(said[None, :] - starts[:, None], np.float32)


def same_slug(
    true: Sequence[TrueEvent | Decoy], found: Sequence[FoundEvent]
) -> BoolArray:
    """Return the (N, M) mask of equal violations."""
    names = np.array([event.slug.value for event in true], dtype="U32")
    said = np.array([event.slug.value for event in found], dtype="U32")
    return np.asarray(names[:, None] == said[None, :], np.bool_)


def spans_meet(
    true: Sequence[TrueEvent | Decoy], found: Sequence[FoundEvent], *, slack_s: float
) -> BoolArray:
    """Return the (N, M) mask of events that stand at the same time.

    Args:
        true: what happened; an open end lasts for ever.
        found: what was said; likewise.
        slack_s: gap that still counts as meeting, seconds.

    Returns:
        (N, M) bool.
    """
    a = np.array([(e.start_s, _end(e.end_s)) for e in true]).reshape(-1, 2)
    b = np.array([(e.started_s, _end(e.ended_s)) for e in found]).reshape(-1, 2)
    first = np.maximum(a[:, None, 0], b[None, :, 0])
    last = np.minimum(a[:, None, 1], b[None, :, 1])
    return np.asarray(first <= last + slack_s, np.bool_)


def _end(end_s: float | None) -> float:
    return np.inf if end_s is None else end_s


def _boxes(events: Sequence[TrueEvent | Decoy | FoundEvent]) -> FloatArray:
    boxes = [event.xyxy for event in events]
    return np.array(boxes, np.float32).reshape(-1, 4)
