"""A machine that cannot decode all it is sent sheds pictures, not cameras."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip
from vision.core.arrays import ImageU8
from vision.sources.lag import Lag
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource
from vision.sources.position import Stamp
from vision.sources.stream import Facts, StreamSource, Timeline


def read(lag: Lag, *, seconds: float, rate: float) -> None:
    """Read a stream at `rate` media seconds per second."""
    step_s = 0.04
    for i in range(round(seconds / step_s)):
        lag.note(i * step_s * rate, i * step_s)


@given(offset_s=st.floats(-1e6, 1e6), drift=st.floats(-5e-4, 5e-4))
def test_a_stream_that_is_read_as_it_comes_is_never_behind(
    offset_s: float, drift: float
) -> None:
    lag = Lag(2.0)
    for i in range(2000):
        lag.note(i * 2.0 * (1 + drift) + offset_s, i * 2.0)
        assert lag.behind_s < 0.1
        assert not lag.too_far


def test_reading_too_slowly_is_noticed_after_one_and_a_half_periods() -> None:
    soon, late = Lag(2.0), Lag(2.0)
    read(soon, seconds=10, rate=0.8)
    read(late, seconds=20, rate=0.8)

    assert not soon.too_far
    assert late.too_far
    assert 3.0 < late.behind_s < 4.5


def test_what_waited_while_the_connection_was_made_is_no_lag() -> None:
    lag = Lag(1.0)
    for i in range(100):  # a burst of four seconds at once
        lag.note(i * 0.04, 10.0)
    for i in range(100, 200):
        lag.note(i * 0.04, 10.0 + (i - 100) * 0.04)
        assert not lag.too_far


def test_a_delay_that_reading_alone_does_not_make_up_is_not_ours() -> None:
    lag = Lag(2.0)
    shed_s = 0.0
    for i in range(15_000):  # ten minutes of a camera that counts 1 % too slowly
        lag.note(i * 0.04 * 0.99, i * 0.04)
        shed_s += 0.04 * lag.too_far

    assert 0 < shed_s < 60


class DeafCamera:
    """A stream at real time whose first picture comes long after it was asked for."""

    facts = Facts(live=True, nominal_s=0.5)

    def __init__(self, clock: ManualClock, deaf_s: float) -> None:
        clock.advance(deaf_s)
        self._clock = clock
        self._number = 0

    def next_picture(self, timeline: Timeline) -> tuple[ImageU8, float] | None:
        while self._number < 40:
            stamp_s = 0.5 * self._number
            self._number += 1
            self._clock.advance(0.5)
            media_s = timeline.at(Stamp(stamp_s, stamp_s))
            if timeline.due(media_s) and not timeline.spare(media_s):
                return np.zeros((2, 2, 3), np.uint8), media_s
        return None

    def close(self) -> None:
        """Nothing to let go."""


def test_a_camera_that_is_slow_to_answer_is_watched_from_its_first_picture_on() -> None:
    clock, waits_s = ManualClock(), iter((0.0, 15.0))
    options = StreamOptions(camera_id="gate", url="rtsp://gate", period_s=2.0)
    source = StreamSource(
        options, lambda: DeafCamera(clock, next(waits_s)), clock=clock
    )
    for _ in range(2):
        source.open()
        seen = 0
        while source.read() is not None:
            seen += 1
        assert seen == 10
    assert source.shed == 0


class SlowMachine(ManualClock):
    """Each look at the clock takes time: a machine busy with other cameras."""

    def __init__(self, step_s: float) -> None:
        super().__init__()
        self._step_s = step_s

    @override
    def monotonic_s(self) -> float:
        self.advance(self._step_s)
        return super().monotonic_s()


def played(clip: Path, clock: ManualClock) -> tuple[list[int], int]:
    source = PacketSource(
        PacketOptions(
            camera_id="gate", url=str(clip), decode="key", period_s=1.0, live=True
        ),
        clock=clock,
    )
    source.open()
    numbers = []
    while (frame := source.read()) is not None:
        numbers.append(number_of(frame.image))
    source.close()
    return numbers, source.shed


def test_late_key_frames_are_shed_and_counted_and_the_others_are_true(
    tmp_path: Path,
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=12, gop=25)
    every, none = played(clip, SlowMachine(0.001))
    some, shed = played(clip, SlowMachine(0.03))

    assert (len(every), none) == (12, 0)
    assert shed > 0
    assert len(some) + shed == 12
    assert set(some) < set(every)
