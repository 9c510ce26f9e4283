"""Refuse lies in the open and stays there."""

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.violations import Fact, Params, Slug
from vision.rules.facts import at_least, below, circumstances, named
from vision.rules.kinds import GARBAGE
from vision.rules.ledger import Ledger
from vision.rules.lifecycle import LifecycleParams
from vision.rules.people import Crowd
from vision.rules.place_rule import PlaceRule
from vision.rules.schedule import Schedule
from vision.rules.standing import Terms, standing
from vision.rules.verdict import Verdict

_MIN_OVERLAP = 0.3  # of the ground contact in the zone


@dataclass(frozen=True, slots=True)
class GarbageParams:
    """Limits of the refuse rule.

    Attributes:
        dwell_s: observed time in a zone from which it is a violation, seconds.
        min_support: share of recent views in which the detector must see it.
        max_bareness: likeness to the ground as it was before, below which something was
            added; not asked where the ground was never seen.
        alone_s: observed time without a person in contact, seconds: what is carried,
            sorted or swept up is no violation yet.
        contact_reach: how near feet must be for contact, in person widths.
        large_growth: growth of the box's area from which severity is 2.
        huge_growth: and 3.
        update_every_s: shortest time between two steps of one event, seconds.
    """

    dwell_s: float = 60.0
    min_support: float = 0.5
    max_bareness: float = 0.9
    alone_s: float = 10.0
    contact_reach: float = 0.5
    large_growth: float = 1.5
    huge_growth: float = 3.0
    update_every_s: float = 60.0


class GarbagePile(PlaceRule):
    """Judges refuse in `clean` zones, or anywhere where a scene has none."""

    slug = Slug.GARBAGE_PILE
    kind = GARBAGE.name
    version = "1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"garbage"})

    def __init__(
        self, params: GarbageParams | None = None, schedule: Schedule | None = None
    ) -> None:
        """Start with no events.

        Args:
            params: limits.
            schedule: the site's calendars; None: every zone is always in force.
        """
        self._params = p = params or GarbageParams()
        self._schedule = schedule or Schedule()
        self._terms = Terms("clean", None, _MIN_OVERLAP, anywhere=True)
        self._lain = Ledger()
        self._alone = Ledger()
        self._crowd = Crowd()
        super().__init__(
            LifecycleParams(p.update_every_s),
            {"lain": self._lain, "alone": self._alone},
        )

    @property
    @override
    def params(self) -> Params:
        """The limits in force."""
        return named(self._params)

    @override
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of refuse; None where nobody asks."""
        p = self._params
        ground = standing(place, observation, self._terms, self._schedule)
        lain_s = self._lain.credit(place, holds=ground is not None)
        if ground is None:
            self._alone.credit(place, holds=False)
            return None
        contact = self._crowd.near(place, observation, reach=p.contact_reach)
        alone_s = self._alone.credit(place, holds=not contact)
        growth = _growth(place)
        facts = (
            *ground.facts,
            at_least("observed_s", lain_s, p.dwell_s, "s"),
            at_least("support", place.support, p.min_support),
            *self._added(place),
            at_least("alone_s", alone_s, p.alone_s, "s"),
            Fact("growth", round(growth, 2), "1"),
            *circumstances(place),
        )
        severity = 1 + (growth >= p.large_growth) + (growth >= p.huge_growth)
        lasted_s = self._lain.lasted_s(place)
        return Verdict(facts, ground.zone_id, severity, lasted_s=lasted_s)

    def _added(self, place: Place) -> tuple[Fact, ...]:
        """Return whether the place differs from its clean ground, where known."""
        if place.bareness is None:
            return ()
        return (below("bareness", place.bareness, self._params.max_bareness),)


def _growth(place: Place) -> float:
    """Return the area now over the area at first, >= 0."""
    x1, y1, x2, y2 = place.xyxy
    a1, b1, a2, b2 = place.latest_xyxy or place.xyxy
    return (a2 - a1) * (b2 - b1) / max((x2 - x1) * (y2 - y1), 1.0)
