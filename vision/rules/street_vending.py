"""A tended stall stands where or when it may not."""

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.violations import Params, Slug
from vision.rules.facts import at_least, circumstances, named
from vision.rules.kinds import VENDOR
from vision.rules.ledger import Ledger, RecentShare
from vision.rules.lifecycle import LifecycleParams
from vision.rules.people import Crowd
from vision.rules.place_rule import PlaceRule
from vision.rules.schedule import Schedule
from vision.rules.standing import Terms, standing
from vision.rules.verdict import Verdict

_RECENT = 3.0  # dwell times: who rests beside a closed stall does not tend it


@dataclass(frozen=True, slots=True)
class VendingParams:
    """Limits of the vending rule.

    Attributes:
        dwell_s: observed time without a permit, in hours in which vending is
            forbidden, from which it is a violation, seconds. Of a stall known for more
            than three times as long only while it is tended.
        min_overlap: share of the ground contact that must lie in the zone.
        min_support: share of recent views in which the detector must see the stall.
        min_tended: share of the recent observed time with a person at the stall; a
            second that is three times `dwell_s` ago weighs 1/e.
        tending_reach: how near feet must be, in person widths.
        update_every_s: shortest time between two steps of one event, seconds.
    """

    dwell_s: float = 120.0
    min_overlap: float = 0.3
    min_support: float = 0.3
    min_tended: float = 0.3
    tending_reach: float = 1.0
    update_every_s: float = 60.0


class StreetVending(PlaceRule):
    """Judges stalls in `no_vending` zones."""

    slug = Slug.STREET_VENDING
    kind = VENDOR.name
    version = "1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"street_vendor", "person"})

    def __init__(
        self, params: VendingParams | None = None, schedule: Schedule | None = None
    ) -> None:
        """Start with no events.

        Args:
            params: limits.
            schedule: the site's calendars; None: every zone is always in force.
        """
        self._params = p = params or VendingParams()
        self._schedule = schedule or Schedule()
        self._terms = Terms("no_vending", "market", p.min_overlap, anywhere=False)
        self._recent_s = _RECENT * p.dwell_s
        self._forbidden = Ledger()
        self._tended = RecentShare(self._recent_s)
        self._crowd = Crowd()
        super().__init__(
            LifecycleParams(p.update_every_s),
            {"forbidden": self._forbidden, "tended": self._tended},
        )

    @property
    @override
    def params(self) -> Params:
        """The limits in force."""
        return named(self._params)

    @override
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of a stall; None outside every zone."""
        p = self._params
        # Who tends a stall outside the zones does so when it is wheeled in.
        person = self._crowd.near(place, observation, reach=p.tending_reach)
        tended = self._tended.credit(place, holds=person)
        ground = standing(place, observation, self._terms, self._schedule)
        if ground is None:
            self._forbidden.credit(place, holds=False)
            return None
        # What stands there left alone is no vending, and no part of one that follows.
        selling = tended >= p.min_tended or place.observed_s < self._recent_s
        stood_s = self._forbidden.credit(place, holds=ground.forbidden and selling)
        facts = (
            *ground.facts,
            at_least("observed_s", stood_s, p.dwell_s, "s"),
            at_least("tended_share", tended, p.min_tended),
            at_least("support", place.support, p.min_support),
            *circumstances(place),
        )
        return Verdict(
            facts,
            ground.zone_id,
            over=not ground.forbidden,
            lasted_s=self._forbidden.lasted_s(place),
        )
