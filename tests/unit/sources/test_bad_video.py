"""Bad video files: a clear message or a health event, never a hang or a crash."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pytest

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip, write_sound
from vision.core.errors import SourceError, SourceOpenError, SourceReadError
from vision.core.frame import Frame
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import FrameSource
from vision.sources.opencv import OpenCVSource
from vision.sources.options import PacketOptions, StreamOptions
from vision.sources.packets import PacketSource

Make = Callable[[Path], FrameSource]

told: list[HealthEvent] = []


@pytest.fixture(autouse=True)
def _fresh() -> None:
    told.clear()


def packets(path: Path) -> FrameSource:
    options = PacketOptions(
        camera_id="gate", url=str(path), decode="full", period_s=0.2
    )
    return PacketSource(options, clock=ManualClock(), on_health=told.append)


def opencv(path: Path) -> FrameSource:
    options = StreamOptions(camera_id="gate", url=str(path), period_s=0.2)
    return OpenCVSource(options, clock=ManualClock(), on_health=told.append)


both = pytest.mark.parametrize("make", [packets, opencv])


def read_until_trouble(source: FrameSource) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    try:
        source.open()
        while (frame := source.read()) is not None:
            frames.append(frame)
    except SourceError as error:
        return frames, str(error)
    finally:
        source.close()
    return frames, ""


@both
def test_a_missing_file_is_named(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"nowhere\.mp4: no such file"):
        make(tmp_path / "nowhere.mp4").open()


@both
def test_a_file_of_zero_bytes_is_named_empty(make: Make, tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()

    with pytest.raises(SourceOpenError, match=r"empty\.mp4: is empty \(0 bytes\)"):
        make(tmp_path / "empty.mp4").open()


@both
def test_a_folder_is_no_video(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match="is a folder, expected a video file"):
        make(tmp_path).open()


@pytest.fixture
def _ordinary_user() -> Iterator[None]:
    """Give up root, who may read everything, for one test."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    yield
    if root:
        os.seteuid(0)


@both
def test_a_file_without_permission_says_so(
    make: Make, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.2)
    clip.chmod(0)
    request.getfixturevalue("_ordinary_user")

    with pytest.raises(SourceOpenError, match=r"clip\.mp4: cannot be read"):
        make(clip).open()


@both
def test_a_file_that_is_no_video_is_refused(make: Make, tmp_path: Path) -> None:
    (tmp_path / "letter.mp4").write_text("Dear sir, this is no video. " * 99)

    with pytest.raises(SourceOpenError, match=r"letter\.mp4"):
        make(tmp_path / "letter.mp4").open()


@both
def test_a_file_with_sound_only_is_refused(make: Make, tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"song\.mp4"):
        make(write_sound(tmp_path / "song.mp4")).open()


def test_the_packet_source_says_what_a_file_holds_instead(tmp_path: Path) -> None:
    with pytest.raises(SourceOpenError, match=r"no video \(streams: audio\)"):
        packets(write_sound(tmp_path / "song.mp4")).open()


