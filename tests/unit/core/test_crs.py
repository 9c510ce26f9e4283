import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.crs import Crs, to_wgs84, wgs84_to_gcj02
from vision.core.position import distance_m

WUHAN = (30.5931, 114.3054)


@given(st.floats(20, 45), st.floats(80, 130))
def test_what_chinese_maps_show_is_found_on_the_globe_to_a_centimetre(
    lat: float, lon: float
) -> None:
    there = to_wgs84(*wgs84_to_gcj02(lat, lon), Crs.GCJ02)

    assert distance_m((lat, lon), there) < 0.01


@pytest.mark.parametrize(
    ("crs", "least_m", "most_m"),
    [
        (Crs.WGS84, 0, 0),
        (Crs.CGCS2000, 0, 0),
        (Crs.GCJ02, 300, 800),
        (Crs.BD09, 700, 1600),
    ],
)
def test_each_system_lies_as_far_off_as_it_is_known_to(
    crs: Crs, least_m: float, most_m: float
) -> None:
    off_m = distance_m(WUHAN, to_wgs84(*WUHAN, crs))

    assert least_m <= off_m <= most_m


def test_outside_china_maps_show_what_the_receiver_says() -> None:
    london = (51.5, -0.12)

    assert wgs84_to_gcj02(*london) == london
