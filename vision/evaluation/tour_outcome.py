"""What became of every true thing and every event along the drives of one tour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vision.core.position import distance_m
from vision.core.violations import Slug
from vision.evaluation.matching import best_pairs
from vision.evaluation.outcomes import Sums, Verdict
from vision.evaluation.tour_run import Driven, MapEvent, Point, TourRun, Waiting
from vision.evaluation.tour_truth import Moment, Tour, TrueThing

TWO_PASSES = frozenset({Slug.ILLEGAL_PARKING, Slug.STREET_VENDING})
"""Violations that open at a second pass; the others at the first."""

ONE_CLEARS = frozenset({Slug.ILLEGAL_PARKING})
"""Violations that one pass without the thing clears; the others two in a row."""


@dataclass(frozen=True, slots=True)
class MapRule:
    """When an event on the map may count as a true thing.

    Attributes:
        within_m: largest distance from the thing's edge, metres: some 10 that an
            ordinary receiver errs, and 5 of the map on which the thing was looked up.
            The accuracy that the event tells bears on nothing here: else an engine
            that claims little would find more, and its claims could not be judged.
        passed_m: a drive that comes this near passes the thing, metres.
    """

    within_m: float = 15.0
    passed_m: float = 20.0


class TourSum(IntEnum):
    """Columns that add up over tours; every figure is a function of these sums."""

    TRUE = 0
    MATCHED = 1
    FOUND = 2
    IN_TIME = 3
    SQ_ERROR_M2 = 4
    WITHIN_ACCURACY = 5
    WATCHED_S = 6
    DUPLICATES = 7
    FRAGMENTS = 8
    CLEAR_CLAIMS = 9
    CLEAR_RIGHT = 10
    CLEAR_DUE = 11
    CLEAR_DONE = 12


@dataclass(frozen=True, slots=True)
class Presence:
    """In which drives a thing was there and was passed, numbers from 1.

    Attributes:
        may: there for at least a part of the drive.
        sure: there all the time.
        passed: the car came near, whether it was there or not.
        nearest_m: how near any drive came, metres; infinite without a position.
    """

    may: tuple[int, ...]
    sure: tuple[int, ...]
    passed: tuple[int, ...]
    nearest_m: float

    def due_in(self, slug: Slug) -> int | None:
        """Return the first drive in which it can be known, or None."""
        seen = [number for number in self.may if number in self.passed]
        passes = 2 if slug in TWO_PASSES else 1
        return seen[passes - 1] if len(seen) >= passes else None

    def clear_in(self, slug: Slug) -> int | None:
        """Return the first drive in which it can be known to be gone, or None."""
        last = max(self.may, default=0)
        clean = [number for number in self.passed if number > last]
        passes = 1 if slug in ONE_CLEARS else 2
        return clean[passes - 1] if last and len(clean) >= passes else None


@dataclass(frozen=True, slots=True)
class MissedThing:
    """A true thing without an event, and why.

    Attributes:
        index: into `tour.things`.
        why: in words, the weightiest first.
    """

    index: int
    why: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class TourOutcome:
    """One tour, settled.

    Attributes:
        tour: what was there.
        run: what was said.
        presences: one per true thing.
        pairs: (index into `tour.things`, index into `run.found`).
        verdicts: one per event.
        missed: one per thing without an event, doubtful ones left out.
        error_m: distance between thing and event per pair, metres.
    """

    tour: Tour
    run: TourRun
    presences: tuple[Presence, ...]
    pairs: tuple[tuple[int, int], ...]
    verdicts: tuple[Verdict, ...]
    missed: tuple[MissedThing, ...]
    error_m: tuple[float, ...]
    sums: Sums


def settle_tour(tour: Tour, run: TourRun, rule: MapRule) -> TourOutcome:
    """Match one tour and say what every event is.

    Args:
        tour: what was there; things marked `ignore` neither help nor hurt.
        run: what the engine said.
        rule: what may be paired.
    """
    things, found = tour.things, run.found
    presences = tuple(_presence(thing, tour, run.drives, rule) for thing in things)
    away_m = _distances(things, found)
    near = away_m <= rule.within_m
    timely = _mask(
        [[event.drive in one.may for event in found] for one in presences], near
    )
    same = _mask([[e.slug is thing.slug for e in found] for thing in things], near)
    counted = np.array([not thing.ignore for thing in things], np.bool_)
    quality = 1 - away_m / max(rule.within_m, 1e-9)
    pairs = tuple(best_pairs(near & timely & same & counted[:, None], quality))
    partner = dict(pairs)

    def verdict(j: int) -> Verdict:
        if j in partner.values():
            return Verdict.TRUE
        here = near[:, j] & same[:, j]
        if (here & timely[:, j] & ~counted).any():
            return Verdict.IGNORED
        if not here.any():
            other = (near[:, j] & timely[:, j]).any()
            return Verdict.WRONG_CLASS if other else Verdict.BACKGROUND
        if not (here & timely[:, j]).any():
            return Verdict.WRONG_TIME
        i = int(np.argmin(np.where(here & timely[:, j], away_m[:, j], np.inf)))
        return _again(found[partner[i]], found[j])

    verdicts = tuple(verdict(j) for j in range(len(found)))
    missed = tuple(
        MissedThing(i, tuple(_why(tour, i, run, presences[i], rule)))
        for i in range(len(things))
        if counted[i] and i not in partner
    )
    error_m = tuple(float(away_m[i, j]) for i, j in pairs)
    sums = np.zeros(len(TourSum), np.float64)
    sums[TourSum.TRUE] = counted.sum()
    sums[TourSum.MATCHED] = len(pairs)
    sums[TourSum.FOUND] = sum(v is not Verdict.IGNORED for v in verdicts)
    sums[TourSum.SQ_ERROR_M2] = sum(metres**2 for metres in error_m)
    sums[TourSum.WATCHED_S] = sum(drive.watched_s for drive in run.drives)
    sums[TourSum.DUPLICATES] = sum(v is Verdict.DUPLICATE for v in verdicts)
    sums[TourSum.FRAGMENTS] = sum(v is Verdict.FRAGMENT for v in verdicts)
    for (i, j), metres in zip(pairs, error_m, strict=True):
        sums[TourSum.WITHIN_ACCURACY] += metres <= found[j].accuracy_m
        _add_drives(sums, things[i].slug, found[j], presences[i])
    return TourOutcome(tour, run, presences, pairs, verdicts, missed, error_m, sums)


def _add_drives(sums: Sums, slug: Slug, event: MapEvent, there: Presence) -> None:
    due, gone = there.due_in(slug), there.clear_in(slug)
    sums[TourSum.IN_TIME] += due is None or event.drive <= due
    said = event.cleared_in
    right = said is not None and said not in there.sure
    sums[TourSum.CLEAR_CLAIMS] += said is not None
    sums[TourSum.CLEAR_RIGHT] += right
    sums[TourSum.CLEAR_DUE] += gone is not None
    sums[TourSum.CLEAR_DONE] += gone is not None and right


def _again(first: MapEvent, second: MapEvent) -> Verdict:
    early, late = sorted((first, second), key=lambda event: event.opened_at)
    parted = early.cleared_in is not None and early.cleared_in <= late.drive
    return Verdict.FRAGMENT if parted else Verdict.DUPLICATE


def _presence(
    thing: TrueThing, tour: Tour, drives: Sequence[Driven], rule: MapRule
) -> Presence:
    may, sure, passed, nearest = [], [], [], [np.inf]
    for number, (true, driven) in enumerate(zip(tour.drives, drives, strict=True), 1):
        span = (number, true.starts_at, driven.ends_at)
        first, last = span[:2], (number, driven.ends_at)
        if _reached(thing.from_, last) and _lasts(thing.until, first):
            may.append(number)
        if _reached(thing.from_, first) and _lasts(thing.until, last):
            sure.append(number)
        away = [_from_edge(thing, point) for point in driven.track]
        nearest.append(min(away, default=np.inf))
        if nearest[-1] <= rule.passed_m:
            passed.append(number)
    return Presence(tuple(may), tuple(sure), tuple(passed), float(min(nearest)))


def _reached(moment: Moment | None, at: tuple[int, datetime]) -> bool:
    if moment is None:
        return True
    return moment <= at[1] if isinstance(moment, datetime) else moment <= at[0]


def _lasts(moment: Moment | None, at: tuple[int, datetime]) -> bool:
    if moment is None:
        return True
    return moment >= at[1] if isinstance(moment, datetime) else moment >= at[0]


def _from_edge(thing: TrueThing, point: Point) -> float:
    return max(0.0, distance_m(thing.point, point) - thing.radius_m)


_Placed = TypeVar("_Placed", MapEvent, Waiting)


def _distances(
    things: Sequence[TrueThing], placed: Sequence[_Placed]
) -> NDArray[np.float64]:
    """Return (N, M) metres from each thing's edge."""
    rows = [[_from_edge(thing, one.point) for one in placed] for thing in things]
    return np.array(rows, np.float64).reshape(len(things), len(placed))


