import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.position import LocalPlane, distance_m, within

WUHAN = LocalPlane(30.5931, 114.3054)


def test_a_thousandth_of_a_degree_north_is_111_metres() -> None:
    assert WUHAN.metres(30.5941, 114.3054) == pytest.approx((0, 111.2), abs=0.1)


def test_the_date_line_is_no_wall() -> None:
    assert distance_m((0, 179.9999), (0, -179.9999)) == pytest.approx(22.2, abs=0.1)


@given(st.floats(-3000, 3000), st.floats(-3000, 3000))
def test_metres_and_degrees_are_inverse(east: float, north: float) -> None:
    assert WUHAN.metres(*WUHAN.degrees(east, north)) == pytest.approx(
        (east, north), abs=1e-4
    )


def test_within_a_polygon_with_a_bay() -> None:
    u = ((0, 0), (0, 3), (3, 3), (3, 2), (1, 2), (1, 1), (3, 1), (3, 0))
    assert within((2, 0.5), u)
    assert within((2, 2.5), u)
    assert not within((2, 1.5), u)
    assert not within((4, 1.5), u)
