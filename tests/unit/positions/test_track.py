import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.position import Fix, LocalPlane, distance_m
from vision.positions.reading import Reading, compass, reading
from vision.positions.track import Track

WUHAN = LocalPlane(30.5931, 114.3054)


def at_metres(at_s: float, east: float, north: float, **told: float) -> Reading:
    lat, lon = WUHAN.degrees(east, north)
    return Reading(at_s, lat, lon, **told)


def metres(fix: Fix | None) -> tuple[float, float]:
    assert fix is not None
    return WUHAN.metres(fix.lat, fix.lon)


def recorded(*readings: Reading) -> Track:
    track = Track()
    track.extend(readings)
    return track


def live(*readings: Reading) -> Track:
    track = Track()
    for one in readings:
        track.append(one)
    return track


def heading(track: Track, at_s: float) -> float:
    fix = track.at(at_s)
    assert fix is not None
    assert fix.heading_deg is not None
    return fix.heading_deg


@given(
    course_deg=st.floats(0, 359.99),
    speed_mps=st.floats(2, 30),
    step_s=st.floats(0.1, 2.9),
    share=st.floats(0, 1),
)
def test_on_a_straight_line_it_is_exact(
    course_deg: float, speed_mps: float, step_s: float, share: float
) -> None:
    def place(at_s: float) -> tuple[float, float]:
        way_m, angle = speed_mps * at_s, math.radians(course_deg)
        return way_m * math.sin(angle), way_m * math.cos(angle)

    times_s = [step_s * i for i in range(40)]
    track = recorded(*(at_metres(at_s, *place(at_s)) for at_s in times_s))
    at_s = share * times_s[-1]
    fix = track.at(at_s)

    assert fix is not None
    assert metres(fix) == pytest.approx(place(at_s), abs=0.02)
    assert fix.speed_mps == pytest.approx(speed_mps, rel=1e-3)
    off_deg = (heading(track, at_s) - course_deg + 180) % 360 - 180
    assert off_deg == pytest.approx(0, abs=0.1)


@given(
    first=st.floats(0, 359.99), turn=st.floats(-179, 179), share=st.floats(0.01, 0.99)
)
def test_it_turns_the_short_way_round_the_circle(
    first: float, turn: float, share: float
) -> None:
    second = (first + turn) % 360 % 360
    track = recorded(
        at_metres(0, 0, 0, heading_deg=first), at_metres(1, 9, 0, heading_deg=second)
    )
    found = heading(track, share)

    assert 0 <= found < 360
    off_deg = (found - first - share * turn + 180) % 360 - 180
    assert off_deg == pytest.approx(0, abs=1e-6)


def test_between_359_and_1_lies_north() -> None:
    track = recorded(
        at_metres(0, 0, 0, heading_deg=359), at_metres(1, 0, 9, heading_deg=1)
    )

    assert heading(track, 0.5) == pytest.approx(0)


@given(st.floats(-1e6, 1e6))
def test_an_angle_on_the_compass_is_below_360(angle_deg: float) -> None:
    assert 0 <= compass(angle_deg) < 360
    assert compass(-1e-20) == 0


def test_in_a_turn_the_heading_is_less_sure() -> None:
    ends = [at_metres(0, 0, 0, heading_deg=0), at_metres(1, 5, 5, heading_deg=80)]
    fix = recorded(*ends).at(0.5)

    assert fix is not None
    assert fix.heading_sd_deg > 15


@pytest.mark.parametrize("track_of", [recorded, live])
def test_nothing_is_known_in_a_gap_and_far_beyond_the_ends(
    track_of: Callable[..., Track],
) -> None:
    track = track_of(*(at_metres(at_s, 10 * at_s, 0) for at_s in (0, 1, 2, 5.5, 6.5)))

    assert track.at(3) is None
    assert track.at(5.4) is None
    assert track.at(2) is not None
    assert track.at(-1.1) is None
    assert track.at(7.6) is None
    assert Track().at(0) is None


def test_beyond_an_end_it_goes_on_for_a_second_and_grows_less_sure() -> None:
    track = recorded(*(at_metres(at_s, 10 * at_s, 0) for at_s in (0, 1, 2)))
    last, later = track.at(2), track.at(3)

    assert metres(later) == pytest.approx((30, 0), abs=0.01)
    assert metres(track.at(-0.5)) == pytest.approx((-5, 0), abs=0.01)
    assert last is not None
    assert later is not None
    assert later.accuracy_m > last.accuracy_m
    assert later.heading_sd_deg > last.heading_sd_deg


def test_a_told_heading_wins_over_movement_and_is_surer() -> None:
    moving = [at_metres(at_s, 4 * at_s, 0) for at_s in range(3)]
    told = [at_metres(at_s, 4 * at_s, 0, heading_deg=45) for at_s in range(3)]
    by_movement, by_word = recorded(*moving).at(1), recorded(*told).at(1)

    assert by_movement is not None
    assert by_word is not None
    assert by_movement.heading_deg == pytest.approx(90)
    assert by_word.heading_deg == 45
    assert by_word.heading_sd_deg < by_movement.heading_sd_deg


def test_a_short_way_makes_the_heading_less_sure() -> None:
    slow = recorded(*(at_metres(at_s, 2 * at_s, 0) for at_s in range(5))).at(2)
    fast = recorded(*(at_metres(at_s, 15 * at_s, 0) for at_s in range(5))).at(2)

    assert slow is not None
    assert fast is not None
    assert slow.heading_sd_deg > 2 * fast.heading_sd_deg


