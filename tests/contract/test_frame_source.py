"""What every frame source promises.

A new source joins by a line in `SOURCES`: how it is made, what it is shown (a fixture
that returns its address), and an address where there is nothing. One that never ends
keeps `ends` False, and so skips what only a recording can be asked.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from typing_extensions import override

from tests.fakes import ManualClock
from tests.footage import number_of, picture, write_clip
from tests.http_camera import Camera, serving
from vision.config.sources import SourceSettings
from vision.core.clock import SystemClock
from vision.core.errors import SourceOpenError, SourceReadError
from vision.core.frame import Frame
from vision.core.ports import FrameSource
from vision.sources.images import ImageSource
from vision.sources.opencv import OpenCVSource
from vision.sources.options import DecodeMode, PacketOptions, StreamOptions
from vision.sources.packets import PacketSource

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)
Make = Callable[[str], FrameSource]
NO_SERVER = "http://127.0.0.1:9/nowhere"


def packets(decode: DecodeMode) -> Make:
    return lambda url: PacketSource(
        PacketOptions(
            camera_id="gate", url=url, period_s=1.0, starts_at=FIRST, decode=decode
        ),
        clock=ManualClock(),
    )


def opencv(url: str) -> FrameSource:
    options = StreamOptions(camera_id="gate", url=url, period_s=1.0, starts_at=FIRST)
    return OpenCVSource(options, clock=ManualClock())


def images(url: str) -> FrameSource:
    options = StreamOptions(camera_id="gate", url=url, period_s=1.0, starts_at=FIRST)
    return ImageSource(options, clock=ManualClock())


@dataclass(frozen=True)
class Case:
    """A kind of source, and footage for it."""

    make: Make
    footage: str = "clip"
    ends: bool = True
    nowhere: str = "nowhere.mp4"


LIVE: dict[str, Make] = {
    "packets": lambda url: PacketSource(
        PacketOptions(camera_id="gate", url=url, period_s=0.1, decode="auto"),
        clock=SystemClock(),
    ),
    "opencv": lambda url: OpenCVSource(
        StreamOptions(camera_id="gate", url=url, period_s=0.1), clock=SystemClock()
    ),
}

SOURCES = {
    "packets-full": Case(packets("full")),
    "packets-nonref": Case(packets("nonref")),
    "packets-key": Case(packets("key")),
    "packets-auto": Case(packets("auto")),
    "opencv": Case(opencv),
    "images": Case(images, "shots", nowhere="nowhere"),
    "packets-live": Case(LIVE["packets"], "stream", ends=False, nowhere=NO_SERVER),
    "opencv-live": Case(LIVE["opencv"], "stream", ends=False, nowhere=NO_SERVER),
}
RECORDINGS = [name for name, case in SOURCES.items() if case.ends]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Five seconds: a key frame, hence a sample, on every second in every mode."""
    folder = tmp_path_factory.mktemp("footage")
    return str(write_clip(folder / "clip.mp4", seconds=5, gop=25))


