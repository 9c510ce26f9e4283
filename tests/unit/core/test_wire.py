"""Where an event is, as it stands on the wire."""

from dataclasses import replace

import pytest

from tests.unit.sinks.messages import event
from vision.core.scene import GeoPoint, Scene
from vision.core.wire import violation_message

KERB = GeoPoint(30.59312, 114.30541, accuracy_m=3.217)
GATE = GeoPoint(30.5, 114.3, "12 Mill Lane", crs="gcj02")


@pytest.mark.parametrize(
    ("camera", "thing", "told"),
    [
        (None, None, None),
        (GATE, None, {"lat": 30.5, "lon": 114.3, "crs": "gcj02"}),
        (
            None,
            KERB,
            {"lat": 30.59312, "lon": 114.30541, "crs": "wgs84", "accuracy_m": 3.22},
        ),
        (
            GATE,
            KERB,
            {"lat": 30.59312, "lon": 114.30541, "crs": "wgs84", "accuracy_m": 3.22},
        ),
    ],
)
def test_an_event_is_where_the_thing_is_else_where_the_camera_stands(
    camera: GeoPoint | None, thing: GeoPoint | None, told: dict[str, object] | None
) -> None:
    seen = event()
    place = replace(seen.violation.place, geo=thing)
    there = replace(
        seen,
        scene=Scene("gate", geo=camera, name="Gate"),
        violation=replace(seen.violation, place=place),
    )

    data = violation_message(there)["data"]

    assert isinstance(data, dict)
    location = data["location"]
    if told is None:
        assert location is None
        return
    assert isinstance(location, dict)
    del location["address"], location["grid_id"]
    assert location == told
