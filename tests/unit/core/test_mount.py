import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.mount import Mount

SIZE = 1280, 720


def test_the_middle_of_a_level_view_never_meets_the_road() -> None:
    mount = Mount(height_m=2, yaw_deg=0, pitch_deg=0, fov_deg=90)
    assert np.isnan(mount.ground(np.array([[640, 360], [640, 100]]), SIZE)).all()


def test_a_camera_that_looks_down_by_45_degrees_sees_as_far_as_it_is_high() -> None:
    mount = Mount(height_m=2, yaw_deg=0, pitch_deg=45, fov_deg=90)
    assert mount.ground(np.array([[640, 360]]), SIZE)[0] == pytest.approx([2, 0])


def test_a_camera_turned_to_the_right_looks_to_the_right() -> None:
    mount = Mount(2, yaw_deg=90, pitch_deg=45, fov_deg=90, forward_m=1, right_m=0.5)
    assert mount.ground(np.array([[640, 360]]), SIZE)[0] == pytest.approx([1, 2.5])
    ahead = mount.ground(np.array([[0, 360]]), SIZE)[0]
    assert ahead[0] > 1  # its left is where the vehicle goes


def test_where_the_right_side_hangs_lower_the_horizon_rises_there() -> None:
    mount = Mount(2, yaw_deg=0, pitch_deg=10, fov_deg=90, roll_deg=10)
    left, right = mount.ground(np.array([[100, 300], [1180, 300]]), SIZE)
    assert np.isnan(left).all()
    assert not np.isnan(right).any()


@given(
    st.builds(
        Mount,
        height_m=st.floats(1, 4),
        yaw_deg=st.floats(-180, 180),
        pitch_deg=st.floats(0, 60),
        fov_deg=st.floats(30, 120),
        roll_deg=st.floats(-10, 10),
        forward_m=st.floats(-2, 2),
        right_m=st.floats(-1, 1),
    ),
    st.floats(0.02, 0.98),
    st.floats(0.02, 0.98),
)
def test_back_and_forth_is_the_same_pixel(mount: Mount, x: float, y: float) -> None:
    pixel = np.array([[x * SIZE[0], y * SIZE[1]]])
    (point,) = mount.ground(pixel, SIZE)
    if np.isnan(point).any() or np.hypot(*point) > 1e5:
        return
    back = mount.picture(np.array([[*point, 0.0]]), SIZE)
    assert back[0] == pytest.approx(pixel[0], abs=0.01)


def test_what_is_behind_is_not_in_the_picture() -> None:
    mount = Mount(2, yaw_deg=0, pitch_deg=10, fov_deg=90)
    assert np.isnan(mount.picture(np.array([[-5.0, 0, 0]]), SIZE)).all()
