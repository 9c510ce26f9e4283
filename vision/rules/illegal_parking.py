"""A motor vehicle stands in a no-parking zone longer than its grace time."""

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.violations import Fact, Slug
from vision.rules.facts import at_least, circumstances, required
from vision.rules.kinds import VEHICLE
from vision.rules.lifecycle import LifecycleParams, Verdict
from vision.rules.place_rule import PlaceRule
from vision.rules.zones import ground_of


@dataclass(frozen=True, slots=True)
class ParkingParams:
    """Limits of the parking rule.

    Attributes:
        grace_s: observed standing time from which it is a violation, seconds.
        min_overlap: share of the ground contact that must lie in the zone.
        exempt_labels: classes that may stand anywhere.
        severe_s: observed time after which severity rises to 2, seconds.
        update_every_s: shortest time between two steps of one event, seconds.
    """

    grace_s: float = 180.0
    min_overlap: float = 0.3
    exempt_labels: frozenset[str] = frozenset()
    severe_s: float = 1800.0
    update_every_s: float = 60.0


class IllegalParking(PlaceRule):
    """Judges vehicles that stand in `no_parking` zones."""

    slug = Slug.ILLEGAL_PARKING
    kind = VEHICLE.name
    version = "1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"car"})

    def __init__(self, params: ParkingParams | None = None) -> None:
        """Start with no events.

        Args:
            params: limits.
        """
        self._params = p = params or ParkingParams()
        super().__init__(LifecycleParams(p.update_every_s, recurs=False), {})

    @override
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of a standing vehicle; None outside every zone."""
        p = self._params
        ground = ground_of(place, observation, "no_parking")
        if ground is None or ground.zone is None or ground.share < p.min_overlap:
            return None
        exempt = place.label in p.exempt_labels
        facts = (
            Fact("zone", ground.zone.zone_id),
            at_least("overlap", ground.share, p.min_overlap),
            at_least("observed_s", place.observed_s, p.grace_s, "s"),
            required("class", place.label, holds=not exempt, bound="not exempt"),
            *circumstances(place),
        )
        severity = 2 if place.observed_s >= p.severe_s else 1
        return Verdict(facts, ground.zone.zone_id, severity)
