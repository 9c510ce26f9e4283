"""How sure: bootstrap by the unit that was sampled (camera, picture)."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEVEL = (2.5, 97.5)


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
        (low, high), or (None, None) without any defined value.
    """
    if values is None:
        return None, None
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, LEVEL)
    return float(low), float(high)


def paired_p_value(differences: Values) -> float | None:
    """Return how easily chance alone would explain a difference.

    Two-sided bootstrap p-value: twice the smaller share of resamples on either side
    of zero, with one added to both counts so that it is never 0 (Davison and Hinkley,
    Bootstrap Methods and their Application, 1997).

    Args:
        differences: figure of B minus figure of A, per resample, both on the same
            draws.

    Returns:
        (0, 1], or None without any defined difference.
    """
    known = differences[~np.isnan(differences)]
    if not len(known):
        return None
    below = (np.sum(known <= 0) + 1) / (len(known) + 1)
    above = (np.sum(known >= 0) + 1) / (len(known) + 1)
    return float(min(1.0, 2 * min(below, above)))
