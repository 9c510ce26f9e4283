import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.arrays import FloatArray
from vision.core.geometry import to_ground
from vision.core.ground import ground_from_heights

SIZE = (1920, 1080)
FOV_DEG = 70.0
PLACES = np.array([[-3, 9], [2, 13], [0, 18], [5, 26], [-6, 34]], np.float32)
_LEVEL = np.zeros(5, np.float32)
HEIGHTS = np.array([1.7, 1.7, 1.5, 1.6, 1.5], np.float32)


def _pixels(
    places: FloatArray, up_m: FloatArray, pitch_deg: float, camera_m: float
) -> FloatArray:
    """Return where points over the ground are seen, by turning the camera's axes."""
    focal = SIZE[0] / 2 / math.tan(math.radians(FOV_DEG) / 2)
    pitch = math.radians(pitch_deg)
    down = camera_m - up_m
    y = down * math.cos(pitch) - places[:, 1] * math.sin(pitch)
    z = down * math.sin(pitch) + places[:, 1] * math.cos(pitch)
    pixels = np.stack((places[:, 0] / z, y / z), axis=1) * focal
    return np.asarray(pixels + np.array(SIZE) / 2, np.float32)


def _boxes(pitch_deg: float, camera_m: float) -> FloatArray:
    feet = _pixels(PLACES, _LEVEL, pitch_deg, camera_m)
    tops = _pixels(PLACES, HEIGHTS, pitch_deg, camera_m)
    x = feet[:, 0]
    return np.stack((x - 9, tops[:, 1], x + 9, feet[:, 1]), axis=1).astype(np.float32)


def _fit(boxes: FloatArray, heights: FloatArray = HEIGHTS) -> FloatArray:
    return ground_from_heights(boxes, heights, size_px=SIZE, fov_deg=FOV_DEG)


@given(st.floats(0, 50), st.floats(2.2, 15))
def test_things_of_known_height_tell_where_everything_stands(
    pitch_deg: float, camera_m: float
) -> None:
    matrix = _fit(_boxes(pitch_deg, camera_m))

    feet = _pixels(PLACES, _LEVEL, pitch_deg, camera_m)
    assert to_ground(matrix, feet) == pytest.approx(PLACES, rel=0.02, abs=0.02)


@given(st.integers(0, 10_000))
def test_boxes_drawn_by_hand_give_distances_to_a_tenth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = _boxes(18, 6) + rng.normal(0, 1.0, (5, 4)).astype(np.float32)

    feet = _pixels(PLACES, _LEVEL, 18, 6)
    away = np.linalg.norm(to_ground(_fit(boxes), feet), axis=1)
    assert away == pytest.approx(np.linalg.norm(PLACES, axis=1), rel=0.1)


def test_fewer_than_three_heights_are_refused() -> None:
    with pytest.raises(ValueError, match="got 2 heights, expected at least 3"):
        _fit(_boxes(18, 6)[:2], HEIGHTS[:2])


def test_things_that_are_all_equally_far_away_are_refused() -> None:
    alike = np.repeat(_boxes(18, 6)[:1], 3, axis=0)

    with pytest.raises(ValueError, match="choose things near and far"):
        _fit(alike, HEIGHTS[:3])


def test_a_box_upside_down_is_refused() -> None:
    boxes = _boxes(18, 6)[:, [0, 3, 2, 1]]

    with pytest.raises(ValueError, match="a box has no height"):
        _fit(boxes)


def test_a_height_that_fits_no_ground_with_the_others_is_named() -> None:
    heights = HEIGHTS * np.array([1, 1, 3, 1, 1], np.float32)

    with pytest.raises(ValueError, match=r"number 3 would be .* m tall, not 4\.5 m"):
        _fit(_boxes(18, 6), heights)


def test_feet_that_no_ground_can_hold_together_are_refused() -> None:
    boxes = np.array([[0, 0, 9, 9], [0, 500, 9, 540], [0, 1900, 9, 2000]], np.float32)

    with pytest.raises(ValueError, match="no flat ground holds all the feet"):
        ground_from_heights(boxes, HEIGHTS[:3], size_px=(1920, 2000), fov_deg=150)
