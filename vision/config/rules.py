"""The rules and their limits; all times in seconds.

Every key but `type` and `cameras` is a parameter of the rule of that name, which
documents it (`vision/rules/`).
"""

from collections.abc import Container, Mapping
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from vision.config.base import Settings
from vision.config.zones import Identifier, ZoneKind

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
Share = Annotated[float, Field(gt=0, le=1)]
Factor = Annotated[float, Field(gt=1, le=100)]
Reach = Annotated[float, Field(gt=0, le=20)]
Period = Annotated[float, Field(ge=0.02, le=60)]


class _Rule(Settings):
    """What every rule takes; `cameras` None: all of them.

    A camera takes one rule of each type. `period_s` is how often it needs a picture; a
    camera that does not say itself gives pictures as often as the most demanding of its
    rules needs them.

    `needs` is the kind of zone without which it has nothing to judge at a camera,
    `asks` are the kinds that only this rule asks about.
    """

    needs: ClassVar[ZoneKind | None] = None
    asks: ClassVar[frozenset[ZoneKind]] = frozenset()

    cameras: tuple[Identifier, ...] | None = Field(default=None, min_length=1)
    period_s: Period = 2
    update_every_s: Seconds = 60

    def watches(self, camera_id: str) -> bool:
        """Return whether it is meant for a camera, whatever its zones."""
        return self.cameras is None or camera_id in self.cameras


class QueueSettings(Settings):
    """How a queue is told from parked vehicles (`vision/rules/traffic.py`)."""

    min_passed: Annotated[int, Field(ge=1, le=100)] = 3
    together_s: Seconds = 60
    red_s: Seconds = 150
    jam_s: Seconds = 600


class IllegalParkingRule(_Rule):
    """A motor vehicle stands in a `no_parking` zone longer than its grace.

    `class_grace_s` gives single classes, by the model's names, another grace time.
    """

    needs = "no_parking"
    asks = frozenset({"no_parking", "parking"})

    type: Literal["illegal_parking"]
    grace_s: Seconds = 180
    class_grace_s: dict[str, Seconds] = Field(default_factory=dict)
    loading_s: Seconds = 1200
    undecided_factor: Annotated[float, Field(ge=1, le=20)] = 1.5
    min_overlap: Share = 0.3
    exempt_labels: frozenset[str] = frozenset()
    severe_s: Seconds = 1800
    queue: QueueSettings = QueueSettings()


class GarbagePileRule(_Rule):
    """Refuse lies in the open and stays."""

    asks = frozenset({"clean"})

    type: Literal["garbage_pile"]
    period_s: Period = 10
    dwell_s: Seconds = 60
    min_support: Share = 0.5
    max_bareness: Share = 0.9
    alone_s: Seconds = 10
    contact_reach: Reach = 0.5
    large_growth: Factor = 1.5
    huge_growth: Factor = 3

    @model_validator(mode="after")
    def _huge_is_more_than_large(self) -> Self:
        if self.huge_growth < self.large_growth:
            msg = (
                f"huge_growth is {self.huge_growth:g} and large_growth "
                f"{self.large_growth:g}; expected huge_growth to be the greater one"
            )
            raise ValueError(msg)
        return self


class OverflowingBinRule(_Rule):
    """A bin's content stands over its rim."""

    asks = frozenset({"bin"})

    type: Literal["overflowing_bin"]
    period_s: Period = 10
    dwell_s: Seconds = 60
    full_share: Share = 0.6
    min_score: Share = 0.5
    empty_share: Share = 0.3
    empty_s: Seconds = 20

    @model_validator(mode="after")
    def _full_is_more_than_empty(self) -> Self:
        """Refuse limits between which a bin would be both, and never opened."""
        if self.empty_share >= self.full_share:
            msg = (
                f"empty_share is {self.empty_share:g} and full_share "
                f"{self.full_share:g}; expected full_share to be the greater one"
            )
            raise ValueError(msg)
        return self


class StreetVendingRule(_Rule):
    """A tended stall stands in a `no_vending` zone."""

    needs = "no_vending"
    asks = frozenset({"no_vending", "market"})

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

_RULES: tuple[type[_Rule], ...] = get_args(get_args(RuleSettings)[0])

ZONE_USERS: Mapping[str, str] = {
    kind: get_args(rule.model_fields["type"].annotation)[0]
    for rule in _RULES
    for kind in rule.asks
}
"""The rule that asks about a kind of zone, of those that only one rule asks about."""


def concerns(rule: RuleSettings, camera_id: str, zone_kinds: Container[str]) -> bool:
    """Return whether a camera has anything for a rule to judge.

    Args:
        rule: one of the site's.
        camera_id: which camera.
        zone_kinds: kinds of the zones that are drawn there.
    """
    return rule.watches(camera_id) and (rule.needs is None or rule.needs in zone_kinds)


class PlaceSettings(Settings):
    """How patiently still objects are remembered (`vision/rules/kinds.py`).

    These scores say whether something is *there*: `open_score` to take it up, or
    `open_scores` for single classes, by the model's names; `faint_scores` for those
    that may be taken up fainter, given time; `keep_score` for what is known already.
    None of them opens an event. How sure the detector must stay of a *violation* is a
    matter of its rule: `min_score` of `overflowing_bin` is the mean score of the last
    seconds, and must hold for the whole of `dwell_s`.
    """

    open_score: Share = 0.45
    open_scores: dict[str, Share] = Field(default_factory=dict)
    faint_scores: dict[str, Share] = Field(default_factory=lambda: {"garbage": 0.4})
    faint_s: Seconds = 20
    faint_support: Share = 0.8
    keep_score: Share = 0.2
    settle_s: Seconds = 3
    max_gap_s: Seconds = 10
    patience_s: Seconds = 10
    baseline_s: Seconds = 2

    @model_validator(mode="after")
    def _what_opens_is_kept(self) -> Self:
        """Refuse a score that takes up what would not even be looked at again."""
        lowest = min([self.open_score, *self.open_scores.values()])
        if self.keep_score > lowest:
            msg = (
                f"keep_score is {self.keep_score:g} and an opening score {lowest:g}; "
                "expected keep_score to be no greater than any of them"
            )
            raise ValueError(msg)
        return self
