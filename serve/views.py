"""What readers get: an event as it stands, with links instead of files."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import quote

from typing_extensions import TypedDict

from serve.shapes import (
    CameraOfEvent,
    CameraOut,
    EventDetail,
    EventOut,
    HealthOut,
    LocationOut,
    ReasonOut,
    WatchOut,
)
from serve.store.cameras import CameraReport
from serve.store.events import StoredEvent
from serve.store.tables import EventRow, HealthRow, MessageRow
from serve.watching import UNWATCHED, WatchState

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

API = "/api/v1"


def is_shared(role: str) -> bool:
    """Return whether a file of this role may be seen by every reader."""
    return role.startswith(("overlay", "timeline")) or "redacted" in role


def shows_plates(role: str) -> bool:
    """Return whether a file of this role shows the plate of the parked vehicle."""
    return role.endswith("_plates")


def event_out(stored: StoredEvent) -> EventOut:
    """Return the event for readers."""
    return EventOut.model_validate(_fields(stored))


def event_detail(stored: StoredEvent, history: Iterable[MessageRow]) -> EventDetail:
    """Return the event with its steps."""
    steps = [_step(row) for row in history]
    return EventDetail.model_validate({**_fields(stored), "history": steps})


def camera_out(report: CameraReport) -> CameraOut:
    """Return a camera for readers."""
    row, watch = report.camera, report.watch
    location = None
    if row.lat is not None and row.lon is not None:
        location = LocationOut(
            lat=row.lat, lon=row.lon, address=row.address, grid_id=None
        )
    return CameraOut(
        id=row.camera_id,
        name=row.name or row.camera_id,
        gb_id=row.gb_id,
        location=location,
        moving=row.moving,
        first_seen=row.first_seen,
        last_seen=max(row.last_seen, watch.heard_at or row.last_seen),
        # What stood when a camera was taken out is nobody's trouble any more.
        ok=watch.state is WatchState.LEFT
        or (watch.state not in UNWATCHED and all(one.ok for one in report.health)),
        health=[health_out(health) for health in report.health],
        watch=WatchOut(state=watch.state, since=watch.since, engine=watch.engine_id),
    )


def health_out(row: HealthRow) -> HealthOut:
    """Return one kind of trouble for readers."""
    return HealthOut(kind=row.kind, ok=row.ok, at=row.at, detail=row.detail)


def feature(row: EventRow) -> dict[str, Json]:
    """Return an event as a GeoJSON feature (RFC 7946: lon, lat); place may be null.

    Made straight from the stored message: a map asks for very many at once.
    """
    v = json.loads(row.body)["data"]
    geometry: Json = None
    if row.lat is not None and row.lon is not None:
        geometry = {"type": "Point", "coordinates": [row.lon, row.lat]}
    properties: dict[str, Json] = {name: v.get(name) for name in _ON_MAP}
    properties["camera"] = {name: v["camera"].get(name) for name in _CAMERA}
    properties["state"] = row.state
    properties["opened_at"] = row.opened_at.isoformat()
    properties["updated_at"] = row.updated_at.isoformat()
    properties["accuracy_m"] = row.accuracy_m
    properties["url"] = f"{API}/events/{quote(row.event_id, safe='')}"
    return {
        "type": "Feature",
        "id": row.event_id,
        "geometry": geometry,
        "properties": properties,
    }


def location_of(row: EventRow, v: Mapping[str, Any]) -> LocationOut | None:
    """Return where an event is, or None where that is not known.

    Args:
        row: the event.
        v: its newest message's `data`.
    """
    told = v.get("location")
    if row.lat is None or row.lon is None or not told:
        return None
    return LocationOut(
        lat=row.lat,
        lon=row.lon,
        address=told.get("address"),
        grid_id=row.grid_id or told.get("grid_id"),
        accuracy_m=row.accuracy_m,
    )


def camera_of(row: EventRow) -> CameraOfEvent:
    """Return which camera saw an event."""
    told = json.loads(row.body)["data"]["camera"]
    return {
        "id": row.camera_id,
        "name": told.get("name"),
        "gb_id": told.get("gb_id"),
    }


class About(TypedDict):
    """What an event is, by its code, and where: for what is told of its case."""

    scheme: str
    code: str
    code_name: str
    location: LocationOut | None


def about(row: EventRow) -> About:
    """Return what an event is and where it is."""
    v = json.loads(row.body)["data"]
    return {
        "scheme": v["scheme"],
        "code": v["code"],
        "code_name": v.get("code_name") or "",
        "location": location_of(row, v),
    }


def _fields(stored: StoredEvent) -> dict[str, object]:
    row = stored.row
    v = json.loads(row.body)["data"]
    return {
        **{name: v.get(name) for name in _COPIED},
        "code_name": v.get("code_name") or "",
        "reasons": [reason_out(item) for item in v.get("reasons") or []],
        "camera": {name: v["camera"].get(name) for name in _CAMERA},
        "place": {name: v["place"].get(name) for name in _PLACE},
        "provenance": _provenance(v.get("provenance")),
        "state": row.state,
        "location": location_of(row, v),
        "opened_at": row.opened_at,
        "updated_at": row.updated_at,
        "evidence": _evidence(stored),
        "url": f"{API}/events/{quote(row.event_id, safe='')}",
    }


_COPIED = (
    "event_id", "lifecycle", "sequence", "slug", "scheme", "code", "zone", "started",
    "ended", "observed_s", "elapsed_s", "confidence", "severity", "recurrence_of",
    "rule",
)  # fmt: skip
_CAMERA = ("id", "name", "gb_id")
_ON_MAP = (
    "event_id", "slug", "scheme", "code", "code_name", "zone", "started", "ended",
    "observed_s", "confidence", "severity",
)  # fmt: skip
_PLACE = ("id", "kind", "label", "xyxy", "score", "baseline")
_PROVENANCE = ("engine_version", "config_sha256", "model_id", "model_sha256")


def reason_out(told: Mapping[str, str | float | bool | None]) -> ReasonOut:
    """Return a reason for readers, with all its members."""
    return {
        "name": str(told.get("name")),
        "value": told.get("value"),
        "unit": _text(told.get("unit")),
        "bound": _text(told.get("bound")),
        "holds": None if told.get("holds") is None else bool(told["holds"]),
        "text": _text(told.get("text")),
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _provenance(told: object) -> dict[str, str | None]:
    # Not part of what is checked at the door: engines may put anything there.
    if not isinstance(told, dict):
        return {}
    return {name: _text(told.get(name)) for name in _PROVENANCE}


def _evidence(stored: StoredEvent) -> list[dict[str, object]]:
    base = f"{API}/events/{quote(stored.row.event_id, safe='')}/evidence/"
    listed: list[dict[str, object]] = []
    for item in json.loads(stored.row.evidence):
        file = stored.files.get(item["name"])
        here = file is not None and file.sha256 == item["sha256"]
        listed.append(
            {
                "name": item["name"],
                "role": item["role"],
                "media_type": item["media_type"],
                "sha256": item["sha256"],
                "bytes": item["bytes"],
                "captured_at": item.get("captured_at"),
                "frame_index": item.get("frame_index"),
                "url": base + quote(item["name"], safe="") if here else None,
                "shared": is_shared(item["role"]),
            }
        )
    announced = {item["name"] for item in listed}
    listed += [
        {
            "name": file.name,
            "role": file.role,
            "media_type": file.media_type,
            "sha256": file.sha256,
            "bytes": file.size_bytes,
            "captured_at": None,
            "frame_index": None,
            "url": base + quote(file.name, safe=""),
            "shared": is_shared(file.role),
        }
        for name, file in sorted(stored.files.items())
        if name not in announced
    ]
    return listed


def _step(row: MessageRow) -> dict[str, object]:
    v = json.loads(row.body)["data"]
    return {
        "id": row.message_id,
        "sequence": row.sequence,
        "lifecycle": v["lifecycle"],
        "time": row.time,
        "received_at": row.received_at,
        "confidence": v["confidence"],
        "severity": v["severity"],
        "observed_s": v["observed_s"],
        "reasons": [reason_out(item) for item in v.get("reasons") or []],
    }