def _mask(rows: list[list[bool]], like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.array(rows, np.bool_).reshape(like.shape)


def _why(tour: Tour, i: int, run: TourRun, there: Presence, rule: MapRule) -> list[str]:
    """Return why a thing was missed, as far as anybody knows."""
    thing = tour.things[i]
    seen = [number for number in there.may if number in there.passed]
    if not seen:
        if there.passed:
            return [f"it was not there in the drives that passed it ({there.passed})"]
        near = f"the nearest {there.nearest_m:.0f} m away"
        return [f"no drive came within {rule.passed_m:g} m of it, {near}"]
    why = []
    if there.due_in(thing.slug) is None:
        why.append(f"passed once while it was there (drive {seen[0]}), needs two")
    away_m = _distances([thing], run.waiting)[0]
    here = [
        (one.slug is not thing.slug, -one.drive, float(metres), one.label, one)
        for metres, one in zip(away_m, run.waiting, strict=True)
        if metres <= rule.within_m
        and one.slug in {thing.slug, None}
        and one.drive in there.may
    ]
    if here:
        _, _, metres, label, one = min(here, key=lambda row: row[:4])
        why.append(f"drive {one.drive}: {label} {metres:.1f} m from it did not open")
        why += one.facts or ["no rule is concerned with it: no zone, or an ignored one"]
    else:
        why.append(f"no further place within {rule.within_m:g} m: too little was seen")
    return why
