"""What a camera says of its places, as plain, JSON-ready values."""

from typing import NotRequired, TypedDict

from vision.core.places import Place
from vision.core.violations import Candidate, Violation
from vision.pipeline.reasons import ReasonRecord, reason_of

VERSION = 1

Box = tuple[float, float, float, float]


class StretchRecord(TypedDict):
    """A state of a place and when it began."""

    state: str
    since_s: float
    since_at: str


class PointRecord(TypedDict):
    """A place on the map, WGS-84 degrees, and how well it is known, metres (95 %)."""

    lat: float
    lon: float
    accuracy_m: float | None


class PlaceRecord(TypedDict):
    """A still object: what, where (shares of the picture's size) and how long.

    Of a camera that moves also where on the map, and how many passes saw it; its box is
    that of the latest picture that did.
    """

    place_id: str
    kind: str
    label: str
    state: str
    box: Box
    score: float
    baseline: bool
    first_seen_s: float
    last_seen_s: float
    first_seen_at: str
    observed_s: float
    elapsed_s: float
    timeline: list[StretchRecord]
    point: NotRequired[PointRecord]
    passes: NotRequired[int]


class CandidateRecord(TypedDict):
    """A place that may open an event, and why it has not."""

    slug: str
    rule: str
    zone_id: str | None
    place: PlaceRecord
    reasons: list[ReasonRecord]


class OpenedRecord(TypedDict):
    """A place with an open event, and why that was opened or last changed."""

    event_id: str
    slug: str
    rule: str
    zone_id: str | None
    severity: int
    confidence: str
    decided_s: float
    decided_at: str
    place: PlaceRecord
    reasons: list[ReasonRecord]


class CameraRecord(TypedDict):
    """All that one camera has to say; `frame` and `view` None before a picture."""

    version: int
    camera_id: str
    name: str
    written_at: str
    feed: str
    trouble: str | None
    size: tuple[int, int] | None
    pictures: int
    media_time_s: float | None
    captured_at: str | None
    view: str | None
    view_reason: str | None
    rules: list[str]
    candidates: list[CandidateRecord]
    opened: list[OpenedRecord]
    unjudged: list[PlaceRecord]
    left_out: int


def candidate_record(candidate: Candidate, size: tuple[int, int]) -> CandidateRecord:
    """Return a candidate as plain values; `size` is the picture's, pixels."""
    return {
        "slug": candidate.slug.value,
        "rule": candidate.rule,
        "zone_id": candidate.zone_id,
        "place": place_record(candidate.place, size),
        "reasons": [reason_of(fact) for fact in candidate.facts],
    }


def opened_record(step: Violation, size: tuple[int, int]) -> OpenedRecord:
    """Return an open event as plain values; `size` is the picture's, pixels."""
    return {
        "event_id": step.event_id,
        "slug": step.slug.value,
        "rule": step.rule,
        "zone_id": step.zone_id,
        "severity": step.severity,
        "confidence": step.confidence.value,
        "decided_s": step.decided_s,
        "decided_at": step.decided_at.isoformat(),
        "place": place_record(step.place, size),
        "reasons": [reason_of(fact) for fact in step.facts],
    }


def place_record(place: Place, size: tuple[int, int]) -> PlaceRecord:
    """Return a place as plain values; `size` is the picture's, pixels."""
    width, height = size
    left, top, right, bottom = place.xyxy
    record: PlaceRecord = {
        "place_id": place.place_id,
        "kind": place.kind,
        "label": place.label,
        "state": place.state.value,
        "box": (
            round(left / width, 4),
            round(top / height, 4),
            round(right / width, 4),
            round(bottom / height, 4),
        ),
        "score": round(place.score, 3),
        "baseline": place.baseline,
        "first_seen_s": round(place.first_seen_s, 3),
        "last_seen_s": round(place.last_seen_s, 3),
        "first_seen_at": place.first_seen_at.isoformat(),
        "observed_s": round(place.observed_s, 3),
        "elapsed_s": round(place.elapsed_s, 3),
        "timeline": [
            {
                "state": one.state.value,
                "since_s": round(one.since_s, 3),
                "since_at": one.since_at.isoformat(),
            }
            for one in place.timeline
        ],
    }
    if place.geo is not None:
        record["point"] = {
            "lat": round(place.geo.lat, 7),
            "lon": round(place.geo.lon, 7),
            "accuracy_m": place.geo.accuracy_m,
        }
    if place.passes is not None:
        record["passes"] = place.passes.count
    return record
