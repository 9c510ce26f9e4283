"""Chance, in words."""

from __future__ import annotations

import numpy as np


def happens(rng: np.random.Generator, chance: float) -> bool:
    """Throw a biased coin.

    Args:
        rng: source of chance.
        chance: in [0, 1].

    Returns:
        True with that chance.
    """
    return bool(rng.random() < chance)
