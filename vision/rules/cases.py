"""One violation's life as a rule remembers it, and as plain values."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NotRequired, TypedDict

import numpy as np

from vision.core.geometry import Xyxy, iou
from vision.core.places import Place
from vision.core.position import distance_m
from vision.core.scene import GeoPoint
from vision.core.violations import Confidence
from vision.rules.sighting import as_xyxy

_SAME_GROUND_IOU = 0.3
_SAME_GROUND_M = 15.0  # however badly both were placed
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
        geo: where it is on the map, of a camera that moves; else None.
        carried: an earlier run opened it, and no good picture of this one that shows
            it was judged.
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
    geo: GeoPoint | None = None
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
    geo: NotRequired[list[float | None]]  # lat, lon, accuracy; of cameras that move


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
    for case in reversed(cleared):
        age_s = (now - case.stepped_at) / timedelta(seconds=1)
        if age_s <= within_s and _same_ground(case, place):
            return case.event_id
    return None


def _same_ground(case: Case, place: Place) -> bool:
    """Return whether both stand on the same ground: in the view, or on the map."""
    if place.geo is None or case.geo is None:
        box = np.array([place.xyxy], np.float32)
        ground = np.array([case.footprint], np.float32)
        return (
            place.geo is case.geo  # None, both of them
            and case.preset == place.preset
            and float(iou(box, ground)[0, 0]) >= _SAME_GROUND_IOU
        )
    reach_m = math.hypot(_radius_m(case.geo), _radius_m(place.geo))
    here, there = (place.geo.lat, place.geo.lon), (case.geo.lat, case.geo.lon)
    return distance_m(here, there) <= min(_SAME_GROUND_M, reach_m)


def _radius_m(point: GeoPoint) -> float:
    return _SAME_GROUND_M if point.accuracy_m is None else point.accuracy_m


def to_record(case: Case) -> CaseRecord:
    """Return a case as plain values."""
    record: CaseRecord = {
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
    if case.geo is not None:
        record["geo"] = [case.geo.lat, case.geo.lon, case.geo.accuracy_m]
    return record


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
        geo=_point(record.get("geo")),
        carried=True,
    )


def _point(known: Sequence[float | None] | None) -> GeoPoint | None:
    match known:
        case None:
            return None
        case [int() | float() as lat, int() | float() as lon, accuracy_m]:
            return GeoPoint(lat, lon, accuracy_m=accuracy_m)
        case _:
            msg = f"geo: got {known}, expected latitude, longitude, accuracy"
            raise ValueError(msg)
