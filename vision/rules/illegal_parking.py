"""A motor vehicle stands in a no-parking zone longer than its grace time."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, NotRequired, cast

from typing_extensions import override

from vision.core.errors import ConfigError
from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.violations import Confidence, Params, Slug, Violation
from vision.rules.facts import at_least, circumstances, exemption, named, required
from vision.rules.kinds import VEHICLE
from vision.rules.ledger import Ledger
from vision.rules.lifecycle import LifecycleParams
from vision.rules.place_rule import PlaceRule, RuleRecord
from vision.rules.schedule import Schedule
from vision.rules.standing import Standing, Terms, standing
from vision.rules.street import StreetRecord
from vision.rules.traffic import Traffic, TrafficParams, TrafficWatch
from vision.rules.verdict import Verdict


@dataclass(frozen=True, slots=True)
class ParkingParams:
    """Limits of the parking rule.

    Attributes:
        grace_s: observed standing time in force from which it is a violation, seconds.
        class_grace_s: likewise by class, where it differs.
        loading_s: grace in a `loading` zone in its hours, seconds.
        min_overlap: share of the ground contact that must lie in the zone.
        exempt_labels: classes that may stand anywhere, e.g. an ambulance.
        undecided_factor: on the grace (and on the longest queue seen here) while the
            traffic says nothing either way; then it opens with low confidence.
        severe_s: time in force after which severity rises to 2, seconds.
        update_every_s: shortest time between two steps of one event, seconds.
    """

    grace_s: float = 180.0
    class_grace_s: Mapping[str, float] = field(default_factory=dict)
    loading_s: float = 1200.0
    min_overlap: float = 0.3
    exempt_labels: frozenset[str] = frozenset()
    undecided_factor: float = 1.5
    severe_s: float = 1800.0
    update_every_s: float = 60.0


class ParkingRecord(RuleRecord):
    """The rule's memory at one camera as plain, JSON-ready values."""

    street: NotRequired[StreetRecord]  # not in records of earlier versions


class IllegalParking(PlaceRule):
    """Judges vehicles that stand in `no_parking` zones.

    `parking` zones (bays) and, for `loading_s`, `loading` zones permit it in their
    hours.
    """

    slug = Slug.ILLEGAL_PARKING
    kind = VEHICLE.name
    version = "1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"car"})

    def __init__(
        self,
        params: ParkingParams | None = None,
        schedule: Schedule | None = None,
        traffic: TrafficParams | None = None,
    ) -> None:
        """Start with no events.

        Args:
            params: limits.
            schedule: the site's calendars; None: every zone is always in force.
            traffic: how a queue is told from parked vehicles.
        """
        self._params = p = params or ParkingParams()
        self._schedule = schedule or Schedule()
        self._terms = Terms("no_parking", "parking", p.min_overlap, anywhere=False)
        self._loading = Terms("loading", None, p.min_overlap, anywhere=False)
        self._in_force = Ledger()
        self._traffic = TrafficWatch(traffic)
        super().__init__(
            LifecycleParams(p.update_every_s, recurs=False),
            {"in_force": self._in_force, "traffic": self._traffic},
        )

    @property
    @override
    def params(self) -> Params:
        """The limits in force."""
        return named(self._params) + self._traffic.limits

    @override
    def observe(self, observation: Observation) -> list[Violation]:
        """Read the traffic, then judge each vehicle."""
        vehicles = [place for place in observation.places if place.kind == self.kind]
        self._traffic.observe(observation, vehicles)
        return super().observe(observation)

    @override
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of a standing vehicle; None outside every zone."""
        p = self._params
        ground = standing(place, observation, self._terms, self._schedule)
        if ground is None:
            self._in_force.credit(place, holds=False)
            return None
        stood_s = self._in_force.credit(place, holds=ground.forbidden)
        grace_s = self._grace_s(place, observation, ground)
        traffic, seen = self._traffic.judge(place)
        limit_s = grace_s
        if traffic is Traffic.UNDECIDED:
            limit_s = p.undecided_factor * max(grace_s, self._traffic.longest_stop_s)
        facts = (
            *ground.facts,
            at_least("observed_s", stood_s, limit_s, "s"),
            exemption(place.label, p.exempt_labels),
            required(
                "traffic",
                traffic.value,
                holds=traffic is not Traffic.QUEUE,
                bound="no queue",
            ),
            *seen,
            # One picture may show another one, driving over the spot of who left.
            *((at_least("sights_in_a_row", 1, 2),) if place.returned else ()),
            *circumstances(place),
        )
        return Verdict(
            facts,
            ground.zone_id,
            severity=2 if stood_s >= p.severe_s else 1,
            confidence=_CONFIDENCE[traffic],
            over=not ground.forbidden,
            lasted_s=self._in_force.lasted_s(place),
        )

    @override
    def state(self) -> ParkingRecord:
        """Return the rule's memory as plain values, to be stored."""
        kept = super().state()
        return {
            "rule": kept["rule"],
            "book": kept["book"],
            "memos": kept["memos"],
            "street": self._traffic.street(),
        }

    @override
    def restore(self, record: object) -> None:
        """Take up a stored memory.

        Raises:
            ConfigError: it is another rule's or cannot be read.
        """
        super().restore(record)
        stored = cast("ParkingRecord", record)
        if "street" not in stored:
            return  # an earlier version's
        try:
            self._traffic.recall(stored["street"])
        except (KeyError, TypeError, ValueError) as error:
            msg = (
                f"stored street: {error!r}, expected lanes and stops as rule "
                f"{self.name!r} stored them; delete them to learn them anew"
            )
            raise ConfigError(msg) from error

    def forget_view(self, kept: Container[str | None] = ()) -> None:
        """Forget where vehicles drive, but for presets that are kept."""
        self._traffic.forget_street(kept)

    def _grace_s(
        self, place: Place, observation: Observation, ground: Standing
    ) -> float:
        """Return the grace time here and now, seconds."""
        p = self._params
        grace_s = p.class_grace_s.get(place.label, p.grace_s)
        grace_s *= ground.ruling.dwell_factor
        if not ground.ruling.permits:
            return grace_s
        bay = standing(place, observation, self._loading, self._schedule)
        return (
            grace_s if bay is None or not bay.forbidden else max(grace_s, p.loading_s)
        )


_CONFIDENCE = {
    Traffic.PARKED: Confidence.HIGH,
    Traffic.QUEUE: Confidence.LOW,
    Traffic.UNDECIDED: Confidence.LOW,
}
