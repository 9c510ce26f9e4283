"""A bin's content stands over its rim."""

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from vision.core.observation import Observation
from vision.core.places import Place, PlaceState
from vision.core.violations import Fact, Params, Slug
from vision.rules.facts import at_least, circumstances, named
from vision.rules.kinds import BIN
from vision.rules.ledger import Ledger
from vision.rules.lifecycle import LifecycleParams
from vision.rules.place_rule import PlaceRule
from vision.rules.schedule import Schedule
from vision.rules.standing import Terms, standing
from vision.rules.verdict import Verdict

_FULL = "overflowing_bin"

_MIN_OVERLAP = 0.3  # of the ground contact in the zone


@dataclass(frozen=True, slots=True)
class BinParams:
    """Limits of the bin rule.

    Attributes:
        dwell_s: observed time in a row that it overflows, seconds.
        full_share: share of recent sightings that must say so.
        min_score: mean score of recent sightings that must hold all the while: what is
            called full faintly, minute after minute, is something else.
        empty_share: share below which it no longer overflows.
        empty_s: observed time in a row below it until the event is cleared, seconds.
        update_every_s: shortest time between two steps of one event, seconds.
    """

    dwell_s: float = 60.0
    full_share: float = 0.6
    min_score: float = 0.5
    empty_share: float = 0.3
    empty_s: float = 20.0
    update_every_s: float = 60.0


class OverflowingBin(PlaceRule):
    """Judges bins in `bin` zones, or anywhere where a scene has none.

    Overflow is a state of a bin with two limits, so that a class that flickers between
    them changes nothing. A hidden bin keeps its state: hidden is not emptied.
    """

    slug = Slug.OVERFLOWING_BIN
    kind = BIN.name
    version = "1"
    required_labels: ClassVar[frozenset[str]] = frozenset({_FULL})

    def __init__(
        self, params: BinParams | None = None, schedule: Schedule | None = None
    ) -> None:
        """Start with no events.

        Args:
            params: limits.
            schedule: the site's calendars; None: every zone is always in force.
        """
        self._params = p = params or BinParams()
        self._schedule = schedule or Schedule()
        self._terms = Terms("bin", None, _MIN_OVERLAP, anywhere=True)
        self._full = Ledger()
        self._empty = Ledger()
        super().__init__(
            LifecycleParams(p.update_every_s),
            {"full": self._full, "empty": self._empty},
        )

    @property
    @override
    def params(self) -> Params:
        """The limits in force."""
        return named(self._params)

    @property
    @override
    def offending(self) -> frozenset[str]:
        """Return the full bin's class."""
        return frozenset({_FULL})

    @override
    def judge(self, place: Place, observation: Observation) -> Verdict | None:
        """Return what to make of a bin; None where nobody asks."""
        p = self._params
        ground = standing(place, observation, self._terms, self._schedule)
        if ground is None:
            self._full.credit(place, holds=False)
            self._empty.credit(place, holds=False)
            return None
        share = place.share_of(_FULL)
        sure = place.recent_score >= p.min_score
        full_s = self._full.credit(place, holds=sure and share > p.empty_share)
        empty_s = self._empty.credit(place, holds=share <= p.empty_share)
        facts = (
            *ground.facts,
            at_least("full_share", share, p.full_share),
            at_least("recent_score", place.recent_score, p.min_score),
            at_least("full_s", full_s, p.dwell_s, "s"),
            Fact("empty_s", round(empty_s, 1), "s"),
            *circumstances(place),
        )
        visible = place.state is PlaceState.STANDING
        over = visible and empty_s >= p.empty_s
        lasted_s = self._full.lasted_s(place)
        return Verdict(facts, ground.zone_id, over=over, lasted_s=lasted_s)
