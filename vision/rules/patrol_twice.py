"""Vehicles and stalls that a second pass finds where the first one did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from typing_extensions import override

from vision.core.places import Passes, Place
from vision.core.violations import Confidence, Slug
from vision.rules.facts import at_least, exemption
from vision.rules.kinds import VEHICLE, VENDOR
from vision.rules.ledger import PlaceMemo, Since
from vision.rules.patrol_rule import (
    MIN_SHARE,
    Known,
    PassLimits,
    PassParams,
    PatrolRule,
)
from vision.rules.schedule import Schedule
from vision.rules.standing import Standing, Terms
from vision.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TwicePassedParams(PassParams):
    """Limits of what must be found again by a second pass.

    Attributes:
        apart_s: time between two passes in force, both of which found it, from which it
            is a violation, seconds.
        class_apart_s: likewise by class, where it differs.
        exempt_labels: classes that may stand anywhere.
        min_likeness: how alike both passes must have seen it, where that is judged.
        sure_likeness: likeness from which confidence is high,
        sure_m: if it is known so exactly where it stands, metres (95 %): half a bay, or
            the next one of the same colour may pass for it.
        min_attended: share of the looks with a person beside it.
        severe_s: time in force after which severity rises to 2, seconds.
    """

    apart_s: float = 180.0
    class_apart_s: Mapping[str, float] = field(default_factory=dict)
    exempt_labels: frozenset[str] = frozenset()
    min_likeness: float = 0.7
    sure_likeness: float = 0.85
    sure_m: float = 3.0
    min_attended: float = 0.0
    severe_s: float = 1800.0


class TwicePassed(PatrolRule[TwicePassedParams]):
    """Judges what must stand for a while: two passes find it at one place.

    What came and went between them nobody saw; a vehicle in a queue or at a red light
    is gone by then.
    """

    def __init__(
        self,
        params: TwicePassedParams,
        limits: PassLimits,
        schedule: Schedule,
        known: Known,
    ) -> None:
        """Start with no events; see `PatrolRule`."""
        self._in_force = Since()
        super().__init__(params, limits, schedule, known)

    @override
    def _memory(self) -> Mapping[str, PlaceMemo]:
        return {"in_force": self._in_force}

    @override
    def _weigh_pass(self, place: Place, passes: Passes, ground: Standing) -> Verdict:
        p = self._params
        lasted_s = self._in_force.lasted(place, holds=ground.forbidden)
        apart_s = p.class_apart_s.get(place.label, p.apart_s)
        apart_s *= ground.ruling.dwell_factor
        own = [
            at_least("passes", passes.count, 2),
            at_least("apart_s", lasted_s, apart_s, "s"),
        ]
        if p.exempt_labels:
            own.append(exemption(place.label, p.exempt_labels))
        if passes.likeness is not None:
            own.append(at_least("likeness", passes.likeness, p.min_likeness))
        if p.min_attended > 0:
            own.append(at_least("attended", passes.attended, p.min_attended))
        accuracy_m = None if place.geo is None else place.geo.accuracy_m
        sure = (
            accuracy_m is not None
            and accuracy_m <= p.sure_m
            and (passes.likeness is None or passes.likeness >= p.sure_likeness)
        )
        return Verdict(
            self._facts(place, passes, ground, *own),
            ground.zone_id,
            severity=1 + (lasted_s >= p.severe_s),
            confidence=Confidence.HIGH if sure else Confidence.LOW,
            lasted_s=lasted_s,
        )


class PassedParking(TwicePassed):
    """Judges vehicles in `no_parking` zones of the map; `parking` zones permit it."""

    slug = Slug.ILLEGAL_PARKING
    kind = VEHICLE.name
    version = "pass.1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"car"})
    _terms = Terms("no_parking", "parking", MIN_SHARE, anywhere=False)


class PassedVending(TwicePassed):
    """Judges tended stalls in `no_vending` zones; `market` zones permit them."""

    slug = Slug.STREET_VENDING
    kind = VENDOR.name
    version = "pass.1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"street_vendor", "person"})
    _terms = Terms("no_vending", "market", MIN_SHARE, anywhere=False)
