"""What a scenario contains that is a violation, and what only looks like one."""

from collections.abc import Iterator
from dataclasses import dataclass

from datasets.street_scene.motion import SmoothPath, follow, standing
from datasets.street_scene.schema import (
    OVERFLOWS,
    Bin,
    Person,
    Refuse,
    Scenario,
    Stall,
    Traffic,
    Vehicle,
)

_QUEUED_S = 5.0


@dataclass(frozen=True, slots=True)
class Span:
    """Something that stands from ``start_s`` until ``end_s``.

    Attributes:
        actor: id of the prop that shows it.
        slug: the violation that it is or could be taken for.
        start_s: media seconds.
        end_s: media seconds, None when it lasts beyond the clip.
        note: for people.
        decoy: why it is no violation, or None when it is one.
    """

    actor: str
    slug: str
    start_s: float
    end_s: float | None
    note: str = ""
    decoy: str | None = None


def _until(end_s: float | None, duration_s: float) -> float | None:
    return None if end_s is None or end_s >= duration_s else end_s


def _bin_spans(actor: Bin, duration_s: float) -> Iterator[Span]:
    start: float | None = None
    for state in actor.states:
        over = state.fill >= OVERFLOWS
        if over and start is None:
            start = max(0.0, state.t)
        if not over and start is not None:
            yield Span(actor.id, "overflowing_bin", start, _until(state.t, duration_s))
            start = None
    if start is not None:
        yield Span(actor.id, "overflowing_bin", start, None)


def _vehicle_spans(actor: Vehicle, duration_s: float) -> Iterator[Span]:
    if not actor.offence and actor.decoy is None:
        return
    stand = SmoothPath(actor.path).stands() or (0.0, duration_s)
    span = (max(0.0, stand[0]), _until(stand[1], duration_s))
    yield Span(actor.id, "illegal_parking", *span, actor.note, actor.decoy)


def _queue_spans(actor: Traffic, duration_s: float) -> Iterator[Span]:
    for k, track in enumerate(follow(actor, duration_s)):
        for start, end in standing(track):
            first, last = max(0.0, start), min(end, duration_s)
            if last - first >= _QUEUED_S:
                span = (first, _until(end, duration_s))
                note = "waits at the light"
                yield Span(f"{actor.id}/{k}", "illegal_parking", *span, note, "queue")


def _all(scenario: Scenario) -> Iterator[Span]:
    end = scenario.duration_s
    for actor in scenario.actors:
        match actor:
            case Vehicle():
                yield from _vehicle_spans(actor, end)
            case Traffic():
                yield from _queue_spans(actor, end)
            case Refuse(offence=True, case=None):
                span = (max(0.0, actor.from_s), _until(actor.to_s, end))
                yield Span(actor.id, "garbage_pile", *span, actor.note)
            case Stall():
                span = (max(0.0, actor.open_s), _until(actor.close_s, end))
                why = "permitted" if actor.permitted else None
                yield Span(actor.id, "street_vending", *span, actor.note, why)
            case Bin():
                yield from _bin_spans(actor, end)
            case Person(carries="bags" | "box", drop_s=None):
                begin = actor.path[0][0] if actor.pick_s is None else actor.pick_s
                span = (max(0.0, begin), _until(actor.path[-1][0], end))
                yield Span(actor.id, "garbage_pile", *span, "carried", "carried")
            case _:
                pass


def spans(scenario: Scenario) -> list[Span]:
    """Return violations and decoys of a scenario, by start.

    Refuse that adds to an earlier pile is the same case, so it has no span of its own.
    """
    found = [s for s in _all(scenario) if s.start_s < scenario.duration_s]
    return sorted(found, key=lambda s: (s.start_s, s.actor))
