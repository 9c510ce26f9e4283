"""The four rules and their limits; all times in seconds."""

from typing import Annotated, Literal

from pydantic import Field

from vision.config.base import Settings
from vision.config.cameras import Identifier

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Rule(Settings):
    """What every rule takes; `cameras` None: all of them."""

    cameras: tuple[Identifier, ...] | None = None


class IllegalParkingRule(_Rule):
    """A motor vehicle stands in a `no_parking` zone longer than its grace."""

    type: Literal["illegal_parking"]
    grace_s: Seconds = 180


class GarbagePileRule(_Rule):
    """Refuse lies in the open and stays."""

    type: Literal["garbage_pile"]
    dwell_s: Seconds = 60


class OverflowingBinRule(_Rule):
    """A bin's content stands over its rim."""

    type: Literal["overflowing_bin"]
    dwell_s: Seconds = 60


class StreetVendingRule(_Rule):
    """A tended stall stands in a `no_vending` zone."""

    type: Literal["street_vending"]
    dwell_s: Seconds = 120


RuleSettings = Annotated[
    IllegalParkingRule | GarbagePileRule | OverflowingBinRule | StreetVendingRule,
    Field(discriminator="type"),
]
