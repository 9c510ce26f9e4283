"""What the manifest says of an event: where it comes from and why it was decided."""

from datetime import datetime

from vision.core.events import Provenance
from vision.core.frame import Frame, TimeSource
from vision.core.geometry import Xyxy
from vision.core.observation import Observation, ViewState
from vision.core.violations import Violation
from vision.core.wire import Json, location_record

_SHOWN = "xyxy_in_picture"


def origin_of(
    violation: Violation, observation: Observation, provenance: Provenance | None
) -> dict[str, Json]:
    """Return what never changes about a package."""
    scene = observation.scene
    geo = scene.geo
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
        "clock": _clock(observation.frame),
        "rule": _rule(violation),
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


def step_of(
    violation: Violation, view: ViewState, origin: dict[str, Json]
) -> dict[str, Json]:
    """Return one step as it stands in the manifest, its reasons included.

    Args:
        violation: the step.
        view: how its picture lies; where that is not as the reference view does, the
            place's box in the picture is written out, too. So is where the place is,
            if the camera moves.
        origin: of the package; a rule whose limits were changed since, or that the
            package does not know, is written out with the step.
    """
    rule = _rule(violation)
    changed: dict[str, Json] = {} if rule == origin.get("rule") else {"rule": rule}
    place = violation.place
    box = view.box_to_picture(place.xyxy)
    shown: dict[str, Json] = {} if view.in_place else {_SHOWN: list[Json](box)}
    where = {} if place.geo is None else {"location": location_record(place.geo)}
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
            **shown,
            **where,
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
        **changed,
    }


def box_of(step: dict[str, Json]) -> Xyxy | None:
    """Return where a place lies in the picture of its step, pixels.

    Args:
        step: as it stands in a manifest.

    Returns:
        None if no box stands there.
    """
    place = step.get("place")
    if not isinstance(place, dict):
        return None
    match place.get(_SHOWN, place.get("xyxy")):
        case [
            int() | float() as x1,
            int() | float() as y1,
            int() | float() as x2,
            int() | float() as y2,
        ]:
            return x1, y1, x2, y2
        case _:
            return None


def decided_at_of(step: dict[str, Json]) -> datetime | None:
    """Return the wall time of a step, aware.

    Args:
        step: as it stands in a manifest.

    Returns:
        None if no time stands there.
    """
    try:
        at = datetime.fromisoformat(str(step.get("decided_at")))
    except ValueError:
        return None
    return None if at.tzinfo is None else at


def _rule(violation: Violation) -> dict[str, Json]:
    rule_id, _, version = violation.rule.partition("/")
    params: dict[str, Json] = {
        name: list[Json](value) if isinstance(value, tuple) else value
        for name, value in violation.params
    }
    return {
        "id": rule_id,
        "version": version,
        "zone": violation.zone_id,
        "params": params,
    }


def _clock(frame: Frame) -> dict[str, Json]:
    """Return which clock the pictures' times are of, and how far it is off.

    `offset_ms` is that clock minus this machine's, milliseconds. Live pictures are
    timed by this machine as they come (a camera's own clock is never asked): 0. It is
    None for recordings: when they were made, nobody compared their clock with this
    machine's. How far this machine is from UTC is not known here; `against` says what
    was compared, and an RFC 3161 time-stamp bounds the rest.
    """
    host = frame.time_source is TimeSource.HOST
    return {
        "source": frame.time_source.value,
        "offset_ms": 0 if host else None,
        "against": "host" if host else None,
    }
