"""Messages exactly as an engine writes them."""

import hashlib
import io
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from serve.messages import ViolationMessage, canonical
from serve.store.letters import Letter
from vision.config.taxonomy import load_taxonomy
from vision.core.events import Provenance, ViolationEvent
from vision.core.evidence import Artifact, Evidence
from vision.core.health import HealthEvent, HealthKind
from vision.core.places import Place, PlaceState
from vision.core.scene import GeoPoint, Scene
from vision.core.violations import Confidence, Fact, Lifecycle, Slug, Violation
from vision.core.wire import health_message, violation_message

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
CODES = load_taxonomy(ROOT / "configs" / "taxonomy" / "gbt47678.yaml")


@dataclass(frozen=True)
class Seen:
    """What a test wants to be different."""

    event_id: str = "evt-1"
    slug: Slug = Slug.ILLEGAL_PARKING
    camera: str = "kerb-east"
    lat: float = 30.5
    lon: float = 114.3
    at: datetime = NOON
    sequence: int = 1
    lifecycle: Lifecycle = Lifecycle.OPENED
    observed_s: float = 187.0
    confidence: Confidence = Confidence.HIGH
    severity: int = 2
    artifacts: tuple[Artifact, ...] = ()
    accuracy_m: float | None = None  # of a camera that moves: it tells where it saw it

    def later(self, lifecycle: Lifecycle, sequence: int, minutes: float = 1) -> "Seen":
        """Return a later step of the same event."""
        return replace(
            self,
            lifecycle=lifecycle,
            sequence=sequence,
            at=self.at + timedelta(minutes=minutes),
            observed_s=self.observed_s + minutes * 60,
        )


def message(seen: Seen) -> dict[str, Any]:
    """Return the CloudEvent of what was seen, by the engine's own writer."""
    started = seen.at - timedelta(seconds=seen.observed_s)
    cleared = seen.lifecycle is Lifecycle.CLEARED
    point = GeoPoint(seen.lat, seen.lon, accuracy_m=seen.accuracy_m)
    moving = seen.accuracy_m is not None
    violation = Violation(
        event_id=seen.event_id,
        sequence=seen.sequence,
        lifecycle=seen.lifecycle,
        slug=seen.slug,
        rule=f"{seen.slug}/1",
        place=Place(
            place_id=f"{seen.camera}-p7",
            camera_id=seen.camera,
            kind="vehicle",
            label="car",
            xyxy=(100.0, 200.0, 300.0, 320.0),
            state=PlaceState.ENDED if cleared else PlaceState.STANDING,
            first_seen_s=0.0,
            last_seen_s=seen.observed_s,
            observed_s=seen.observed_s,
            first_seen_at=started,
            last_seen_at=seen.at,
            score=0.83,
            baseline=False,
            geo=point if moving else None,
        ),
        zone_id="kerb-east",
        started_s=0.0,
        decided_s=seen.observed_s,
        started_at=started,
        decided_at=seen.at,
        ended_at=seen.at if cleared else None,
        confidence=seen.confidence,
        severity=seen.severity,
        facts=(
            Fact("zone", "kerb-east"),
            Fact("overlap", 0.71, "1", ">= 0.5", holds=True),
            Fact("observed_s", seen.observed_s, "s", ">= 180", holds=True),
            Fact("passed_vehicles", 6, "1", ">= 3", holds=True),
        ),
    )
    scene = Scene(
        camera_id=seen.camera,
        name=f"Camera {seen.camera}",
        geo=None if moving else replace(point, address="武珞路 12 号"),
        moving=moving,
    )
    provenance = Provenance("0.1.0", "c" * 64, "street-n/1", "d" * 64)
    event = ViolationEvent(
        violation, scene, CODES[seen.slug], provenance,
        Evidence(seen.artifacts),
    )  # fmt: skip
    return json.loads(json.dumps(violation_message(event)))  # type: ignore[no-any-return]  # JSON


def letter(seen: Seen) -> Letter:
    """Return the same, checked, as the service's routes hand it on."""
    raw = json.dumps(message(seen)).encode()
    return Letter(ViolationMessage.model_validate_json(raw), *canonical(raw))


def health(message_id: str, kind: HealthKind, at: datetime, *, ok: bool) -> Any:
    """Return a health CloudEvent by the engine's own writer."""
    event = HealthEvent(kind, ok, at, "camera says so; look at it", "kerb-east")
    return json.loads(json.dumps(health_message(event, message_id=message_id)))


def jpeg(colour: tuple[int, int, int] = (90, 120, 90)) -> bytes:
    """Return a small real picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (320, 180), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def artifact(name: str, role: str, content: bytes) -> Artifact:
    """Return the record of a picture with this content."""
    return Artifact(
        role=role,
        path=Path("/nowhere") / name,
        name=name,
        media_type="image/jpeg",
        sha256=sha256(content),
        size_bytes=len(content),
        captured_at=NOON,
        frame_index=7,
    )


def sha256(content: bytes) -> str:
    """Return the hex digest."""
    return hashlib.sha256(content).hexdigest()
