"""What the engine said about one clip, one row per event instead of per step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from vision.core.damage import Damage
from vision.core.events import ViolationEvent
from vision.core.verification import Outcome
from vision.core.violations import Candidate, Confidence, Fact, Lifecycle, Slug

Box = tuple[float, float, float, float]

LOW_CONFIDENCE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One violation that the engine opened.

    Attributes:
        event_id: the engine's own.
        slug: which violation.
        started_s: media time at which the object came to stand, as the engine says.
        opened_s: media time of the decision.
        xyxy: the place, shares of the picture's size.
        score: for ranking: the place's mean detection score, halved where the rule
            itself said `confidence: low`.
        ended_s: media time at which it was gone, as the engine says; None: never said.
        cleared_s: media time at which the engine said so; None: never.
        zone_id: the zone that forbids it, or None.
        baseline: it stood there when watching began.
        facts: the reason trace of the opening step, in words.
        evidence: files that prove it.
    """

    event_id: str
    slug: Slug
    started_s: float
    opened_s: float
    xyxy: Box
    score: float = 1.0
    ended_s: float | None = None
    cleared_s: float | None = None
    zone_id: str | None = None
    baseline: bool = False
    facts: tuple[str, ...] = ()
    evidence: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class NotOpened:
    """A place that never opened an event, and why: answers for missed events."""

    slug: Slug
    xyxy: Box
    started_s: float
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """The answer to a question whether an event's place was put right.

    Attributes:
        event_id: which event.
        asked_s: media time of the question.
        decided_s: media time of the answer.
        outcome: the answer.
    """

    event_id: str
    asked_s: float
    decided_s: float
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unclear:
    """A time in which nothing was seen that could be trusted: no dwell was counted.

    Attributes:
        view: `blind`, `moved`, or `gap` where no picture came.
        start_s: media time of the first such picture, or of the last one before the
            gap, seconds.
        end_s: of the last one, or of the first one after the gap.
        reason: why, in the view check's words, or empty.
    """

    view: str
    start_s: float
    end_s: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClipRun:
    """One clip as the engine saw it.

    Attributes:
        watched_s: media time in which pictures came, seconds (`time_with_pictures`).
        last_s: media time of the last analysed frame, seconds.
        found: opened events, in order of opening.
        not_opened: places that never opened an event, as they were last judged.
        frames: analysed frames.
        looks: answers to questions whether a place was put right.
        unclear: when all timers stood still, in order of their beginning.
        damage: what of its video could not be decoded.
    """

    watched_s: float
    last_s: float
    found: tuple[FoundEvent, ...]
    not_opened: tuple[NotOpened, ...] = ()
    frames: int = 0
    looks: tuple[Look, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    damage: Damage = field(default_factory=Damage)


def gaps(times_s: Sequence[float], longest_s: float) -> tuple[Unclear, ...]:
    """Return when no picture came for longer than counts as observed.

    Args:
        times_s: media times of the analysed frames, rising, seconds.
        longest_s: time between two pictures up to which an object that is in both
            counts as seen in between, seconds.
    """
    found: list[Unclear] = []
    for before_s, after_s in pairwise(times_s):
        if after_s - before_s <= longest_s:
            continue
        if found and found[-1].end_s == before_s:
            found[-1] = replace(found[-1], end_s=after_s)
        else:
            why = f"no two pictures within {longest_s:g} s"
            found.append(Unclear("gap", before_s, after_s, why))
    return tuple(found)


def time_with_pictures(times_s: Sequence[float], longest_s: float) -> float:
    """Return the media time from the first frame to the last without `gaps`, s."""
    if not times_s:
        return 0.0
    unseen_s = sum(gap.end_s - gap.start_s for gap in gaps(times_s, longest_s))
    return times_s[-1] - times_s[0] - unseen_s


def fold(events: Iterable[ViolationEvent], size: tuple[int, int]) -> list[FoundEvent]:
    """Return one row per event from its steps.

    Args:
        events: opened, updated and cleared steps, in order of decision.
        size: (width, height) of the analysed pictures, pixels.

    Returns:
        In order of opening. Steps of an event that never opened are no events.
    """
    opened: dict[str, FoundEvent] = {}
    for event in events:
        step = event.violation
        if step.lifecycle is Lifecycle.OPENED:
            opened[step.event_id] = _opened(event, size)
        known = opened.get(step.event_id)
        if known is None:
            continue
        files = tuple(artifact.path for artifact in event.evidence.artifacts)
        ended_s, cleared_s = known.ended_s, known.cleared_s
        if step.lifecycle is Lifecycle.CLEARED:
            cleared_s = step.decided_s
            ended_s = cleared_s
            if step.ended_at is not None:
                stood = (step.ended_at - step.started_at).total_seconds()
                ended_s = step.started_s + stood
        opened[step.event_id] = replace(
            known,
            ended_s=ended_s,
            cleared_s=cleared_s,
            evidence=known.evidence + files,
        )
    return list(opened.values())


def not_opened(
    candidates: Iterable[Candidate], size: tuple[int, int]
) -> tuple[NotOpened, ...]:
    """Return what did not open, with its reasons in words.

    Args:
        candidates: of all rules of one camera.
        size: (width, height) of the analysed pictures, pixels.

    Returns:
        One row per candidate, in order.
    """
    return tuple(
        NotOpened(
            slug=candidate.slug,
            xyxy=_shares(candidate.place.xyxy, size),
            started_s=candidate.place.first_seen_s,
            facts=tuple(_why_not(candidate.facts)),
        )
        for candidate in candidates
    )


def _why_not(facts: Sequence[Fact]) -> Iterator[str]:
    """Yield what is lacking first, marked."""
    lacking = [fact for fact in facts if fact.holds is False]
    yield from (f"✗ {fact.text()}" for fact in lacking)
    yield from (fact.text() for fact in facts if fact not in lacking)


def _opened(event: ViolationEvent, size: tuple[int, int]) -> FoundEvent:
    step = event.violation
    low = step.confidence is Confidence.LOW
    return FoundEvent(
        event_id=step.event_id,
        slug=step.slug,
        started_s=step.started_s,
        opened_s=step.decided_s,
        xyxy=_shares(step.place.xyxy, size),
        score=step.place.score * (LOW_CONFIDENCE_WEIGHT if low else 1.0),
        zone_id=step.zone_id,
        baseline=step.place.baseline,
        facts=tuple(fact.text() for fact in step.facts),
    )


def _shares(xyxy: Box, size: tuple[int, int]) -> Box:
    width, height = size
    left, top, right, bottom = xyxy
    return (left / width, top / height, right / width, bottom / height)
