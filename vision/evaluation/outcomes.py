"""What became of every true and every found event of one clip."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import BoolArray
from vision.core.verification import Outcome
from vision.evaluation.found import ClipRun, FoundEvent, Look, NotOpened
from vision.evaluation.matching import (
    MatchRule,
    match_events,
    onset_error_s,
    overlaps,
    same_slug,
    spans_meet,
)
from vision.evaluation.truth import TrueEvent, TruthClip

Sums = NDArray[np.float64]


class Verdict(StrEnum):
    """What a found event turned out to be; all but the first two are false alarms."""

    TRUE = "true"
    IGNORED = "ignored"  # belongs to a doubtful event; counts nowhere
    DUPLICATE = "duplicate"  # a second event while the first one stands
    FRAGMENT = "fragment"  # a further event after the first one was cleared too early
    WRONG_TIME = "wrong_time"  # right place and class, onset too far off
    WRONG_PLACE = "wrong_place"  # right time and class, too little overlap
    WRONG_CLASS = "wrong_class"  # right place and time, other violation
    QUEUE = "queue"  # a traffic queue called parked
    DECOY = "decoy"  # loading, permitted, carried ...
    BACKGROUND = "background"  # nothing there


class Sum(IntEnum):
    """Columns that add up over clips; every figure is a function of these sums."""

    TRUE = 0
    MATCHED = 1
    FOUND = 2
    ABS_ONSET_S = 3
    SQ_ONSET_S2 = 4
    OPENING_S = 5
    WATCHED_S = 6
    DUPLICATES = 7
    FRAGMENTS = 8
    QUEUES = 9
    QUEUES_CALLED_PARKED = 10
    CLEAR_CLAIMS = 11
    CLEAR_RIGHT = 12
    CLEAR_DUE = 13
    CLEAR_DONE = 14
    SIGNED_ONSET_S = 15
    FIX_CLAIMS = 16
    FIX_GONE = 17
    FIX_RIGHT = 18


@dataclass(frozen=True, slots=True)
class Missed:
    """A true event without a partner, and the nearest thing to a reason.

    Attributes:
        index: into `truth.events`.
        verdict: what was said instead; BACKGROUND: nothing at all.
        not_opened: the place that came nearest to opening there, or None.
        instead: index into `run.found` of what was said there instead, or None.
    """

    index: int
    verdict: Verdict
    not_opened: NotOpened | None
    instead: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class ClipOutcome:
    """One clip, settled.

    Attributes:
        truth: what happened.
        run: what was said.
        pairs: (index into `truth.events`, index into `run.found`).
        verdicts: one per found event.
        missed: one per true event without a partner, doubtful ones left out.
        onset_s: found minus true onset per pair, seconds.
        opening_s: decision minus true onset per pair, seconds.
    """

    truth: TruthClip
    run: ClipRun
    pairs: tuple[tuple[int, int], ...]
    verdicts: tuple[Verdict, ...]
    missed: tuple[Missed, ...]
    onset_s: tuple[float, ...]
    opening_s: tuple[float, ...]
    sums: Sums


def settle(truth: TruthClip, run: ClipRun, rule: MatchRule) -> ClipOutcome:
    """Match one clip and say what every event is.

    Args:
        truth: what happened; events marked `ignore` neither help nor hurt.
        run: what the engine said.
        rule: what may be paired.

    Returns:
        The clip's outcome with the sums that all figures are made from.
    """
    counted = [i for i, event in enumerate(truth.events) if not event.ignore]
    events = [truth.events[i] for i in counted]
    local = match_events(events, run.found, rule)
    pairs = tuple((counted[i], j) for i, j in local)
    verdicts = _verdicts(truth, run.found, pairs, rule)
    onset_s = tuple(run.found[j].started_s - truth.events[i].start_s for i, j in pairs)
    opening_s = tuple(run.found[j].opened_s - truth.events[i].start_s for i, j in pairs)
    partnered = {i for i, _ in pairs}
    missed = tuple(
        _missed(truth.events[i], i, run, rule) for i in counted if i not in partnered
    )
    sums = _sums(truth, run, pairs, verdicts, rule)
    return ClipOutcome(truth, run, pairs, verdicts, missed, onset_s, opening_s, sums)


def _verdicts(
    truth: TruthClip,
    found: Sequence[FoundEvent],
    pairs: Sequence[tuple[int, int]],
    rule: MatchRule,
) -> tuple[Verdict, ...]:
    partner = dict(pairs)
    taken = {j for _, j in pairs}
    place = overlaps(truth.events, found)
    near = spans_meet(truth.events, found, slack_s=rule.onset_s)
    same = same_slug(truth.events, found)
    onset = np.abs(onset_error_s(truth.events, found)) <= rule.onset_s
    tricked = overlaps(truth.decoys, found) >= rule.min_iou
    tricked &= spans_meet(truth.decoys, found, slack_s=0.0)
    tricked &= same_slug(truth.decoys, found)

    def known_place(j: int) -> Verdict | None:
        here = near[:, j] & same[:, j] & (place[:, j] >= rule.min_iou)
        if not here.any():
            return None
        i = int(np.argmax(np.where(here, place[:, j], -1)))
        if truth.events[i].ignore:
            return Verdict.IGNORED
        k = partner.get(i)
        return Verdict.WRONG_TIME if k is None else _again(found[k], found[j])

    def elsewhere(j: int) -> Verdict:
        if tricked[:, j].any():
            queue = truth.decoys[int(np.argmax(tricked[:, j]))].kind == "queue"
            return Verdict.QUEUE if queue else Verdict.DECOY
        if (near[:, j] & (place[:, j] >= rule.min_iou)).any():
            return Verdict.WRONG_CLASS
        beside = same[:, j] & onset[:, j] & (place[:, j] > 0)
        return Verdict.WRONG_PLACE if beside.any() else Verdict.BACKGROUND

    def verdict(j: int) -> Verdict:
        return Verdict.TRUE if j in taken else known_place(j) or elsewhere(j)

    return tuple(verdict(j) for j in range(len(found)))


def _again(first: FoundEvent, second: FoundEvent) -> Verdict:
    early, late = sorted((first, second), key=lambda event: event.started_s)
    parted = early.ended_s is not None and early.ended_s <= late.started_s
    return Verdict.FRAGMENT if parted else Verdict.DUPLICATE


def _missed(event: TrueEvent, index: int, run: ClipRun, rule: MatchRule) -> Missed:
    place = overlaps([event], run.found)[0]
    here = (place >= rule.min_iou) & spans_meet(
        [event], run.found, slack_s=rule.onset_s
    )[0]
    same = same_slug([event], run.found)[0]
    verdict = Verdict.BACKGROUND
    if (here & same).any():
        verdict = Verdict.WRONG_TIME
    elif here.any():
        verdict = Verdict.WRONG_CLASS
    elif _beside(event, run, place, same, rule):
        verdict = Verdict.WRONG_PLACE
    reasons = [n for n in run.not_opened if _concerns(event, n, rule)]
    near = max(reasons, key=lambda n: _overlap(event, n), default=None)
    instead = None
    if verdict is not Verdict.BACKGROUND:
        rank = place + (here & same) + 0.5 * here
        instead = int(np.argmax(rank))
    return Missed(index, verdict, near, instead)


def _beside(
    event: TrueEvent,
    run: ClipRun,
    place: NDArray[np.float32],
    same: BoolArray,
    rule: MatchRule,
) -> bool:
    onset = np.abs(onset_error_s([event], run.found)[0]) <= rule.onset_s
    return bool((same & onset & (place > 0)).any())


def _concerns(event: TrueEvent, other: NotOpened, rule: MatchRule) -> bool:
    """Tell whether what did not open may be the event, not its neighbour."""
    overlap = _overlap(event, other)
    at_once = abs(other.started_s - event.start_s) <= rule.onset_s
    same_place = overlap >= rule.min_iou or (overlap > 0 and at_once)
    return other.slug == event.slug and same_place


def _overlap(event: TrueEvent, other: NotOpened) -> float:
    stand_in = FoundEvent("", other.slug, 0.0, 0.0, other.xyxy)
    return float(overlaps([event], [stand_in])[0, 0])


def _sums(
    truth: TruthClip,
    run: ClipRun,
    pairs: Sequence[tuple[int, int]],
    verdicts: Sequence[Verdict],
    rule: MatchRule,
) -> Sums:
    sums = np.zeros(len(Sum), np.float64)
    sums[Sum.TRUE] = sum(not event.ignore for event in truth.events)
    sums[Sum.MATCHED] = len(pairs)
    sums[Sum.FOUND] = sum(v is not Verdict.IGNORED for v in verdicts)
    sums[Sum.WATCHED_S] = run.watched_s
    sums[Sum.DUPLICATES] = sum(v is Verdict.DUPLICATE for v in verdicts)
    sums[Sum.FRAGMENTS] = sum(v is Verdict.FRAGMENT for v in verdicts)
    queues = [decoy for decoy in truth.decoys if decoy.kind == "queue"]
    sums[Sum.QUEUES] = len(queues)
    wrong = [f for f, v in zip(run.found, verdicts, strict=True) if v is Verdict.QUEUE]
    called = (overlaps(queues, wrong) >= rule.min_iou) & same_slug(queues, wrong)
    called &= spans_meet(queues, wrong, slack_s=0.0)
    sums[Sum.QUEUES_CALLED_PARKED] = called.any(axis=1).sum()
    for i, j in pairs:
        event, said = truth.events[i], run.found[j]
        late_s = said.started_s - event.start_s
        sums[Sum.ABS_ONSET_S] += abs(late_s)
        sums[Sum.SIGNED_ONSET_S] += late_s
        sums[Sum.SQ_ONSET_S2] += late_s**2
        sums[Sum.OPENING_S] += said.opened_s - event.start_s
        _add_clearing(sums, event, said, run.last_s, rule)
        _add_looks(sums, event, [o for o in run.looks if o.event_id == said.event_id])
    return sums


def _add_clearing(
    sums: Sums, event: TrueEvent, said: FoundEvent, last_s: float, rule: MatchRule
) -> None:
    claimed = said.ended_s is not None and said.cleared_s is not None
    right = (
        said.ended_s is not None
        and event.end_s is not None
        and said.ended_s >= event.end_s - rule.clear_early_s
    )
    sums[Sum.CLEAR_CLAIMS] += claimed
    sums[Sum.CLEAR_RIGHT] += right
    if event.end_s is None or event.end_s + rule.clear_within_s > last_s:
        return
    sums[Sum.CLEAR_DUE] += 1
    in_time = (
        said.cleared_s is not None
        and said.cleared_s <= event.end_s + rule.clear_within_s
    )
    sums[Sum.CLEAR_DONE] += right and in_time


def _add_looks(sums: Sums, event: TrueEvent, looks: Sequence[Look]) -> None:
    """Add answers to "was it put right?"; those over a change count nowhere."""
    for look in looks:
        gone = event.end_s is not None and look.asked_s >= event.end_s
        there = event.end_s is None or look.decided_s <= event.end_s
        if not gone and not there:
            continue
        claimed = look.outcome is Outcome.CLEARED
        sums[Sum.FIX_CLAIMS] += claimed
        sums[Sum.FIX_GONE] += gone
        sums[Sum.FIX_RIGHT] += claimed and gone
