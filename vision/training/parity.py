"""The gate: two forms of one model must say the same, at their speeds.

A quantised or converted file that drifts is worse than a slow one, because
nobody sees it. So every variant is compared with its origin on the same
pictures before it may be installed.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.errors import ConfigError
from vision.training.fitting import Predict, Predictor, letterbox, to_tensor
from vision.training.judge import class_scores, mean_ap
from vision.training.labels import CLASSES, Sample
from vision.training.scoring import Marked, iou_matrix

_CONFIDENT = 0.25
_SAME = 0.5


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a variant may lose and must gain.

    Attributes:
        map_points: largest loss of mean AP50-95, in points of 0.01.
        speed_up: least ratio of the origin's time to the variant's.
    """

    map_points: float
    speed_up: float


@dataclass(frozen=True, slots=True)
class Parity:
    """How a variant compares with its origin.

    Attributes:
        map_origin: mean AP50-95 of the origin, in [0, 1].
        map_variant: of the variant.
        box_px: 99th percentile of corner differences of shared boxes.
        score: 99th percentile of their score differences.
        unshared: share of confident boxes that only one of the two finds.
    """

    map_origin: float
    map_variant: float
    box_px: float
    score: float
    unshared: float

    @property
    def lost_points(self) -> float:
        """Lost mean AP50-95 in points; negative when the variant is better."""
        return (self.map_origin - self.map_variant) * 100


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the bare networks take, on the same pictures in turn.

    Attributes:
        origin_ms: median time per picture.
        variant_ms: median time per picture.
    """

    origin_ms: float
    variant_ms: float

    @property
    def speed_up(self) -> float:
        """How many times faster the variant is."""
        return self.origin_ms / self.variant_ms


def failures(found: Parity, pace: Pace, bounds: Bounds) -> list[str]:
    """Say which bounds are broken, in words.

    Args:
        found: how the variant compares.
        pace: how fast it is.
        bounds: what is allowed.

    Returns:
        One line per broken bound; empty when the variant may be used.
    """
    # Asked for what is good: a figure that is no number proves nothing.
    broken = []
    if not found.lost_points <= bounds.map_points:
        lost = f"loses {found.lost_points:.2f} mAP points"
        broken.append(f"{lost}, allowed {bounds.map_points}")
    if not pace.speed_up >= bounds.speed_up:
        fast = f"is {pace.speed_up:.2f} times as fast"
        broken.append(f"{fast}, needed {bounds.speed_up}")
    return broken


def compare(origin: Predict, variant: Predict, samples: Sequence[Sample]) -> Parity:
    """Run both on the same pictures and compare what they say.

    Args:
        origin: the reference.
        variant: its converted form.
        samples: labelled pictures.

    Returns:
        The comparison.

    Raises:
        ConfigError: no picture has a true box, so nothing can be lost.
    """
    if not any((sample.class_id >= 0).any() for sample in samples):
        msg = (
            f"none of {len(samples)} pictures shows an object that is labelled, so "
            "they cannot tell what a variant loses; compare on another set (--name)"
        )
        raise ConfigError(msg)
    marked: tuple[list[Marked], list[Marked]] = ([], [])
    deltas: list[tuple[float, float]] = []
    lonely = shared = 0
    for sample in samples:
        found = []
        for side, predict in enumerate((origin, variant)):
            rows = predict(sample.image)
            marked[side].append(Marked(rows, sample.xyxy, sample.class_id))
            found.append(rows[rows[:, 4] >= _CONFIDENT])
        pairs = _pairs(*found)
        deltas += pairs
        shared += 2 * len(pairs)
        lonely += len(found[0]) + len(found[1]) - 2 * len(pairs)
    table = np.array(deltas or [(0.0, 0.0)])
    return Parity(
        map_origin=mean_ap(class_scores(marked[0], CLASSES)),
        map_variant=mean_ap(class_scores(marked[1], CLASSES)),
        box_px=float(np.quantile(table[:, 0], 0.99)),
        score=float(np.quantile(table[:, 1], 0.99)),
        unshared=lonely / max(lonely + shared, 1),
    )


def race(origin: Predictor, variant: Predictor, samples: Sequence[Sample]) -> Pace:
    """Time the bare networks.

    Turns alternate picture by picture, so that other load on the machine falls
    on both alike.

    Args:
        origin: the reference.
        variant: its converted form.
        samples: pictures.

    Returns:
        Median times.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for sample in samples:
        for side, one in enumerate((origin, variant)):
            square, _ = letterbox(sample.image, one.size_px)
            pictures = to_tensor([square])
            start = time.perf_counter()
            one.infer(pictures)
            times[side].append(time.perf_counter() - start)
    return Pace(statistics.median(times[0]) * 1000, statistics.median(times[1]) * 1000)


def _pairs(a: FloatArray, b: FloatArray) -> list[tuple[float, float]]:
    """Pair boxes of one class that overlap; return corner and score deltas."""
    overlap = iou_matrix(a[:, :4], b[:, :4])
    overlap[a[:, None, 5] != b[None, :, 5]] = 0
    pairs = []
    while overlap.size and overlap.max() >= _SAME:
        i, j = np.unravel_index(int(overlap.argmax()), overlap.shape)
        corner = float(np.abs(a[i, :4] - b[j, :4]).max())
        pairs.append((corner, float(abs(a[i, 4] - b[j, 4]))))
        overlap[i, :], overlap[:, j] = 0, 0
    return pairs


def describe(found: Parity, pace: Pace) -> list[str]:
    """Put a comparison into words.

    Args:
        found: the comparison.
        pace: the times.

    Returns:
        Lines for a person.
    """
    quality = f"loses {found.lost_points:+.2f} points"
    shared = f"scores within {found.score:.3f}, {found.unshared:.2%} in one only"
    fast = f"{pace.speed_up:.2f} times as fast, one thread"
    return [
        f"mAP50-95   {found.map_origin:.4f} -> {found.map_variant:.4f}, {quality}",
        f"boxes      99 % within {found.box_px:.2f} px, {shared}",
        f"ms/picture {pace.origin_ms:.1f} -> {pace.variant_ms:.1f}, {fast}",
    ]
