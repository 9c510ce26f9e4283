"""What the manifest says of an event: where it comes from and why it was decided."""

from vision.core.events import Provenance
from vision.core.scene import Scene
from vision.core.violations import Violation
from vision.core.wire import Json


def origin_of(
    violation: Violation, scene: Scene, provenance: Provenance | None
) -> dict[str, Json]:
    """Return what never changes about a package."""
    geo = scene.geo
    rule_id, _, rule_version = violation.rule.partition("/")
    origin: dict[str, Json] = {
        "type": violation.slug.value,
        "camera": {
            "id": scene.camera_id,
            "name": scene.name,
            "gb_id": scene.gb_id,
            "lat": None if geo is None else geo.lat,
            "lon": None if geo is None else geo.lon,
            "crs": None if geo is None else geo.crs,
        },
        "clock": {"source": "system", "offset_ms": None},
        "rule": {"id": rule_id, "version": rule_version, "zone": violation.zone_id},
        "review": None,
    }
    if provenance is not None:
        name, _, version = provenance.model_id.rpartition("/")
        origin["model"] = {
            "name": name,
            "version": version,
            "sha256": provenance.model_sha256,
        }
        origin["engine"] = {
            "version": provenance.engine_version,
            "config_sha256": provenance.config_sha256,
        }
    return origin


def step_of(violation: Violation) -> dict[str, Json]:
    """Return one step as it stands in the manifest, its reasons included."""
    place = violation.place
    ended_at = violation.ended_at
    return {
        "sequence": violation.sequence,
        "lifecycle": violation.lifecycle.value,
        "started_at": violation.started_at.isoformat(),
        "decided_at": violation.decided_at.isoformat(),
        "ended_at": None if ended_at is None else ended_at.isoformat(),
        "decided_media_s": violation.decided_s,
        "observed_s": place.observed_s,
        "elapsed_s": place.elapsed_s,
        "confidence": violation.confidence.value,
        "severity": violation.severity,
        "place": {
            "id": place.place_id,
            "kind": place.kind,
            "label": place.label,
            "xyxy": list(place.xyxy),
            "baseline": place.baseline,
        },
        "reasons": [
            {
                "name": fact.name,
                "value": fact.value,
                "unit": fact.unit,
                "bound": fact.bound,
                "holds": fact.holds,
                "text": fact.text(),
            }
            for fact in violation.facts
        ],
        "recurrence_of": violation.recurrence_of,
    }
