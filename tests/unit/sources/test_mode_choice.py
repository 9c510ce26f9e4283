"""As little decoding as gives one picture per period."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip
from vision.sources.choice import ModeChoice
from vision.sources.converted import fitted
from vision.sources.options import DecodeMode, PacketOptions
from vision.sources.packets import PacketSource


def reaches(
    key_times_s: list[float], *, period_s: float, mode: DecodeMode = "auto"
) -> list[str]:
    choice = ModeChoice(mode, period_s=period_s, nominal_s=0.04)
    return [choice.reach, *(choice.at_key_frame(t) for t in key_times_s)]


def test_key_frames_suffice_from_the_start_where_they_come_often_enough() -> None:
    assert set(reaches([0, 1, 2, 3], period_s=2.0)) == {"key"}


def test_key_frames_too_far_apart_are_not_enough() -> None:
    assert set(reaches([0, 4, 8, 12, 16], period_s=2.0)[2:]) == {"nonref"}


def test_an_overdue_key_frame_is_noticed_before_it_comes() -> None:
    choice = ModeChoice("auto", period_s=2.0, nominal_s=0.04)
    choice.at_key_frame(10.0)

    assert not choice.too_late(12.0)
    assert choice.too_late(12.2)
    assert choice.give_up_hope() == "nonref"
    assert not choice.too_late(99.0)
    assert choice.at_key_frame(100.0) == "nonref"
    assert choice.at_key_frame(101.0) == "nonref"  # once is no habit
    assert choice.at_key_frame(102.0) == "key"


def test_a_camera_that_starts_to_send_fewer_key_frames_is_decoded_more() -> None:
    assert reaches([0, 1, 2, 12, 22], period_s=1.0)[-2:] == ["nonref", "nonref"]


def test_jitter_of_the_stamps_changes_nothing() -> None:
    assert reaches([0, 1.02, 2.01, 3.04], period_s=1.0)[-1] == "key"


def test_a_period_of_few_pictures_needs_them_all() -> None:
    assert set(reaches([0, 1, 2], period_s=0.1)[2:]) == {"full"}


@pytest.mark.parametrize("mode", ["full", "nonref", "key"])
def test_a_mode_that_was_asked_for_stays(mode: DecodeMode) -> None:
    assert set(reaches([0, 1, 2, 90], period_s=1.0, mode=mode)) == {mode}


def auto(clip: Path, *, period_s: float) -> list[tuple[float, int]]:
    options = PacketOptions(
        camera_id="gate", url=str(clip), period_s=period_s, decode="auto"
    )
    source = PacketSource(options, clock=ManualClock())
    source.open()
    taken = []
    while (frame := source.read()) is not None:
        taken.append((round(frame.media_time_s, 3), number_of(frame.image)))
    source.close()
    return taken


@pytest.mark.parametrize(("gop", "b_frames"), [(25, 0), (25, 2), (100, 2), (250, 0)])
def test_no_period_is_missed_whatever_the_distance_of_key_frames(
    tmp_path: Path, gop: int, b_frames: int
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=10, gop=gop, b_frames=b_frames)
    taken = auto(clip, period_s=1.0)

    times = [t for t, _ in taken]
    assert times == pytest.approx(list(range(10)), abs=0.17)
    assert [n for _, n in taken] == [round(t * 25) for t in times]


def test_changing_the_mode_midway_loses_and_repeats_no_picture(tmp_path: Path) -> None:
    far = write_clip(tmp_path / "far.ts", seconds=4, gop=100, b_frames=2)
    near = write_clip(
        tmp_path / "near.ts", seconds=6, gop=25, b_frames=2, start_s=4, first_number=100
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(far.read_bytes() + near.read_bytes())
    taken = auto(joined, period_s=1.0)

    numbers = [n for _, n in taken]
    assert numbers == sorted(set(numbers))
    assert numbers[-2:] == [200, 225]  # key frames by then
    gaps = [after - before for (before, _), (after, _) in pairwise(taken)]
    assert max(gaps) < 2.0  # the period and one distance of key frames


@given(
    width=st.integers(2, 8000),
    height=st.integers(2, 8000),
    longest=st.integers(64, 4000),
)
def test_a_fitted_picture_is_small_enough_and_never_enlarged(
    width: int, height: int, longest: int
) -> None:
    w, h = fitted(width, height, longest)

    assert max(w, h) <= longest or (w, h) == (width, height)
    assert w <= max(width, 2)
    assert h <= max(height, 2)


def test_pictures_are_scaled_in_the_conversion(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1, size=(640, 360))
    options = PacketOptions(camera_id="gate", url=str(clip), longest_side_px=320)
    source = PacketSource(options, clock=ManualClock())
    source.open()
    frame = source.read()
    source.close()

    assert frame is not None
    assert (frame.width, frame.height) == (320, 180)
    assert number_of(frame.image) == 0


def test_the_sub_stream_is_read_when_there_is_one(tmp_path: Path) -> None:
    main = write_clip(tmp_path / "main.mp4", seconds=1, size=(640, 360))
    sub = write_clip(tmp_path / "sub.mp4", seconds=1, size=(192, 108))

    assert first_width(main, sub) == 192


def test_the_main_stream_stands_in_for_a_sub_stream_that_fails(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    main = write_clip(tmp_path / "main.mp4", seconds=1, size=(640, 360))

    assert first_width(main, tmp_path / "gone.mp4") == 640
    assert "sub-stream not usable" in caplog.text


def first_width(main: Path, sub: Path) -> int:
    options = PacketOptions(camera_id="gate", url=str(main), sub_url=str(sub))
    source = PacketSource(options, clock=ManualClock())
    source.open()
    frame = source.read()
    source.close()
    assert frame is not None
    return frame.width


@pytest.mark.parametrize("gop", [100, 250])
def test_a_late_key_frame_costs_no_picture_of_what_lay_between(
    tmp_path: Path, gop: int
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=12, gop=gop, b_frames=0)
    taken = auto(clip, period_s=2.0)

    assert [t for t, _ in taken] == pytest.approx([0, 2, 4, 6, 8, 10], abs=0.17)
    assert [n for _, n in taken] == [round(t * 25) for t, _ in taken]
