"""Media time from time stamps that cannot be trusted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import ManualClock
from vision.core.health import HealthEvent, HealthKind
from vision.sources.position import MediaClock, Stamp
from vision.sources.report import CameraReport

WRAP_33_S = 2**33 / 90_000
WRAP_32_S = 2**32 / 90_000


class Rig:
    """A media clock with its wall clock and what it told."""

    def __init__(self, *, live: bool, fps: float = 25.0) -> None:
        self.wall = ManualClock()
        self.told: list[HealthEvent] = []
        self.fps = fps
        report = CameraReport("gate", clock=self.wall, listener=self.told.append)
        self.media = MediaClock(clock=self.wall, live=live, report=report)

    def connect(self, origin_s: float | None = None) -> None:
        self.media.connected(
            nominal_s=1 / self.fps,
            began_s=self.wall.monotonic_s(),
            origin_s=origin_s,
        )

    def at(self, stamp_s: float | None, *, passes_s: float = 0.04) -> float:
        self.wall.advance(passes_s)
        return self.media.at(Stamp(None, stamp_s), waited=1.0)

    @property
    def kinds(self) -> list[HealthKind]:
        return [event.kind for event in self.told]


@pytest.fixture
def live() -> Rig:
    rig = Rig(live=True)
    rig.connect()
    return rig


@pytest.fixture
def file() -> Rig:
    rig = Rig(live=False)
    rig.connect(origin_s=0.0)
    return rig


def test_a_live_stream_starts_at_zero_whatever_its_first_stamp(live: Rig) -> None:
    assert live.at(123_456.0) == 0.0
    assert live.at(123_456.04) == pytest.approx(0.04)


def test_a_file_counts_from_its_declared_start() -> None:
    rig = Rig(live=False)
    rig.connect(origin_s=1.4)

    assert rig.at(1.4) == pytest.approx(0.0)
    assert rig.at(1.9) == pytest.approx(0.5)


@pytest.mark.parametrize("wrap_s", [WRAP_33_S, WRAP_32_S, 2**32 / 1000])
@pytest.mark.parametrize("is_live", [True, False])
def test_a_counter_that_wraps_is_no_jump(wrap_s: float, *, is_live: bool) -> None:
    rig = Rig(live=is_live)
    rig.connect(origin_s=wrap_s - 0.06)
    times = [rig.at(s) for s in (wrap_s - 0.06, wrap_s - 0.02, 0.02, 0.06)]

    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12], abs=1e-6)
    assert rig.told == []


def test_reordered_pictures_around_a_wrap_keep_their_order(live: Rig) -> None:
    stamps = [WRAP_33_S - 0.04, 0.04, WRAP_33_S - 0.0001, 0.08]
    times = [live.at(s) for s in stamps]

    assert times == pytest.approx([0.0, 0.08, 0.04, 0.12], abs=1e-3)
    assert live.told == []


def test_a_live_clock_that_jumps_forward_goes_on_by_wall_time(live: Rig) -> None:
    live.at(10.0)
    after = live.at(3610.0)

    assert after == pytest.approx(0.04)
    assert live.kinds == [HealthKind.TIME_JUMP]
    assert "+3600.0 s" in live.told[0].detail


@pytest.mark.parametrize("is_live", [True, False])
def test_a_clock_that_jumps_back_never_turns_media_time_back(*, is_live: bool) -> None:
    rig = Rig(live=is_live)
    rig.connect(origin_s=100.0)
    times = [rig.at(s) for s in (100.0, 100.04, 5.0, 5.04)]

    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert rig.kinds == [HealthKind.TIME_JUMP]


def test_a_gap_in_a_file_is_told_and_kept(file: Rig) -> None:
    file.at(0.0)
    after = file.at(30.0)

    assert after == pytest.approx(30.0)
    assert file.kinds == [HealthKind.STREAM_GAP]
    assert "30.0 s" in file.told[0].detail


def test_a_live_gap_that_the_wall_clock_confirms_is_kept(live: Rig) -> None:
    live.at(7.0)
    after = live.at(37.0, passes_s=30.0)

    assert after == pytest.approx(30.0)
    assert live.kinds == [HealthKind.STREAM_GAP]


def test_a_burst_after_a_stall_is_neither_jump_nor_gap(live: Rig) -> None:
    live.at(0.0)
    live.at(0.04, passes_s=10.0)
    burst = [live.at(0.04 * i, passes_s=0.0) for i in range(2, 250)]

    assert burst[-1] == pytest.approx(0.04 * 249)
    assert live.told == []


def test_what_a_camera_drops_while_reading_lags_is_a_gap_and_no_jump(
    live: Rig,
) -> None:
    for i in range(250):  # half as fast as they come: five seconds of lag, at 10 s
        live.at(i * 0.02, passes_s=0.04)
    after_s = live.at(9.5, passes_s=0.04)

    assert after_s == pytest.approx(9.5)
    assert live.kinds == [HealthKind.STREAM_GAP]


def test_a_file_that_claims_to_skip_a_month_does_not(file: Rig) -> None:
    file.at(0.0)
    after = file.at(30 * 86400.0)

    assert after == pytest.approx(0.04)
    assert file.kinds == [HealthKind.TIME_JUMP]


def test_missing_stamps_of_a_file_run_at_its_nominal_rate(file: Rig) -> None:
    times = [file.at(s, passes_s=0.001) for s in (0.0, None, None, 0.12)]

    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])


def test_missing_stamps_of_a_live_stream_run_by_the_wall_clock(live: Rig) -> None:
    times = [live.at(None, passes_s=p) for p in (0.0, 0.5, 0.25)]

    assert times == pytest.approx([0.0, 0.5, 0.75])


def test_stamps_that_stand_still_give_way_to_the_wall_clock(live: Rig) -> None:
    times = [live.at(50.0, passes_s=0.5) for _ in range(21)]

    assert times[-1] == pytest.approx(10.0)  # the first seconds are made up for
    assert live.kinds == [HealthKind.TIME_JUMP]


def test_stamps_of_a_file_that_stand_still_give_way_to_its_usual_rate(
    file: Rig,
) -> None:
    times = [file.at(0.0) for _ in range(251)]

    assert times[:20] == [0.0] * 20  # parts of one picture bear one time
    assert times[-1] == pytest.approx(10.0)
    assert times == sorted(times)
    assert file.kinds == [HealthKind.TIME_JUMP]


def test_a_reconnected_stream_continues_after_the_time_it_was_away(live: Rig) -> None:
    live.at(500.0)
    live.at(500.04)
    live.wall.advance(20.0)
    live.connect()
    after = live.at(3.0, passes_s=1.2)

    assert after == pytest.approx(20.04)
    assert live.kinds == [HealthKind.STREAM_GAP]


def test_a_quick_reconnect_is_no_gap(live: Rig) -> None:
    live.at(500.0)
    live.wall.advance(1.0)
    live.connect()
    after = live.at(0.0)

    assert after == pytest.approx(1.0)
    assert live.told == []


def test_reconnecting_often_does_not_make_media_time_run_ahead(live: Rig) -> None:
    # Opening takes a second, in which pictures are taken and wait.
    latest_s = 0.0
    for _ in range(10):
        live.wall.advance(0.5)
        live.connect()
        live.wall.advance(1.0)
        for i in range(26):
            latest_s = live.at(0.04 * i, passes_s=0.0)

    assert latest_s == pytest.approx(live.wall.monotonic_s() - 0.5, abs=0.1)


@pytest.mark.parametrize("missing", [0, 1, 3])
def test_a_reconnected_stream_may_lack_its_first_stamps(
    live: Rig, missing: int
) -> None:
    live.wall.advance(4000.0)  # the machine has been up for long
    live.connect()
    first_s = 0.0
    for connection in range(2):
        for _ in range(missing):
            live.at(None)
        first_s = live.at(70.0 * connection)
        live.wall.advance(8.0)
        live.connect()
        live.wall.advance(1.0)

    assert first_s == pytest.approx(8.0 + 0.08 * missing, abs=0.1)


def test_b_frames_are_shown_when_they_say_however_they_are_stored() -> None:
    rig = Rig(live=False)
    rig.connect(origin_s=0.0)
    stored = [(-0.08, 0.0), (-0.04, 0.12), (0.0, 0.04), (0.04, 0.08)]
    times = [rig.media.at(Stamp(dts, pts)) for dts, pts in stored]

    assert times == pytest.approx([0.0, 0.12, 0.04, 0.08])
    assert rig.told == []


@pytest.mark.parametrize("rate", [10 / 25, 20 / 25, 30 / 25, 0.9, 1.1])
def test_a_live_stream_that_counts_pictures_is_timed_by_the_wall_clock(
    live: Rig, rate: float
) -> None:
    step_s = 0.04 / rate
    times = [live.at(i * 0.04, passes_s=step_s) for i in range(round(400 / step_s))]
    after = [round(at_s / step_s) for at_s in (100, 399)]

    assert times[after[1]] - times[after[0]] == pytest.approx(299, abs=0.5)
    assert live.kinds == [HealthKind.TIME_JUMP]
    assert f"{rate:.2f} s per second" in live.told[0].detail


@pytest.mark.parametrize("rate", [0.97, 1.0, 1.03])
def test_a_clock_that_is_a_little_off_is_believed(live: Rig, rate: float) -> None:
    times = [live.at(i * 0.1 * rate, passes_s=0.1) for i in range(6000)]

    assert times[-1] == pytest.approx(599.9 * rate)
    assert live.told == []


def test_a_rate_that_falls_at_night_is_noticed_then(live: Rig) -> None:
    latest_s = 0.0
    for i in range(12_500):  # 200 s at 25 pictures a second, then 750 s at 10
        latest_s = live.at(i * 0.04, passes_s=0.04 if i < 5000 else 0.1)

    lost_s = live.wall.monotonic_s() - latest_s
    assert live.kinds == [HealthKind.TIME_JUMP]
    assert lost_s < 120 * 0.6  # as much as two minutes at the wrong rate cost


def test_a_stream_found_to_count_pictures_is_not_believed_when_it_is_back(
    live: Rig,
) -> None:
    for i in range(1500):
        live.at(i * 0.04, passes_s=0.1)
    before_s = live.at(60.0, passes_s=0.1)
    live.wall.advance(20.0)
    live.connect()
    live.wall.advance(1.0)
    times = [live.at(i * 0.04, passes_s=0.1) for i in range(1500)]

    assert times[0] == pytest.approx(before_s + 21.1)
    assert times[-1] == pytest.approx(before_s + 21.1 + 149.9)
    assert live.kinds == [HealthKind.TIME_JUMP, HealthKind.STREAM_GAP]


@given(
    waited_s=st.floats(0, 3),
    stalls=st.dictionaries(
        st.integers(0, 4), st.tuples(st.floats(0, 40), st.floats(0, 10))
    ),
    speed=st.floats(1.25, 50),
)
def test_bursts_are_no_wrong_rate(
    waited_s: float, stalls: dict[int, tuple[float, float]], speed: float
) -> None:
    rig = Rig(live=True)
    rig.connect()
    arrived_s = waited_s  # the first pictures wait while the connection is made
    for i in range(600):
        taken_s = 0.5 * i
        # What waited comes as fast as the line lets it.
        free_s = arrived_s + 0.5 / speed
        start_s, lasts_s = stalls.get(int(free_s // 60), (0.0, 0.0))
        over_s = 60 * (free_s // 60) + start_s + lasts_s
        stalled = over_s - lasts_s <= free_s < over_s
        arrived_s = max(taken_s, over_s if stalled else free_s)
        rig.at(taken_s, passes_s=arrived_s - rig.wall.monotonic_s())

    assert HealthKind.TIME_JUMP not in rig.kinds


@pytest.mark.parametrize(
    "delays",
    [
        pytest.param([(100, 0), (105, 5)], id="a line that becomes slower"),
        pytest.param([(100, 5), (105, 0)], id="a line that becomes faster"),
        pytest.param([(100, 0), (110, 10), (230, 0)], id="a queue that empties slowly"),
    ],
)
def test_a_delay_that_changes_is_no_wrong_rate(
    live: Rig, delays: list[tuple[float, float]]
) -> None:
    at_s, delay_s = zip(*delays, strict=True)
    for i in range(2000):
        taken_s = 0.2 * i
        arrives_s = taken_s + float(np.interp(taken_s, at_s, delay_s))
        live.at(taken_s, passes_s=max(0.0, arrives_s - live.wall.monotonic_s()))

    assert live.told == []


def test_a_recording_that_is_read_as_if_live_keeps_its_stamps() -> None:
    rig = Rig(live=True)
    rig.media.connected(nominal_s=0.04, began_s=0.0, finite=True)
    times = [rig.at(i * 0.04, passes_s=0.1) for i in range(3000)]

    assert times[-1] == pytest.approx(2999 * 0.04)
    assert rig.told == []


def test_a_file_is_timed_by_its_stamps_however_fast_it_is_read(file: Rig) -> None:
    times = [file.at(i * 0.04, passes_s=0.1) for i in range(3000)]

    assert times[-1] == pytest.approx(2999 * 0.04)
    assert file.told == []


@given(
    start_s=st.floats(0, 2 * WRAP_33_S),
    steps=st.lists(st.integers(1, 250), min_size=1, max_size=60),
)
def test_true_time_survives_any_start_and_any_frame_rate(
    start_s: float, steps: list[int]
) -> None:
    rig = Rig(live=True)
    rig.connect()
    true_s, times, expected = 0.0, [rig.at(start_s % WRAP_33_S)], [0.0]
    for step in steps:
        true_s += step / 100
        expected.append(true_s)
        times.append(rig.at((start_s + true_s) % WRAP_33_S, passes_s=step / 100))

    assert times == pytest.approx(expected, abs=1e-4)
    assert rig.told == []


@given(
    stamps=st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=60),
    is_live=st.booleans(),
)
def test_garbage_stamps_never_move_time_far_or_back(
    stamps: list[float | None], *, is_live: bool
) -> None:
    rig = Rig(live=is_live)
    rig.connect()
    latest_s = 0.0
    for stamp in stamps:
        now_s = rig.at(stamp)

        assert now_s >= latest_s - 1.0
        latest_s = max(latest_s, now_s)
    if is_live:
        assert latest_s <= len(stamps) * (3.0 + 0.04)