@pytest.mark.parametrize("stands_s", [3, 600])
def test_a_heading_is_held_while_the_vehicle_stands(stands_s: int) -> None:
    drive = [at_metres(at_s, 0, 5 * at_s) for at_s in range(5)]
    stand = [
        at_metres(5 + i, 0.1 * (i % 2), 20 + 0.1 * (i % 3)) for i in range(stands_s)
    ]
    for track in (recorded(*drive, *stand), live(*drive, *stand)):
        assert heading(track, 4.0 + stands_s) == pytest.approx(0, abs=5)


def test_a_receiver_that_wanders_turns_no_standing_vehicle() -> None:
    rng = random.Random(7)
    drive = [at_metres(at_s, 0, 8 * at_s) for at_s in range(6)]
    east, north, stand = 0.0, 40.0, []
    for i in range(600):  # two metres within a minute
        east, north = 0.983 * east + rng.gauss(0, 0.36), 0.983 * north + 0.68
        north += rng.gauss(0, 0.36)
        stand.append(at_metres(6 + i, east, north))
    for track in (recorded(*drive, *stand), live(*drive, *stand)):
        turned = [
            abs((heading(track, 10.5 + i) + 90) % 360 - 90) > 10 for i in range(590)
        ]
        assert sum(turned) < 6


def test_what_never_moved_faces_nobody_knows_where() -> None:
    stand = [at_metres(at_s, 0.1 * (at_s % 2), 0) for at_s in range(20)]
    for track in (recorded(*stand), live(*stand)):
        fix = track.at(10.5)
        assert fix is not None
        assert fix.heading_deg is None
        assert fix.speed_mps < 0.3


def test_a_recording_knows_where_a_standing_vehicle_will_drive_to() -> None:
    stand = [at_metres(at_s, 0, 0) for at_s in range(10)]
    drive = [at_metres(10 + i, -6.0 * i, 0) for i in range(1, 5)]

    assert heading(recorded(*stand, *drive), 3) == pytest.approx(270)
    early = live(*stand, *drive).at(3)
    assert early is not None
    assert early.heading_deg is None


def test_after_a_gap_with_movement_no_old_heading_is_held() -> None:
    drive = [at_metres(at_s, 0, 5 * at_s) for at_s in range(5)]
    stand = [at_metres(60 + i, 300, 20) for i in range(5)]
    fix = live(*drive, *stand).at(62)

    assert fix is not None
    assert fix.heading_deg is None


def test_accuracy_is_what_was_told_and_four_metres_otherwise() -> None:
    told = recorded(at_metres(0, 0, 0, accuracy_m=1.5), at_metres(1, 9, 0)).at(0)
    default = recorded(at_metres(0, 0, 0)).at(0)

    assert told is not None
    assert told.accuracy_m == 1.5
    assert default is not None
    assert default.accuracy_m == 4.0


def test_live_positions_are_forgotten_in_time() -> None:
    track = Track(keep_s=120)
    for i in range(100_000):
        track.append(at_metres(i / 10, i, 0))

    assert len(track) <= 1400
    assert track.span_s is not None
    assert track.span_s[0] <= 9_999.9 - 120
    assert track.at(9_900) is not None


def test_an_older_position_is_refused() -> None:
    track = live(at_metres(1, 0, 0))

    with pytest.raises(ValueError, match="after"):
        track.append(at_metres(1, 1, 0))


def test_the_way_driven_leaves_out_what_a_standing_receiver_wanders() -> None:
    stand = [at_metres(at_s, at_s % 2, 0) for at_s in range(60)]
    drive = [at_metres(60 + i, 10.0 * i, 0) for i in range(11)]

    assert recorded(*stand).driven_m == 0
    assert recorded(*stand, *drive).driven_m == pytest.approx(100, abs=3)
    assert recorded(*stand, *drive).gaps == 0


def test_over_the_date_line_it_interpolates_the_short_way() -> None:
    track = recorded(Reading(0, -16.8, 179.9999), Reading(1, -16.8, -179.9999))
    fix = track.at(0.5)

    assert fix is not None
    assert distance_m((fix.lat, fix.lon), (-16.8, 180)) < 0.1
    assert -180 <= fix.lon <= 180


def test_a_course_without_movement_is_none_and_a_slow_one_is_unsure() -> None:
    standing = reading(0, 30, 114, speed_mps=0.2, course_deg=77)
    slow = reading(0, 30, 114, speed_mps=1.0, course_deg=77)
    fast = reading(0, 30, 114, speed_mps=10.0, course_deg=-283)

    assert standing.heading_deg is None
    assert slow.heading_sd_deg > fast.heading_sd_deg
    assert fast.heading_deg == 77


@pytest.mark.parametrize(
    ("lat", "lon", "told"),
    [(200, 0, "latitude 200"), (0, 181, "longitude 181"), (math.nan, 0, "latitude")],
)
def test_no_place_on_earth_is_an_error(lat: float, lon: float, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        reading(0, lat, lon)


def test_values_that_make_no_sense_count_as_not_told() -> None:
    odd = reading(0, 30, 114, speed_mps=-1, course_deg=math.inf, accuracy_m=0)

    assert odd == Reading(0, 30, 114)
    with pytest.raises(ValueError, match="time"):
        reading(math.nan, 30, 114)
