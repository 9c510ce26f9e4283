"""Events as messages: what the outbox keeps of each."""

import hashlib
import json
from datetime import datetime

from vision.core.events import ViolationEvent
from vision.core.evidence import Evidence
from vision.core.health import HealthEvent
from vision.core.wire import Json, health_message, violation_message
from vision.sinks.receiver import FileRef
from vision.sinks.store import Draft

EVIDENCE_TYPE = "org.streetwarden.evidence.added.v1"


def violation_draft(event: ViolationEvent) -> Draft:
    """Return one step of a violation; its lane is its place."""
    violation = event.violation
    return Draft(
        message_id=f"{violation.event_id}.{violation.sequence}",
        kind="violation",
        lane=f"{event.scene.camera_id}/{violation.place.place_id}",
        event_id=violation.event_id,
        body=_text(violation_message(event)),
        files=tuple(FileRef.of(a) for a in event.evidence.artifacts),
    )


def health_draft(event: HealthEvent) -> Draft:
    """Return a health event; the same one twice has the same id."""
    parts = (event.kind, event.camera_id, event.ok, event.at.isoformat(), event.detail)
    digest = hashlib.sha256(repr(parts).encode()).hexdigest()[:32]
    message_id = f"health.{digest}"
    return Draft(
        message_id=message_id,
        kind="health",
        lane=f"health/{event.camera_id}/{event.kind}",
        event_id=None,
        body=_text(health_message(event, message_id=message_id)),
    )


def files_draft(event_id: str, evidence: Evidence, *, lane: str, at: datetime) -> Draft:
    """Return evidence that came after its event.

    Args:
        event_id: whose evidence.
        evidence: the new files.
        lane: the event's own, so that its messages go first.
        at: wall time.
    """
    digests = "".join(sorted(a.sha256 + a.name for a in evidence.artifacts))
    short = hashlib.sha256(digests.encode()).hexdigest()[:16]
    message_id = f"{event_id}.files.{short}"
    files = tuple(FileRef.of(artifact) for artifact in evidence.artifacts)
    listed: list[Json] = [
        {
            "name": file.name,
            "role": file.role,
            "media_type": file.media_type,
            "sha256": file.sha256,
            "bytes": file.size_bytes,
        }
        for file in files
    ]
    body: dict[str, Json] = {
        "specversion": "1.0",
        "type": EVIDENCE_TYPE,
        "id": message_id,
        "source": "/engine",
        "time": at.isoformat(),
        "datacontenttype": "application/json",
        "data": {"event_id": event_id, "evidence": listed},
    }
    return Draft(
        message_id=message_id,
        kind="files",
        lane=lane,
        event_id=event_id,
        body=_text(body),
        files=files,
    )


def _text(message: dict[str, Json]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
