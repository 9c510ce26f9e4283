"""An event on the wire: CloudEvents 1.0, structured JSON."""

from typing import TypeAlias

from vision.core.events import ViolationEvent
from vision.core.evidence import Artifact
from vision.core.health import HealthEvent
from vision.core.scene import GeoPoint
from vision.core.violations import Fact

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

VIOLATION_TYPE = "org.streetwarden.violation.{lifecycle}.v1"
HEALTH_TYPE = "org.streetwarden.health.{kind}.v1"


def violation_message(event: ViolationEvent) -> dict[str, Json]:
    """Return one violation step as a CloudEvent.

    `id` is unique per step (`<event_id>.<sequence>`) and serves as idempotency key;
    sequences rise, perhaps with gaps;
    `data.event_id` is the same for all steps of one violation.

    Args:
        event: what the engine decided.

    Returns:
        JSON-ready envelope; evidence by name and SHA-256, never inline.
    """
    v = event.violation
    return {
        "specversion": "1.0",
        "type": VIOLATION_TYPE.format(lifecycle=v.lifecycle),
        "id": f"{v.event_id}.{v.sequence}",
        "source": f"/cameras/{event.scene.camera_id}",
        "subject": f"places/{v.place.place_id}",
        "time": v.decided_at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "schema_version": event.schema_version,
            "event_id": v.event_id,
            "sequence": v.sequence,
            "lifecycle": v.lifecycle.value,
            "slug": v.slug.value,
            "scheme": event.code.scheme,
            "code": event.code.code,
            "code_name": event.code.name,
            "camera": {
                "id": event.scene.camera_id,
                "name": event.scene.name,
                "gb_id": event.scene.gb_id,
            },
            "location": location_record(v.place.geo or event.scene.geo),
            "zone": v.zone_id,
            "started": v.started_at.isoformat(),
            "ended": None if v.ended_at is None else v.ended_at.isoformat(),
            "observed_s": round(v.place.observed_s, 3),
            "elapsed_s": round(v.place.elapsed_s, 3),
            "confidence": v.confidence.value,
            "severity": v.severity,
            "reasons": [fact_record(fact) for fact in v.facts],
            "recurrence_of": v.recurrence_of,
            "place": {
                "id": v.place.place_id,
                "kind": v.place.kind,
                "label": v.place.label,
                "xyxy": [round(side, 1) for side in v.place.xyxy],
                "score": round(v.place.score, 4),
                "baseline": v.place.baseline,
            },
            "rule": v.rule,
            "evidence": [_artifact(artifact) for artifact in event.evidence.artifacts],
            "provenance": {
                "engine_version": event.provenance.engine_version,
                "config_sha256": event.provenance.config_sha256,
                "model_id": event.provenance.model_id,
                "model_sha256": event.provenance.model_sha256,
                "dropped_frames": event.provenance.dropped_frames,
            },
        },
    }


def health_message(event: HealthEvent, *, message_id: str) -> dict[str, Json]:
    """Return one health event as a CloudEvent.

    Args:
        event: what happened.
        message_id: unique; the idempotency key.

    Returns:
        JSON-ready envelope.
    """
    source = "/engine" if event.camera_id is None else f"/cameras/{event.camera_id}"
    return {
        "specversion": "1.0",
        "type": HEALTH_TYPE.format(kind=event.kind),
        "id": message_id,
        "source": source,
        "time": event.at.isoformat(),
        "datacontenttype": "application/json",
        "data": {
            "kind": event.kind.value,
            "ok": event.ok,
            "camera_id": event.camera_id,
            "detail": event.detail,
        },
    }


def location_record(point: GeoPoint | None) -> Json:
    """Return where a camera or a thing stands, or None where that is not known.

    `accuracy_m` is in it only where somebody measured it.
    """
    if point is None:
        return None
    record: dict[str, Json] = {
        "lat": point.lat,
        "lon": point.lon,
        "crs": point.crs,
        "address": point.address,
        "grid_id": None,
    }
    if point.accuracy_m is not None:
        record["accuracy_m"] = max(0.01, round(point.accuracy_m, 2))
    return record


def fact_record(fact: Fact) -> Json:
    """Return one reason as it stands on events and answers."""
    return {
        "name": fact.name,
        "value": fact.value,
        "unit": fact.unit,
        "bound": fact.bound,
        "holds": fact.holds,
        "text": fact.text(),
    }


def _artifact(artifact: Artifact) -> Json:
    return {
        "name": artifact.name,
        "role": artifact.role,
        "media_type": artifact.media_type,
        "sha256": artifact.sha256,
        "bytes": artifact.size_bytes,
        "captured_at": artifact.captured_at.isoformat(),
        "frame_index": artifact.frame_index,
    }
