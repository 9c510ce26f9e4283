"""What the rules for cameras that drive past share."""

from abc import abstractmethod
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from typing_extensions import override

from vision.core.observation import Observation
from vision.core.places import Passes, Place, PlaceState
from vision.core.violations import Confidence, Fact, Params
from vision.rules.facts import at_least, below, circumstances, named, required
from vision.rules.kinds import KIND_NAMED
from vision.rules.ledger import PlaceMemo
from vision.rules.lifecycle import LifecycleParams
from vision.rules.on_map import standing_on_map
from vision.rules.place_rule import PlaceRule
from vision.rules.schedule import Schedule
from vision.rules.standing import Standing, Terms
from vision.rules.verdict import Verdict

Known = Callable[[], Container[str]]
"""Tells all places that the memory knows, those far away too."""

_SPARE = 64  # reasons of places that are gone, before they are swept

MIN_SHARE = 0.3
"""Of the circle in which a place lies, how much must lie in a zone."""


@dataclass(frozen=True, slots=True)
class PassLimits:
    """What one pass must have seen.

    Attributes:
        min_looks: pictures in which the detector found it.
        max_range_m: how near the camera must have come, metres.
        min_support: share of the pictures that should show it in which it was found.
        min_score: mean detection score.
    """

    min_looks: int = 4
    max_range_m: float = 15.0
    min_support: float = 0.5
    min_score: float = 0.45


@dataclass(frozen=True, slots=True)
class PassParams:
    """What all rules about passes are told.

    Attributes:
        update_every_s: shortest time between two steps of one event, seconds.
    """

    update_every_s: float = 60.0


P_co = TypeVar("P_co", bound=PassParams, covariant=True)


class PatrolRule(PlaceRule, Generic[P_co]):
    """A rule about places that passes of a moving camera tell of.

    It decides while the place is in view, so that the picture proves it. Between two
    passes nothing is decided.
    """

    def __init__(
        self, params: P_co, limits: PassLimits, schedule: Schedule, known: Known
    ) -> None:
        """Start with no events.

        Args:
            params: limits of this rule alone.
            limits: what one pass must have seen.
            schedule: the site's calendars.
            known: all places of the memory.
        """
        recurs = not KIND_NAMED[self.kind].is_individual
        lifecycle = LifecycleParams(params.update_every_s, recurs=recurs)
        super().__init__(lifecycle, self._memory())
        self._params = params
        self._limits = limits
        self._schedule = schedule
        self._known = known
        self._told: dict[str, tuple[Fact, ...]] = {}

    @property
    @override
    def params(self) -> Params:
        """The limits in force."""
        return named(self._limits, "pass_") + named(self._params)

    @property
    @abstractmethod
    def _terms(self) -> Terms:
        """Which zones of the map matter."""

    @abstractmethod
    def _weigh_pass(self, place: Place, passes: Passes, ground: Standing) -> Verdict:
        """Return what to make of a place that is in view."""

    def _memory(self) -> Mapping[str, PlaceMemo]:
        """Return what is remembered per place, by name."""
        return {}

    @override
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of a place; None where nobody asks."""
        passes = place.passes
        if passes is None:
            return None
        if place.state is not PlaceState.STANDING:
            absent = required("in_view", "no", holds=False, bound="yes")
            told = self._told.get(place.place_id)
            if told is None:  # of an earlier run
                told = self._remembered(place, passes, observation)
            # Of what is not in view nothing can be surer or graver than it was.
            low = Confidence.LOW
            return Verdict((absent, *told), confidence=low) if told else None
        ground = self._ground(place, observation)
        verdict = None if ground is None else self._weigh_pass(place, passes, ground)
        self._told[place.place_id] = () if verdict is None else verdict.facts
        return verdict

    def _ground(self, place: Place, observation: Observation) -> Standing | None:
        opened = self._book.opened_at(place.place_id)
        return standing_on_map(
            place, observation, self._terms, self._schedule, opened=opened
        )

    def _facts(
        self, place: Place, passes: Passes, ground: Standing, *own: Fact
    ) -> tuple[Fact, ...]:
        return (*ground.facts, *own, *self._seen(place, passes), *circumstances(place))

    def _remembered(
        self, place: Place, passes: Passes, observation: Observation
    ) -> tuple[Fact, ...]:
        """Return what is known of a place that this run has not passed yet."""
        ground = self._ground(place, observation)
        in_zone = required("in_zone", "no", holds=False, bound="yes")
        zone = (in_zone,) if ground is None else ground.facts
        return (*zone, *self._seen(place, passes))

    def _seen(self, place: Place, passes: Passes) -> tuple[Fact, ...]:
        """Return what the latest pass saw of a place, compared with its limits."""
        limits, geo = self._limits, place.geo
        accuracy_m = 0.0 if geo is None else geo.accuracy_m or 0.0
        return (
            at_least("looks", passes.looks, limits.min_looks),
            replace(
                below("range_m", passes.range_m, limits.max_range_m, "m"),
                value=round(passes.range_m, 1),
            ),
            at_least("support", place.support, limits.min_support),
            at_least("recent_score", place.recent_score, limits.min_score),
            Fact("moved_m", round(passes.moved_m, 1), "m"),
            Fact("misfit_m", round(passes.misfit_m, 2), "m"),
            Fact("width_m", round(passes.size_m[0], 1), "m"),
            Fact("accuracy_m", round(accuracy_m, 1), "m"),
        )

    @override
    def _alive(self, places: Sequence[Place]) -> Container[str]:
        known = self._known()
        if len(self._told) > 2 * len(places) + _SPARE:
            self._told = {k: facts for k, facts in self._told.items() if k in known}
        return known
