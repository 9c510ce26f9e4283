"""Cross-validate street_vendor: every origin is kept aside once.

Few pictures show stalls, and those of one origin look alike; a single split
says more about the split than about the model. So the recipe is run once per
fold of origins, and the hits of all folds are counted together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.core.errors import ConfigError
from vision.training.judge import Vending, vending
from vision.training.labels import CLASSES
from vision.training.listing import read_listing
from vision.training.scoring import Marked, match

_STALL = CLASSES.index("street_vendor")
_DRAWS = 2000
_HIT_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Origin:
    """Pictures of one source.

    Attributes:
        name: as in the set's ``source.json``.
        stalls: boxes.
        pictures: all, also those without a stall.
    """

    name: str
    stalls: int
    pictures: int


def read_origins(folder: Path) -> list[Origin]:
    """Read where the pictures of a vending set come from.

    Args:
        folder: of the set; holds ``source.json``.

    Returns:
        The origins, by name.

    Raises:
        ConfigError: the file is missing or broken.
    """
    listing = read_listing(folder)
    return [
        Origin(
            name,
            sum(one.stalls for one in listing if one.origin == name),
            sum(one.origin == name for one in listing),
        )
        for name in sorted({one.origin for one in listing})
    ]


def part(origins: Sequence[Origin], count: int) -> list[tuple[str, ...]]:
    """Deal origins out to folds of about as many stalls, then pictures.

    Args:
        origins: all of them.
        count: folds.

    Returns:
        Names by fold; every origin is in exactly one.

    Raises:
        ConfigError: fewer origins show stalls than there are folds.
    """
    shown = sum(o.stalls > 0 for o in origins)
    if not 2 <= count <= shown:  # noqa: PLR2004 - one fold keeps nothing to learn from
        msg = f"{count} folds: expected 2 to {shown}, the origins that show stalls"
        raise ConfigError(msg)
    folds: list[list[Origin]] = [[] for _ in range(count)]
    for origin in sorted(origins, key=lambda o: (-o.stalls, -o.pictures, o.name)):
        lightest = min(
            folds, key=lambda f: (sum(o.stalls for o in f), sum(o.pictures for o in f))
        )
        lightest.append(origin)
    return [tuple(sorted(o.name for o in fold)) for fold in folds]


def pooled(
    folds: Sequence[Mapping[str, Sequence[Marked]]], allowance: float
) -> Vending:
    """Count the hits of all folds, each at its own threshold.

    Args:
        folds: by origin, what a model found on the origins it never saw.
        allowance: false boxes per picture without a stall.

    Returns:
        The figures; the interval is a bootstrap over *origins*, as pictures of
        one origin are not independent. The threshold is the folds' mean.
    """
    judged = [
        vending([p for g in fold.values() for p in g], allowance) for fold in folds
    ]
    counts = [
        _count(group, fold_figures.threshold)
        for fold, fold_figures in zip(folds, judged, strict=True)
        for group in fold.values()
    ]
    table = np.array([pair for pair in counts if pair[1] > 0], np.int64)
    rng = np.random.default_rng(0)
    picks = rng.integers(len(table), size=(_DRAWS, len(table)))
    drawn = table[picks].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], (0.025, 0.975))
    return Vending(
        threshold=float(np.mean([v.threshold for v in judged])),
        hits=float(table[:, 0].sum() / table[:, 1].sum()),
        low=float(low),
        high=float(high),
        stalls=int(table[:, 1].sum()),
        negatives=sum(v.negatives for v in judged),
    )


def _count(pictures: Sequence[Marked], threshold: float) -> tuple[int, int]:
    """Count hits above a score, and stalls."""
    matched = [match(p, _STALL, _HIT_IOU) for p in pictures]
    hits = sum(int((hit & (score > threshold)).sum()) for score, hit, _ in matched)
    return hits, sum(stalls for _, _, stalls in matched)
