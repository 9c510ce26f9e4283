"""Where vehicles drive is a lane; where they drive past is not."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.unit.rules.builders import place
from vision.core.tracks import Track
from vision.rules.lanes import LaneMap, Passes

SIZE = (320, 180)
Path = Sequence[tuple[float, float, float]]  # seconds, x and y of the ground contact


def drive(lanes: LaneMap, path: Path, track_id: int = 1, period_s: float = 1.0) -> None:
    """Show one car of 60 x 36 on its way, and the picture after it has gone."""
    times = [point[0] for point in path]
    for t in np.arange(times[0], times[-1] + 1e-6, period_s).tolist():
        x = float(np.interp(t, times, [point[1] for point in path]))
        y = float(np.interp(t, times, [point[2] for point in path]))
        box = (x - 30, y - 36, x + 30, y)
        track = Track(track_id, "car", box, (0.0, 0.0), times[0], t)
        lanes.observe([(track, box)], t, preset=None, size=SIZE)
    lanes.observe([], times[-1] + 10, preset=None, size=SIZE)


def passes_at(lanes: LaneMap, x: float, y: float, preset: str | None = None) -> Passes:
    box = (x - 30, y - 36, x + 30, y)
    return lanes.passes(place("vehicle", "car", 9, xyxy=box, preset=preset), SIZE)


@pytest.mark.parametrize("period_s", [0.2, 1.0])
def test_a_kerb_is_where_all_drive_past_and_nobody_drives(period_s: float) -> None:
    lanes = LaneMap()
    for n in range(5):
        start = 100.0 * n
        path = [(start, 0, 140), (start + 8, 320, 140)]
        drive(lanes, path, track_id=n, period_s=period_s)

    assert passes_at(lanes, 160, 100) == Passes(over=0, beside=5)
    assert passes_at(lanes, 160, 140).over == 5


def test_who_drives_into_a_bay_and_out_of_it_makes_no_lane_of_it() -> None:
    lanes = LaneMap()
    for n in range(5):
        start = 200.0 * n
        arrival = [(start, 0, 140), (start + 6, 160, 100)]
        departure = [(start + 60, 160, 100), (start + 66, 320, 140)]
        drive(lanes, [*arrival, *departure], track_id=n)

    assert passes_at(lanes, 160, 100).over == 0


def test_a_vehicle_counts_once_however_slowly_it_drives() -> None:
    lanes = LaneMap()
    drive(lanes, [(0, 0, 140), (20, 320, 140)], period_s=0.5)

    assert passes_at(lanes, 160, 140) == Passes(over=1, beside=1)


def test_what_stands_is_no_traffic() -> None:
    lanes = LaneMap()
    drive(lanes, [(0, 160, 140), (600, 160, 140)])

    assert passes_at(lanes, 160, 140) == Passes()


def test_a_missed_detection_does_not_hide_a_pass() -> None:
    lanes = LaneMap()
    for t in (0.0, 1.0, 3.0, 4.0):
        box = (60 * t, 104.0, 60 * t + 60, 140.0)
        track = Track(1, "car", box, (60.0, 0.0), 0.0, t)
        lanes.observe([(track, box)], t, preset=None, size=SIZE)
        lanes.observe([], t + 0.5, preset=None, size=SIZE)
    lanes.observe([], 20.0, preset=None, size=SIZE)

    assert passes_at(lanes, 130, 140).over == 1


def test_each_preset_has_lanes_of_its_own() -> None:
    lanes = LaneMap()
    drive(lanes, [(0, 0, 140), (8, 320, 140)])

    assert passes_at(lanes, 160, 140, preset="market") == Passes()


def test_only_the_lanes_of_presets_that_show_something_else_are_forgotten() -> None:
    lanes = LaneMap()
    drive(lanes, [(0, 0, 140), (8, 320, 140)])
    lanes.observe([], 20.0, preset="gate", size=SIZE)
    lanes.observe([], 30.0, preset="gate", size=SIZE)
    lanes.forget({None})

    assert passes_at(lanes, 160, 140).over == 1
    assert (lanes.watched_s(None) > 0, lanes.watched_s("gate")) == (True, 0)


def test_old_traffic_fades_and_counts_stay_bounded() -> None:
    lanes = LaneMap()
    for n in range(400):
        start = 100.0 * n
        drive(lanes, [(start, 0, 140), (start + 4, 320, 140)], track_id=n)

    assert 100 <= passes_at(lanes, 160, 140).over <= 240


def test_only_time_in_which_pictures_came_was_watched() -> None:
    lanes = LaneMap()
    for t in (0.0, 10.0, 5000.0, 5010.0, 3.0, 13.0):  # a gap; then the clock jumps
        lanes.observe([], t, preset="gate", size=SIZE)
    lanes.observe([], 1.0, preset="yard", size=SIZE)

    assert lanes.watched_s("gate") == 30
    assert lanes.watched_s("yard") == 0
    after = LaneMap()
    after.restore(lanes.state())
    assert after.watched_s("gate") == 30
