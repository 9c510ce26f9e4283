"""What stands under a picture."""

from dataclasses import replace
from datetime import UTC

import pytest

from tests.unit.evidence.scenes import SCENE, decided, standing, street
from vision.core.scene import GeoPoint
from vision.evidence.overlay import caption


@pytest.mark.parametrize(
    ("crs", "shown"),
    [
        ("wgs84", "30.59000, 114.30000"),
        ("cgcs2000", "30.59000, 114.30000"),
        ("bd09", "30.59000, 114.30000 (bd09)"),
    ],
)
def test_degrees_of_a_map_are_marked_as_such(crs: str, shown: str) -> None:
    at = street(1)
    there = replace(SCENE, geo=GeoPoint(30.59, 114.3, crs=crs))

    told = caption(decided(at, standing(at)), there, at, short_code="c", zone=UTC)

    assert told.lines[0].endswith(shown)


def test_what_a_moving_camera_saw_is_captioned_with_its_own_place() -> None:
    at = street(1)
    seen = standing(at, geo=GeoPoint(30.59312, 114.30541, accuracy_m=3.2))
    camera = replace(SCENE, geo=None, moving=True)

    told = caption(decided(at, seen), camera, at, short_code="c", zone=UTC)

    assert told.lines[0].endswith("30.59312, 114.30541 ±4 m")
