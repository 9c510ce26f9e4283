"""One violation's life as a rule remembers it, and as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict

import numpy as np

from vision.core.geometry import Xyxy, iou
from vision.core.places import Place
from vision.core.violations import Confidence
from vision.rules.sighting import as_xyxy

_SAME_GROUND_IOU = 0.3
_A_RUN = 10  # numbers; a run uses five: opened, graver twice, surer once, and the end


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one event between its steps.

    Attributes:
        event_id: identity.
        place_id: where.
        sequence: number of the latest step.
        severity: as last reported.
        confidence: as last reported.
        stepped_at: wall time of the latest step.
        zone_id: the zone that forbids it, or None.
        footprint: the place's box, reference-view pixels.
        recurrence_of: event that was cleared on the same ground before, or None.
        later_s: how long after the object's first sight it began, seconds: a bin
            stands there long before it overflows.
        preset: PTZ preset that the footprint lies in, or None.
        carried: an earlier run opened it, and no good picture of this one was judged.
    """

    event_id: str
    place_id: str
    sequence: int
    severity: int
    confidence: Confidence
    stepped_at: datetime
    zone_id: str | None
    footprint: Xyxy
    recurrence_of: str | None
    later_s: float = 0.0
    preset: str | None = None
    carried: bool = False


class CaseRecord(TypedDict):
    """A case as plain values."""

    event_id: str
    place_id: str
    sequence: int
    severity: int
    confidence: str
    stepped_at: str
    zone_id: str | None
    footprint: list[float]
    recurrence_of: str | None
    later_s: float
    preset: NotRequired[str | None]  # not in records of earlier versions


class BookRecord(TypedDict):
    """All events of one rule at one camera as plain, JSON-ready values."""

    open: list[CaseRecord]
    cleared: list[CaseRecord]
    occurrences: dict[str, int]
    unsure: NotRequired[dict[str, int]]  # not in records of earlier versions


def beyond(sequence: int) -> int:
    """Return a number that no step has which a lost run made after `sequence`."""
    return (sequence // _A_RUN + 1) * _A_RUN


def latest_on(
    cleared: Sequence[Case], place: Place, now: datetime, *, within_s: float
) -> str | None:
    """Return the latest event that was cleared on the ground of a place, or None.

    Args:
        cleared: oldest first.
        place: whose ground.
        now: wall time.
        within_s: how long ago it may have been cleared, seconds.
    """
    box = np.array([place.xyxy], np.float32)
    for case in reversed(cleared):
        age_s = (now - case.stepped_at) / timedelta(seconds=1)
        ground = np.array([case.footprint], np.float32)
        if (
            age_s <= within_s
            and case.preset == place.preset
            and float(iou(box, ground)[0, 0]) >= _SAME_GROUND_IOU
        ):
            return case.event_id
    return None


def to_record(case: Case) -> CaseRecord:
    """Return a case as plain values."""
    return {
        "event_id": case.event_id,
        "place_id": case.place_id,
        "sequence": case.sequence,
        "severity": case.severity,
        "confidence": case.confidence.value,
        "stepped_at": case.stepped_at.isoformat(),
        "zone_id": case.zone_id,
        "footprint": list(case.footprint),
        "recurrence_of": case.recurrence_of,
        "later_s": case.later_s,
        "preset": case.preset,
    }


def from_record(record: CaseRecord) -> Case:
    """Return a case as it was stored.

    Raises:
        KeyError: a field is missing.
        ValueError: a field cannot be read.
    """
    return Case(
        event_id=record["event_id"],
        place_id=record["place_id"],
        sequence=int(record["sequence"]),
        severity=int(record["severity"]),
        confidence=Confidence(record["confidence"]),
        stepped_at=datetime.fromisoformat(record["stepped_at"]),
        zone_id=record["zone_id"],
        footprint=as_xyxy(record["footprint"]),
        recurrence_of=record["recurrence_of"],
        later_s=float(record["later_s"]),
        preset=record.get("preset"),
        carried=True,
    )
