"""How a picture lies over the reference view."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.observation import ViewState

BOX = (10.1, 20.2, 30.3, 60.4)
SQUARE = ((0.1, 0.2), (0.7, 0.2), (0.7, 0.9))
ZOOMED = ViewState(registration=((1.5, 0.0, 8.0), (0.0, 1.5, -4.0), (0.0, 0.0, 1.0)))


def test_a_picture_in_place_leaves_boxes_and_polygons_as_they_are() -> None:
    assert ViewState().box_to_picture(BOX) is BOX
    assert ViewState().polygon_to_picture(SQUARE, (333, 211)) is SQUARE


@given(dx=st.floats(-300, 300), dy=st.floats(-300, 300))
def test_a_box_moves_as_an_array_of_boxes_does(dx: float, dy: float) -> None:
    view = ViewState(shift_px=(dx, dy))
    moved = view.to_picture(np.array([BOX], np.float32))[0]

    assert view.box_to_picture(BOX) == pytest.approx(moved.tolist())


def test_a_polygon_follows_a_turned_camera_and_may_leave_the_picture() -> None:
    moved = ZOOMED.polygon_to_picture(SQUARE, (200, 100))

    there = [(38 / 200, 26 / 100), (218 / 200, 26 / 100), (218 / 200, 131 / 100)]
    assert np.array(moved) == pytest.approx(np.array(there), abs=1e-5)
