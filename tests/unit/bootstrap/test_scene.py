import numpy as np
import pytest

from vision.bootstrap.cameras import build_scene
from vision.config.cameras import CameraSettings
from vision.core.errors import ConfigError
from vision.core.geometry import to_ground

SQUARE = [
    {"picture": [0.1, 0.9], "metres": [0, 0]},
    {"picture": [0.9, 0.9], "metres": [10, 0]},
    {"picture": [0.7, 0.5], "metres": [10, 10]},
    {"picture": [0.3, 0.5], "metres": [0, 10]},
]


def _camera(**keys: object) -> CameraSettings:
    source = {"type": "packets", "url": "rtsp://camera/1"}
    return CameraSettings.model_validate({"id": "gate", "source": source} | keys)


def test_ground_marks_turn_pixels_into_metres() -> None:
    camera = _camera(ground={"width_px": 1000, "height_px": 500, "points": SQUARE})

    scene = build_scene(camera)

    assert scene.homography is not None
    corner = to_ground(scene.homography, np.array([[700, 250]], np.float32))
    np.testing.assert_allclose(corner, [[10, 10]], atol=1e-2)


def test_ground_marks_in_one_line_are_refused() -> None:
    points = [{"picture": [x / 10, 0.5], "metres": [x, 0]} for x in range(4)]
    camera = _camera(ground={"width_px": 1000, "height_px": 500, "points": points})

    with pytest.raises(ConfigError, match=r"ground\.points: homography: three"):
        build_scene(camera)


def test_a_camera_without_a_name_is_called_by_its_id() -> None:
    scene = build_scene(_camera())

    assert scene.name == "gate"
    assert scene.homography is None
    assert scene.geo is None
