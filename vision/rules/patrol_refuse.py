"""Refuse and full bins that one pass has seen for certain."""

from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from vision.core.places import Passes, Place
from vision.core.violations import Slug
from vision.rules.facts import at_least, below
from vision.rules.kinds import BIN, GARBAGE
from vision.rules.patrol_rule import MIN_SHARE, PassParams, PatrolRule
from vision.rules.standing import Standing, Terms
from vision.rules.verdict import Verdict

_FULL = "overflowing_bin"


@dataclass(frozen=True, slots=True)
class PassedGarbageParams(PassParams):
    """Limits of the refuse rule on a pass.

    Attributes:
        max_attended: share of the looks with a person beside it, from which it is
            carried, sorted or swept up.
        large_m: width from which severity is 2, metres.
        huge_m: and 3.
    """

    max_attended: float = 0.5
    large_m: float = 2.0
    huge_m: float = 4.0


class PassedGarbage(PatrolRule[PassedGarbageParams]):
    """Judges refuse in `clean` zones of the map, or anywhere where there are none."""

    slug = Slug.GARBAGE_PILE
    kind = GARBAGE.name
    version = "pass.1"
    required_labels: ClassVar[frozenset[str]] = frozenset({"garbage"})
    _terms = Terms("clean", None, MIN_SHARE, anywhere=True)

    @override
    def _weigh_pass(self, place: Place, passes: Passes, ground: Standing) -> Verdict:
        p, width_m = self._params, passes.size_m[0]
        alone = below("attended", passes.attended, p.max_attended)
        severity = 1 + (width_m >= p.large_m) + (width_m >= p.huge_m)
        seen = at_least("passes", passes.count, 1)
        facts = self._facts(place, passes, ground, seen, alone)
        return Verdict(facts, ground.zone_id, severity)


@dataclass(frozen=True, slots=True)
class PassedBinParams(PassParams):
    """Limits of the bin rule on a pass.

    Attributes:
        full_share: share of the looks that must call it full.
        empty_share: share below which it was emptied, as a later pass sees it.
    """

    full_share: float = 0.6
    empty_share: float = 0.3


class PassedBin(PatrolRule[PassedBinParams]):
    """Judges bins in `bin` zones of the map, or anywhere where there are none."""

    slug = Slug.OVERFLOWING_BIN
    kind = BIN.name
    version = "pass.1"
    required_labels: ClassVar[frozenset[str]] = frozenset({_FULL})
    _terms = Terms("bin", None, MIN_SHARE, anywhere=True)

    @property
    @override
    def offending(self) -> frozenset[str]:
        """Return the full bin's class."""
        return frozenset({_FULL})

    @override
    def _weigh_pass(self, place: Place, passes: Passes, ground: Standing) -> Verdict:
        p, share = self._params, place.share_of(_FULL)
        full = at_least("full_share", share, p.full_share)
        seen = self._seen(place, passes)
        # Of the pass that opened it the last looks are no news of later.
        emptied = passes.count > 1 and share <= p.empty_share
        over = emptied and all(fact.holds is not False for fact in seen)
        known = at_least("passes", passes.count, 1)
        facts = self._facts(place, passes, ground, known, full)
        return Verdict(facts, ground.zone_id, over=over)