@pytest.fixture(scope="module")
def shots(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("shots")
    for i in range(5):
        cv2.imwrite(str(folder / f"{i}.png"), picture(25 * i))
    return str(folder)


@pytest.fixture(scope="module")
def stream() -> Iterator[str]:
    with serving(Camera) as url:
        yield url


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Iterator[FrameSource]:
    """Return each source in turn; of a recording, see `recording`."""
    case = SOURCES[request.param]
    source = case.make(request.getfixturevalue(case.footage))
    yield source
    source.close()


recording = pytest.mark.parametrize("source", RECORDINGS, indirect=True)


class UnevenCamera(Camera):
    """Four pictures a second, nothing for a second, then the missing ones at once."""

    fps = 4.0

    @override
    def due_s(self, number: int) -> float:
        return max(number / self.fps, 2.5 if number > 6 else 0.0)


class UnevenEncoder(UnevenCamera):
    """Sends the same with nothing between the pictures."""

    kind = "image/jpeg"

    @override
    def framed(self, jpeg: bytes) -> bytes:
        return jpeg


@pytest.mark.parametrize(
    ("name", "camera"),
    [("packets", UnevenCamera), ("opencv", UnevenCamera), ("packets", UnevenEncoder)],
)
def test_a_stream_without_stamps_takes_as_long_as_its_pictures_take_to_arrive(
    name: str, camera: type[Camera]
) -> None:
    arrived: list[tuple[float, float]] = []
    with serving(camera) as url:
        source = LIVE[name](url)
        for _ in range(2):  # the line is cut in between
            source.open()
            until_s = time.monotonic() + 3.5
            while time.monotonic() < until_s:
                frame = source.read()
                assert frame is not None
                arrived.append((time.monotonic(), frame.media_time_s))
            source.close()
            time.sleep(0.5)

    (wall_0_s, media_0_s), *later = arrived
    off_s = [(media_s - media_0_s) - (wall_s - wall_0_s) for wall_s, media_s in later]
    assert max(map(abs, off_s)) < 1.5  # a picture waits for the next to be decoded
    assert source.live


def rest(source: FrameSource) -> list[Frame]:
    """Return what follows; of what never ends, a few."""
    frames: list[Frame] = []
    while len(frames) < 8 and (frame := source.read()) is not None:
        frames.append(frame)
    return frames


def test_every_kind_of_source_keeps_the_contract() -> None:
    kinds = get_args(get_args(SourceSettings)[0])
    types = {get_args(one.model_fields["type"].annotation)[0] for one in kinds}
    lacking = sorted(types - {name.partition("-")[0] for name in SOURCES})

    assert not lacking, f"add {lacking} to SOURCES in {Path(__file__).name}"


@recording
def test_every_sampled_frame_arrives_once_in_order(source: FrameSource) -> None:
    source.open()
    frames = rest(source)

    assert [frame.index for frame in frames] == [0, 1, 2, 3, 4]
    assert [number_of(frame.image) for frame in frames] == [0, 25, 50, 75, 100]


@recording
def test_frames_carry_camera_media_time_and_wall_time(source: FrameSource) -> None:
    source.open()
    frames = rest(source)

    assert {frame.camera_id for frame in frames} == {"gate"}
    assert [f.media_time_s for f in frames] == pytest.approx([0, 1, 2, 3, 4])
    assert [f.captured_at for f in frames] == [
        FIRST + timedelta(seconds=f.media_time_s) for f in frames
    ]


def test_pictures_are_read_only(source: FrameSource) -> None:
    source.open()
    frame = source.read()

    assert frame is not None
    assert frame.image.shape == (108, 192, 3)
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1


def test_a_frame_outlives_its_source(source: FrameSource) -> None:
    source.open()
    first = source.read()
    assert first is not None
    shown = first.image.copy()
    rest(source)
    source.close()

    assert np.array_equal(first.image, shown)


@recording
def test_a_file_is_not_live_and_stays_at_its_end(source: FrameSource) -> None:
    source.open()
    rest(source)

    assert not source.live
    assert source.read() is None


def test_closing_twice_and_before_opening_is_allowed(source: FrameSource) -> None:
    source.close()
    source.open()
    source.close()
    source.close()


def test_reading_after_closing_is_an_error(source: FrameSource) -> None:
    source.open()
    source.close()

    with pytest.raises(SourceReadError):
        source.read()


def test_it_can_be_opened_again_and_numbers_and_time_go_on(source: FrameSource) -> None:
    source.open()
    first = rest(source)
    source.close()
    source.open()
    again = rest(source)

    assert [f.index for f in first + again][-1] == len(first + again) - 1
    times = [f.media_time_s for f in first + again]
    assert times == sorted(times)


def test_closing_from_another_thread_ends_a_read(source: FrameSource) -> None:
    source.open()
    ended = threading.Event()

    def read_for_ever() -> None:
        try:
            while source.read() is not None:
                pass
        except SourceReadError:
            pass
        ended.set()

    reader = threading.Thread(target=read_for_ever)
    reader.start()
    source.close()

    assert ended.wait(5)
    reader.join(5)


@pytest.mark.parametrize("case", SOURCES.values(), ids=SOURCES)
def test_nothing_there_is_an_error_that_names_it(case: Case, tmp_path: Path) -> None:
    start_s = time.monotonic()
    url = case.nowhere if "://" in case.nowhere else str(tmp_path / case.nowhere)

    with pytest.raises(SourceOpenError, match="nowhere"):
        case.make(url).open()
    assert time.monotonic() - start_s < 5


def test_no_thread_is_left_behind(source: FrameSource) -> None:
    before = set(threading.enumerate())
    source.open()
    source.read()
    source.close()
    left = set(threading.enumerate()) - before

    assert [one.name for one in left if "process_request" not in one.name] == []
