"""Tiles: a window's stretches hold every point in it, and little beside."""

from hypothesis import given
from hypothesis import strategies as st

from serve.store.event_filter import Box
from serve.store.tiles import BITS, stretches, tile_of

lats = st.floats(-90, 90)
lons = st.floats(-180, 180)
shares = st.floats(0, 1)


@given(
    sides=st.tuples(lats, lats, lons, lons),
    inside=st.tuples(shares, shares),
    most=st.integers(4, 40),
)
def test_every_point_of_a_window_lies_in_one_of_its_few_stretches(
    sides: tuple[float, float, float, float], inside: tuple[float, float], most: int
) -> None:
    south, north = sorted(sides[:2])
    west, east = sorted(sides[2:])
    lat = min(north, south + inside[0] * (north - south))
    lon = min(east, west + inside[1] * (east - west))
    found = stretches(Box(west=west, south=south, east=east, north=north), most)
    tile = tile_of(lat, lon)

    assert tile is not None
    assert sum(first <= tile <= last for first, last in found) == 1
    assert len(found) <= most
    assert found == sorted(found)


@given(lat=st.floats(-60, 60), lon=st.floats(-170, 170), side=st.floats(0.001, 2))
def test_more_stretches_reach_less_beyond_the_window(
    lat: float, lon: float, side: float
) -> None:
    box = Box(west=lon, south=lat, east=lon + side, north=lat + side)

    def tiles(most: int) -> int:
        return sum(last - first + 1 for first, last in stretches(box, most))

    window = (side / 360 * 2**BITS + 1) * (side / 180 * 2**BITS + 1)
    assert tiles(24) <= tiles(8)
    assert tiles(24) <= 3 * window + 64


def test_no_point_has_no_tile_and_the_edges_of_the_earth_have_one() -> None:
    assert tile_of(None, 114.3) is None
    assert tile_of(30.5, None) is None
    assert tile_of(-90, -180) == 0
    assert tile_of(90, 180) == 2 ** (2 * BITS) - 1
