"""What a place's life was, as its timeline tells it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from vision.core.places import Place, PlaceState
from vision.core.violations import Fact, Violation
from vision.evidence.dwell import Point


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a line: a decision.

    Attributes:
        at_s: media time, seconds.
        text: what was decided.
        counted_s: what the rule had counted by then, seconds; None: nothing timed.
    """

    at_s: float
    text: str
    counted_s: float | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """A time during which one thing was known of a place.

    Attributes:
        state: what was known; None: nobody watched.
        since_s: media time, seconds,
        until_s: likewise; infinite: to this day.
    """

    state: PlaceState | None
    since_s: float
    until_s: float


@dataclass(frozen=True, slots=True)
class Life:
    """What a timeline shows.

    Attributes:
        place: whose life.
        title: what it is about, in one line.
        until_s: media time at which the picture ends, seconds.
        needed_s: the limit that the count is compared with, seconds, or None.
        growth: how observed dwell grew, rising in time.
        marks: decisions.
        bands: what was known of it when, oldest first.
    """

    place: Place
    title: str
    until_s: float
    needed_s: float | None = None
    growth: tuple[Point, ...] = ()
    marks: tuple[Mark, ...] = ()
    bands: tuple[Band, ...] = ()


def life_of(violation: Violation, growth: Sequence[Point], *, camera: str) -> Life:
    """Return the life of a violation's place up to its decision.

    Args:
        violation: the step.
        growth: from `DwellRecord.of`.
        camera: the camera's name.
    """
    place, passes = violation.place, violation.place.passes
    bands = _stretches(place)
    if passes is not None:
        place = _between_passes(violation)
        bands, growth = _passes(place, passes.count), ()
    counted_s, needed_s = timed(violation.facts) or (None, None)
    where = "" if violation.zone_id is None else f" in {violation.zone_id}"
    return Life(
        place=place,
        title=f"{camera}: {place.label}{where}, {violation.slug}",
        until_s=violation.decided_s,
        needed_s=needed_s,
        growth=tuple(growth),
        marks=(Mark(violation.decided_s, violation.lifecycle.value, counted_s),),
        bands=bands,
    )


def timed(facts: Iterable[Fact]) -> tuple[float, float] | None:
    """Return counted and needed seconds of the limit with the longest way to go."""
    timers = [
        (float(fact.value), limit)
        for fact in facts
        if fact.unit == "s" and (limit := fact.least) is not None
    ]
    return min(timers, key=lambda one: one[0] / max(one[1], 1e-9), default=None)


def _stretches(place: Place) -> tuple[Band, ...]:
    ends = (*(one.since_s for one in place.timeline[1:]), math.inf)
    return tuple(
        Band(one.state, one.since_s, end_s)
        for one, end_s in zip(place.timeline, ends, strict=False)
    )


def _between_passes(violation: Violation) -> Place:
    """Return a place with its sights in wall time: no stream runs from pass to pass."""
    place = violation.place

    def at_s(moment: datetime) -> float:
        return violation.decided_s - (violation.decided_at - moment).total_seconds()

    return replace(
        place,
        first_seen_s=at_s(place.first_seen_at),
        last_seen_s=at_s(place.last_seen_at),
    )


def _passes(place: Place, count: int) -> tuple[Band, ...]:
    """Return the first pass and the latest one; nobody watched between them."""
    first_s, last_s, seen = place.first_seen_s, place.last_seen_s, PlaceState.STANDING
    nobody = Band(None, first_s, math.inf)
    if count == 1:
        return nobody, Band(seen, first_s, last_s)
    each_s = min(place.observed_s / count, last_s - first_s)
    return (
        nobody,
        Band(seen, first_s, first_s + each_s),
        Band(seen, last_s - each_s, last_s),
    )
