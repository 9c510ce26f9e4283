from pathlib import Path

import cv2
import numpy as np
import pytest

from vision.bootstrap.cameras import _presets, patience_of
from vision.bootstrap.scene import build_scene
from vision.config.cameras import CameraSettings
from vision.config.rules import PlaceSettings
from vision.core.errors import ConfigError
from vision.core.geometry import to_ground
from vision.core.wire import location_record

SQUARE = [
    {"picture": [0.1, 0.9], "metres": [0, 0]},
    {"picture": [0.9, 0.9], "metres": [10, 0]},
    {"picture": [0.7, 0.5], "metres": [10, 10]},
    {"picture": [0.3, 0.5], "metres": [0, 10]},
]

_HEIGHTS = [  # as in configs/site.example.yaml
    {"box": [0.23, 0.673, 0.27, 0.905], "height_m": 1.7},
    {"box": [0.49, 0.439, 0.51, 0.581], "height_m": 1.7},
    {"box": [0.70, 0.336, 0.76, 0.417], "height_m": 1.5},
]
_SIZES = {"width_px": 1920, "height_px": 1080, "fov_deg": 70, "sizes": _HEIGHTS}


def _camera(**keys: object) -> CameraSettings:
    source = {"type": "packets", "url": "rtsp://camera/1"}
    return CameraSettings.model_validate({"id": "gate", "source": source} | keys)


def test_ground_marks_turn_pixels_into_metres() -> None:
    camera = _camera(ground={"width_px": 1000, "height_px": 500, "points": SQUARE})

    scene = build_scene(camera)

    assert scene.homography is not None
    corner = to_ground(scene.homography, np.array([[700, 250]], np.float32))
    np.testing.assert_allclose(corner, [[10, 10]], atol=1e-2)


def test_each_preset_has_a_ground_of_its_own(tmp_path: Path) -> None:
    ground = {"width_px": 1000, "height_px": 500, "points": SQUARE}
    presets = {"gate": tmp_path / "gate.png", "yard": tmp_path / "yard.png"}
    camera = _camera(presets=presets, preset_grounds={"yard": ground})

    scene = build_scene(camera)

    assert scene.ground("yard") is not None
    assert scene.ground("gate") is None
    assert scene.ground(None) is None
    with pytest.raises(ValueError, match="preset_grounds names roof"):
        _camera(presets=presets, preset_grounds={"roof": ground})


@pytest.mark.parametrize("named", [{}, {"preset": "roof"}])
def test_a_zone_of_no_view_of_a_camera_with_presets_is_refused(
    named: dict[str, str],
) -> None:
    """Such a camera shows its presets only: nothing would ever stand in the zone."""
    kerb = {"id": "kerb", "kind": "no_parking", "polygon": [[0, 0], [1, 0], [1, 1]]}

    with pytest.raises(ValueError, match=r"zone kerb names .*; expected one of: gate"):
        _camera(presets={"gate": "gate.png"}, zones=[kerb | named])
    at_gate = _camera(presets={"gate": "gate.png"}, zones=[kerb | {"preset": "gate"}])
    assert build_scene(at_gate).zones_of("no_parking", "gate")


def test_ground_marks_in_one_line_are_refused() -> None:
    points = [{"picture": [x / 10, 0.5], "metres": [x, 0]} for x in range(4)]
    camera = _camera(ground={"width_px": 1000, "height_px": 500, "points": points})

    with pytest.raises(ConfigError, match=r"ground\.points: homography: three"):
        build_scene(camera)


def test_known_heights_turn_pixels_into_metres() -> None:
    camera = _camera(ground=_SIZES)

    scene = build_scene(camera)

    assert scene.homography is not None
    feet = np.array([[480, 977], [1402, 450]], np.float32)
    near, far = to_ground(scene.homography, feet)
    assert near == pytest.approx([-3, 7.5], abs=0.3)
    assert far == pytest.approx([7.5, 23], abs=1)


def test_heights_that_fit_no_ground_are_refused() -> None:
    persons = [{**one, "height_m": 1.7 if i else 9.0} for i, one in enumerate(_HEIGHTS)]

    with pytest.raises(ConfigError, match=r"ground\.sizes: no flat ground fits"):
        build_scene(_camera(ground=_SIZES | {"sizes": persons}))


@pytest.mark.parametrize(
    "ground",
    [
        {},
        {"points": SQUARE[:3]},
        {"points": SQUARE, "fov_deg": 70},
        {"sizes": _HEIGHTS},
        {"sizes": _HEIGHTS[:2], "fov_deg": 70},
        {"points": SQUARE, "sizes": _HEIGHTS, "fov_deg": 70},
    ],
)
def test_a_ground_is_given_in_one_way_and_completely(ground: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected either at least 4 points, or at le"):
        _camera(ground={"width_px": 1000, "height_px": 500} | ground)


def test_a_camera_without_a_name_is_called_by_its_id() -> None:
    scene = build_scene(_camera())

    assert scene.name == "gate"
    assert scene.homography is None
    assert scene.geo is None


def test_a_slow_camera_still_accrues_dwell_unless_the_site_says_otherwise() -> None:
    fitted = patience_of(PlaceSettings(), 20, ("bin",))
    chosen = patience_of(PlaceSettings(max_gap_s=5), 20, ("bin",))

    assert fitted.max_gap_s == 50
    assert chosen.max_gap_s == 5


def test_scores_of_classes_that_the_model_does_not_give_are_refused() -> None:
    settings = PlaceSettings(open_scores={"bins": 0.3})
    with pytest.raises(ConfigError, match=r"places\.open_scores names bins; .* bin"):
        patience_of(settings, 1, ("bin",))

    settings = PlaceSettings(open_scores={"bin": 0.3})
    assert patience_of(settings, 1, ("bin",)).opens("bin", 0.3)


def test_a_preset_is_a_picture_that_can_be_read(tmp_path: Path) -> None:
    picture = tmp_path / "gate.png"
    cv2.imwrite(str(picture), np.full((36, 64, 3), 90, np.uint8))

    pictures = _presets(_camera(presets={"gate": picture}))

    assert pictures["gate"].shape == (36, 64, 3)
    with pytest.raises(ConfigError, match=r"presets\.yard: .* is no picture"):
        _presets(_camera(presets={"yard": tmp_path / "none.png"}))


def test_a_zone_of_an_unknown_preset_is_refused() -> None:
    zone = {"id": "z", "kind": "clean", "polygon": [[0, 0], [1, 0], [1, 1]]}

    with pytest.raises(ValueError, match="names the preset yard; expected one of"):
        _camera(zones=[zone | {"preset": "yard"}])


def test_where_a_map_shows_a_camera_goes_out_as_of_that_map() -> None:
    point = {"lat": 30.5931, "lon": 114.3054, "crs": "gcj02"}

    scene = build_scene(_camera(geo=point))

    told = location_record(scene.geo)
    assert isinstance(told, dict)
    assert {name: told[name] for name in point} == point
