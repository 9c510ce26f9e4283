"""A machine that cannot decode a whole stream falls back on its key frames."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip
from vision.core.arrays import ImageU8
from vision.core.health import HealthEvent, HealthKind
from vision.sources.choice import ModeChoice
from vision.sources.decode import PictureDecoder
from vision.sources.options import StreamOptions
from vision.sources.position import Stamp
from vision.sources.stream import Facts, StreamSource, Timeline

FPS = 10
GOP = 40  # pictures


class Camera:
    """Ten pictures a second, each made from the one before, and who decodes them."""

    facts = Facts(live=True, nominal_s=1 / FPS)

    def __init__(
        self,
        clock: ManualClock,
        decoding_s: Callable[[float], float],
        arrival_s: Callable[[float], float] = lambda at_s: at_s,
    ) -> None:
        """Begin.

        Args:
            clock: moved by waiting and by decoding.
            decoding_s: what a picture costs at a time, seconds.
            arrival_s: when the picture of a stamp is there to be read.
        """
        self._clock = clock
        self._decoding_s = decoding_s
        self._arrival_s = arrival_s
        self._number = -1
        self._noted_s = 0.0
        self._hurried = False
        self.oldest_s = 0.0
        self.trials = 0

    def next_picture(self, timeline: Timeline) -> tuple[ImageU8, float]:
        while True:
            self._number += 1
            key = self._number % GOP == 0
            stamp_s = self._number / FPS
            here_s = self._arrival_s(stamp_s)
            wait_s = max(0.0, here_s - self._clock.monotonic_s())
            self._clock.advance(wait_s + 0.001)
            now_s = self._clock.monotonic_s()
            waited, self._noted_s = wait_s / (now_s - self._noted_s), now_s
            media_s = timeline.at(Stamp(stamp_s, stamp_s), waited=waited)
            hurried = timeline.hurried(waited=waited, whole=not self._hurried)
            if self._hurried and key and not hurried:
                self.trials += 1
            self._hurried = hurried or (self._hurried and not key)
            self.oldest_s = max(self.oldest_s, now_s - here_s)
            due = timeline.due(media_s)
            if self._hurried and not (key and due and not timeline.spare(media_s)):
                continue
            self._clock.advance(self._decoding_s(now_s))
            if due:
                return np.zeros((2, 2, 3), np.uint8), media_s

    def close(self) -> None:
        """Nothing to let go."""


class Watched:
    """One camera on one machine, read for a while."""

    def __init__(
        self,
        decoding_s: Callable[[float], float],
        arrival_s: Callable[[float], float] = lambda at_s: at_s,
    ) -> None:
        self.told: list[HealthEvent] = []
        self.clock = ManualClock()
        self.camera = Camera(self.clock, decoding_s, arrival_s)
        options = StreamOptions(camera_id="gate", url="rtsp://gate", period_s=1.0)
        self.source = StreamSource(
            options, lambda: self.camera, clock=self.clock, on_health=self.told.append
        )
        self.source.open()
        self.times_s: list[float] = []

    def until(self, at_s: float) -> None:
        while self.clock.monotonic_s() < at_s:
            frame = self.source.read()
            assert frame is not None
            self.times_s.append(frame.media_time_s)

    @property
    def states(self) -> list[tuple[HealthKind, bool]]:
        return [(event.kind, event.ok) for event in self.told]


BEGINS, ENDS = (HealthKind.OVERLOAD, False), (HealthKind.OVERLOAD, True)


@pytest.mark.parametrize(
    ("busy", "told"),
    [
        pytest.param(1.0, [BEGINS, ENDS, BEGINS], id="a trial looks well for a minute"),
        pytest.param(1.05, [BEGINS], id="a little too much"),
        pytest.param(5.0, [BEGINS], id="far too much"),
    ],
)
def test_what_is_too_much_is_read_by_its_key_frames_until_it_is_not(
    busy: float, told: list[tuple[HealthKind, bool]]
) -> None:
    ends_s = 3600.0
    watched = Watched(lambda now_s: busy / FPS if now_s < ends_s else 0.2 / FPS)
    watched.until(ends_s)
    overloaded, trials = watched.states, watched.camera.trials
    seen, shed = len(watched.times_s), watched.source.shed
    watched.until(ends_s + 1500)

    assert overloaded == told
    assert "only its key frames" in watched.told[0].detail
    assert watched.camera.oldest_s < 10
    assert seen + shed == pytest.approx(ends_s, abs=40)
    assert trials <= 9
    assert watched.states == [*told, ENDS]
    assert watched.times_s[-60:] == pytest.approx(
        [watched.times_s[-60] + i for i in range(60)]
    )


def test_who_was_held_up_once_makes_up_for_it_and_loses_nothing() -> None:
    held = iter([4.5])
    watched = Watched(lambda now_s: next(held, 0.02) if now_s > 60 else 0.02)
    watched.until(120)

    assert watched.told == []
    assert watched.times_s == pytest.approx(list(range(len(watched.times_s))))
    assert watched.source.shed == 0


@pytest.mark.parametrize(
    "arrival_s",
    [
        pytest.param(lambda at_s: at_s * 1.04, id="a camera's clock is slow"),
        pytest.param(lambda at_s: at_s + 6 * (30 < at_s < 60), id="a line is slow"),
    ],
)
def test_a_delay_that_is_not_ours_makes_nobody_retreat(
    arrival_s: Callable[[float], float],
) -> None:
    watched = Watched(lambda _: 0.02, arrival_s)
    watched.until(300)

    assert watched.told == []
    assert watched.source.shed == 0


def shown(frame: VideoFrame) -> ImageU8:
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_key_frames_do_while_it_hurries_and_all_is_decoded_from_the_next_one_on(
    tmp_path: Path, b_frames: int
) -> None:
    path = write_clip(tmp_path / "clip.mp4", seconds=8, gop=25, b_frames=b_frames)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        choice = ModeChoice("full", period_s=0.04, nominal_s=0.04)
        decoder = PictureDecoder(video.codec_context, choice=choice, threads=1)
        pictures = []
        for number, packet in enumerate(container.demux(video)):
            if packet.dts is None:
                pictures += decoder.rest()
                continue
            pictures += decoder.decode(
                packet,
                media_time_s=float((packet.pts or 0) * (video.time_base or 0)),
                needed=True,
                hurried=60 <= number < 130,
            )
    numbers = [number_of(shown(frame)) for frame, _ in pictures]
    whole = [n for n in numbers if not 50 <= n < 150]

    assert numbers == sorted(set(numbers))
    assert whole == [*range(50), *range(150, 200)]
    assert [n for n in numbers if 65 <= n < 150] == [75, 100, 125]
    assert [round(at_s * 25) for _, at_s in pictures] == numbers
