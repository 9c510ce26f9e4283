"""Where a bin takes refuse."""

from dataclasses import dataclass

from datasets.street_scene.shapes import Vec3


@dataclass(frozen=True, slots=True)
class Mouth:
    """Where a bin takes refuse, and what shows when it is full.

    Attributes:
        at: middle of the opening, metres.
        reach: half its width and half its depth.
        open_top: refuse can pile up on it.
    """

    at: Vec3
    reach: tuple[float, float]
    open_top: bool = True
