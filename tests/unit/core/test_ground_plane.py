import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.geometry import homography, to_ground

CORNERS = np.array([[100, 400], [540, 400], [400, 120], [240, 120]], np.float32)
METRES = np.array([[0, 0], [6, 0], [6, 20], [0, 20]], np.float32)


def test_four_points_give_metres_on_the_ground() -> None:
    matrix = homography(CORNERS, METRES)

    assert to_ground(matrix, CORNERS) == pytest.approx(METRES, abs=1e-3)
    (middle,) = to_ground(matrix, np.array([[320, 400]], np.float32))
    assert middle == pytest.approx([3, 0], abs=1e-3)


@given(st.integers(0, 10_000))
def test_more_points_than_needed_agree_on_the_same_ground(seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = homography(CORNERS, METRES)
    pixels = rng.uniform((240, 150), (400, 380), (12, 2)).astype(np.float32)
    metres = to_ground(matrix, pixels)

    again = homography(pixels, metres)
    assert to_ground(again, CORNERS) == pytest.approx(METRES, abs=0.05)


@pytest.mark.parametrize("count", [3, 4, 5])
def test_points_that_span_no_ground_are_refused(count: int) -> None:
    line = np.array([[i, 2 * i] for i in range(count)], np.float32)

    with pytest.raises(ValueError, match="homography"):
        homography(line, line)
