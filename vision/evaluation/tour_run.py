"""What the engine said along the drives of one tour."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from vision.core.events import ViolationEvent
from vision.core.violations import Lifecycle, Slug

Point = tuple[float, float]
"""(lat, lon), WGS-84 degrees."""


@dataclass(frozen=True, slots=True)
class MapEvent:
    """One violation that the engine opened.

    Attributes:
        event_id: the engine's own.
        slug: which violation.
        drive: in which it opened, 1 for the first.
        opened_at: wall time of that decision.
        point: where, as it was told when it opened.
        accuracy_m: radius around that within which it should lie with 95 %, metres.
        cleared_in: drive in which the engine said that it was gone; None: never.
        zone_id: zone of the map that forbids it, or None.
        facts: the reason trace of the opening step, in words.
        evidence: files that prove it.
    """

    event_id: str
    slug: Slug
    drive: int
    opened_at: datetime
    point: Point
    accuracy_m: float
    cleared_in: int | None = None
    zone_id: str | None = None
    facts: tuple[str, ...] = ()
    evidence: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A place that has not opened by the end of a drive, and why.

    Attributes:
        slug: which violation it may become; None: no rule asks about it.
        label: what the model takes it for.
        drive: at whose end.
        point: where it is.
        facts: what is lacking first, marked; empty without a rule.
    """

    slug: Slug | None
    label: str
    drive: int
    point: Point
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Driven:
    """One drive as the engine saw it.

    Attributes:
        ends_at: wall time of the last picture.
        pictures: analysed.
        watched_s: time in which pictures came and the place was known, seconds.
        track: where the car was at each picture, where that is known.
    """

    ends_at: datetime
    pictures: int
    watched_s: float
    track: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class TourRun:
    """One tour as the engine saw it; `drives` one for each of the truth."""

    drives: tuple[Driven, ...]
    found: tuple[MapEvent, ...] = ()
    waiting: tuple[Waiting, ...] = ()


def fold_drives(steps: Iterable[tuple[int, ViolationEvent]]) -> tuple[MapEvent, ...]:
    """Return one row per event from its steps.

    Args:
        steps: (number of the drive, step), in order of decision.

    Returns:
        In order of opening. Steps of an event that never opened are no events.
    """
    opened: dict[str, MapEvent] = {}
    for drive, event in steps:
        step, geo = event.violation, event.violation.place.geo
        if step.lifecycle is Lifecycle.OPENED and geo is not None:
            opened[step.event_id] = MapEvent(
                event_id=step.event_id,
                slug=step.slug,
                drive=drive,
                opened_at=step.decided_at,
                point=(geo.lat, geo.lon),
                accuracy_m=geo.accuracy_m or 0.0,
                zone_id=step.zone_id,
                facts=tuple(fact.text() for fact in step.facts),
            )
        known = opened.get(step.event_id)
        if known is None:
            continue
        files = tuple(artifact.path for artifact in event.evidence.artifacts)
        cleared = step.lifecycle is Lifecycle.CLEARED
        opened[step.event_id] = replace(
            known,
            cleared_in=drive if cleared else known.cleared_in,
            evidence=known.evidence + files,
        )
    return tuple(opened.values())
