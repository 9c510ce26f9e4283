import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.position import LocalPlane, distance_m, reaches, within

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


def test_a_circle_reaches_a_polygon_that_it_touches() -> None:
    square = [WUHAN.degrees(*corner) for corner in ((0, 0), (0, 10), (10, 10), (10, 0))]
    assert reaches(WUHAN.degrees(5, 5), square, 0.0)
    assert reaches(WUHAN.degrees(-4, 5), square, 5.0)
    assert not reaches(WUHAN.degrees(-6, 5), square, 5.0)
    assert not reaches(WUHAN.degrees(-4, -4), square, 5.0)  # the corner is farther


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(0, 20))
def test_a_circle_around_a_corner_always_reaches(e: float, n: float, r: float) -> None:
    triangle = [WUHAN.degrees(*c) for c in ((e, n), (e + 9, n + 1), (e + 3, n + 8))]
    assert reaches(triangle[0], triangle, r + 0.01)
