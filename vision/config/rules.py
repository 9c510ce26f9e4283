"""The four rules and their limits; all times in seconds.

Every key but `type` and `cameras` is a parameter of the rule of that name, which
documents it (`vision/rules/`).
"""

from typing import Annotated, Literal

from pydantic import Field

from vision.config.base import Settings
from vision.config.cameras import Identifier

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Share = Annotated[float, Field(gt=0, le=1)]
Factor = Annotated[float, Field(gt=1, le=100)]
Reach = Annotated[float, Field(gt=0, le=20)]


class _Rule(Settings):
    """What every rule takes; `cameras` None: all of them."""

    cameras: tuple[Identifier, ...] | None = None
    update_every_s: Seconds = 60


class IllegalParkingRule(_Rule):
    """A motor vehicle stands in a `no_parking` zone longer than its grace."""

    type: Literal["illegal_parking"]
    grace_s: Seconds = 180
    loading_s: Seconds = 1200
    undecided_factor: Annotated[float, Field(ge=1, le=20)] = 1.5
    min_overlap: Share = 0.3
    exempt_labels: frozenset[str] = frozenset()
    severe_s: Seconds = 1800


class GarbagePileRule(_Rule):
    """Refuse lies in the open and stays."""

    type: Literal["garbage_pile"]
    dwell_s: Seconds = 60
    min_support: Share = 0.5
    alone_s: Seconds = 10
    contact_reach: Reach = 0.5
    large_growth: Factor = 1.5
    huge_growth: Factor = 3


class OverflowingBinRule(_Rule):
    """A bin's content stands over its rim."""

    type: Literal["overflowing_bin"]
    dwell_s: Seconds = 60
    full_share: Share = 0.6
    empty_share: Share = 0.3
    empty_s: Seconds = 20


class StreetVendingRule(_Rule):
    """A tended stall stands in a `no_vending` zone."""

    type: Literal["street_vending"]
    dwell_s: Seconds = 120
    min_overlap: Share = 0.3
    min_support: Share = 0.3
    min_tended: Share = 0.3
    tending_reach: Reach = 1


RuleSettings = Annotated[
    IllegalParkingRule | GarbagePileRule | OverflowingBinRule | StreetVendingRule,
    Field(discriminator="type"),
]


class PlaceSettings(Settings):
    """How patiently still objects are remembered (`vision/rules/kinds.py`)."""

    open_score: Share = 0.45
    keep_score: Share = 0.2
    settle_s: Seconds = 3
    max_gap_s: Seconds = 10
    patience_s: Seconds = 10
    baseline_s: Seconds = 2