@both
def test_an_unfinished_recording_is_refused(make: Make, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", seconds=2).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])  # its index was at the end

    with pytest.raises(SourceOpenError, match=r"cut\.mp4"):
        make(cut).open()


@both
def test_a_truncated_stream_is_read_up_to_the_cut(make: Make, tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.ts", seconds=4).read_bytes()
    cut = tmp_path / "cut.ts"
    cut.write_bytes(whole[: len(whole) // 2 + 77])
    frames, _ = read_until_trouble(make(cut))

    assert 5 <= len(frames) <= 15
    assert number_of(frames[1].image) == 5


def test_the_packet_source_tells_a_file_that_is_cut_short(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", seconds=6, faststart=True).read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole[: len(whole) // 2])
    frames, trouble = read_until_trouble(packets(cut))

    assert len(frames) >= 5
    assert "cut short" in trouble or "damaged" in trouble


@both
def test_damage_in_the_middle_is_survived(make: Make, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.ts", seconds=6, gop=10)
    damaged = bytearray(clip.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 6000] = os.urandom(6000)
    clip.write_bytes(damaged)
    frames, trouble = read_until_trouble(make(clip))

    assert trouble == ""
    assert len(frames) >= 15
    assert frames[-1].media_time_s > 5


def test_a_file_of_garbage_pictures_is_an_error_with_a_count(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.avi", seconds=4, codec="mjpeg")
    rotten = tmp_path / "rotten.avi"
    with av.open(str(clip)) as sound, av.open(str(rotten), "w") as sink:
        stream = sink.add_stream_from_template(sound.streams.video[0])
        for i, packet in enumerate(sound.demux(sound.streams.video[0])):
            if packet.dts is None:
                continue
            spoilt = av.Packet(bytes(packet) if i < 10 else os.urandom(500))
            spoilt.pts, spoilt.dts = packet.pts, packet.dts
            spoilt.time_base = packet.time_base
            spoilt.stream = stream
            sink.mux(spoilt)
    frames, trouble = read_until_trouble(packets(rotten))

    assert len(frames) == 2
    assert "50 packets in a row are damaged" in trouble


def grown(tmp_path: Path) -> Path:
    """Write a stream whose pictures grow after two seconds."""
    first = write_clip(tmp_path / "a.ts", seconds=2, size=(192, 108))
    second = write_clip(
        tmp_path / "b.ts", seconds=2, size=(320, 180), start_s=2.0, first_number=50
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    return joined


def test_a_resolution_that_changes_midway_is_told_and_followed(tmp_path: Path) -> None:
    frames, trouble = read_until_trouble(packets(grown(tmp_path)))

    assert trouble == ""
    assert [f.width for f in frames] == [192] * 10 + [320] * 10
    assert [number_of(f.image) for f in frames] == list(range(0, 100, 5))
    assert [e.kind for e in told] == [HealthKind.RESOLUTION_CHANGED]


def test_opencv_scales_a_changed_resolution_back_to_the_first(tmp_path: Path) -> None:
    frames, trouble = read_until_trouble(opencv(grown(tmp_path)))

    assert trouble == ""
    assert {f.width for f in frames} == {192}
    assert [number_of(f.image) for f in frames] == list(range(0, 100, 5))


@both
def test_time_stamps_that_jump_back_are_told_and_time_goes_on(
    make: Make, tmp_path: Path
) -> None:
    late = write_clip(tmp_path / "late.ts", seconds=3, start_s=100)
    early = write_clip(tmp_path / "early.ts", seconds=3, first_number=75)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(late.read_bytes() + early.read_bytes())
    frames, _ = read_until_trouble(make(joined))

    times = [f.media_time_s for f in frames]
    assert HealthKind.TIME_JUMP in [e.kind for e in told]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(5.8, abs=0.3)
    assert number_of(frames[-1].image) > 140


@both
def test_a_gap_of_thirty_seconds_is_told_and_kept(make: Make, tmp_path: Path) -> None:
    times = [0.0, 0.2, 0.4, 30.4, 30.6, 30.8]
    clip = write_clip(tmp_path / "gap.mkv", times_s=times)
    frames, trouble = read_until_trouble(make(clip))

    assert trouble == ""
    assert [f.media_time_s for f in frames] == pytest.approx(times)
    assert [e.kind for e in told] == [HealthKind.STREAM_GAP]
    assert "30.0 s" in told[0].detail


@both
def test_a_name_with_colons_and_percent_signs_is_just_a_name(
    make: Make, tmp_path: Path
) -> None:
    clip = write_clip(tmp_path / "plain.mp4", seconds=0.4)
    odd = clip.rename(tmp_path / "cam: 08%3A00 №1.mp4")
    frames, trouble = read_until_trouble(make(odd))

    assert trouble == ""
    assert len(frames) == 2


@both
def test_damage_prints_nothing(
    make: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clip = write_clip(tmp_path / "clip.ts", seconds=2)
    damaged = bytearray(clip.read_bytes())
    damaged[9000:12000] = os.urandom(3000)
    clip.write_bytes(damaged)
    read_until_trouble(make(clip))
    read_until_trouble(make(tmp_path / "nowhere.ts"))

    assert capfd.readouterr() == ("", "")


def test_reading_what_was_never_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceReadError, match="not open; call open first"):
        packets(write_clip(tmp_path / "clip.mp4", seconds=0.2)).read()


@pytest.mark.parametrize("key", ["period_s", "open_timeout_s", "read_timeout_s"])
def test_options_that_cannot_work_are_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f"gate: {key}: got 0"):
        StreamOptions(camera_id="gate", url="x", **{key: 0})  # type: ignore[arg-type]  # one option by name
