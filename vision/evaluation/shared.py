"""What two runs both measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Figures = Callable[[Values], Mapping[str, Values]]
"""Weights (B, units) to figure names with (B,) values."""


@dataclass(frozen=True, eq=False, slots=True)
class Shared:
    """What both runs measured.

    Attributes:
        unit: what is resampled, as a key of the report's words.
        count: how many units both have.
        a: figures of the first run on them.
        b: figures of the second.
        warnings: what makes the comparison less than fair.
    """

    unit: str
    count: int
    a: Figures
    b: Figures
    warnings: tuple[str, ...]


def lonely(a: Mapping[str, object], b: Mapping[str, object], what: str) -> list[str]:
    """Return the warning that some units are of one run alone, if any are."""
    only_a, only_b = len(set(a) - set(b)), len(set(b) - set(a))
    if not only_a and not only_b:
        return []
    return [f"{what}: {only_a} only in A and {only_b} only in B are left out"]
