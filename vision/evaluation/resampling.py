"""How sure: bootstrap by the unit that was sampled (camera, picture)."""

import math

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEVEL = (2.5, 97.5)
_SAME = 1e-9  # relative: sums in another order


def multiplicities(units: int, resamples: int, *, seed: int) -> Values:
    """Return how often each unit is drawn in each resample.

    Args:
        units: cameras or pictures, at least 1.
        resamples: rows.
        seed: same seed, same draws, bit for bit (PCG64).

    Returns:
        (resamples, units) float64 counts; every row sums to `units`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    draws = rng.multinomial(units, np.full(units, 1 / units), size=resamples)
    return draws.astype(np.float64)


def interval(values: Values | None) -> tuple[float | None, float | None]:
    """Return the 95 % percentile interval.

    Args:
        values: one per resample; NaN where the figure was undefined there.

    Returns:
        (low, high), or (None, None) without any defined value, and where all are the
        same: one camera alone bears on the figure, or all agree, and drawing them
        again says nothing about another one.
    """
    if values is None:
        return None, None
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None
    if np.ptp(known) <= _SAME * np.abs(known).max():
        return None, None
    low, high = np.percentile(known, LEVEL)
    return float(low), float(high)


def zero_bound(exposure: float) -> float | None:
    """Return the highest rate that fits having seen nothing, at 95 %.

    Args:
        exposure: how long was watched; the rate is per unit of it.

    Returns:
        The rule of three: -ln(0.05) / exposure; None where nothing was watched.
    """
    return -math.log(1 - 0.95) / exposure if exposure > 0 else None


def paired_p_value(differences: Values, differing: int) -> float | None:
    """Return how easily chance alone would explain a difference.

    Two-sided bootstrap p-value: twice the smaller share of resamples on either side
    of zero, with one added to both counts so that it is never 0 (Davison and Hinkley,
    Bootstrap Methods and their Application, 1997). Few units agree by chance: if the
    runs were alike, A and B could change places at each unit that differs, and at all
    `differing` of them the same side would be ahead once in 2 ** (differing - 1)
    times. It is never less than that.

    Args:
        differences: figure of B minus figure of A, per resample, both on the same
            draws.
        differing: units at which the figure is not the same in A and B.

    Returns:
        (0, 1], or None without any defined difference.
    """
    known = differences[~np.isnan(differences)]
    if not len(known):
        return None
    below = (np.sum(known <= 0) + 1) / (len(known) + 1)
    above = (np.sum(known >= 0) + 1) / (len(known) + 1)
    return float(min(1.0, max(2 * min(below, above), 0.5 ** (differing - 1))))
