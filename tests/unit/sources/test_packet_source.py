"""The packet source decodes little, hands out every packet and keeps true time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.footage import number_of, turned, write_clip
from vision.core.frame import Frame, TimeSource
from vision.core.packets import EncodedPacket
from vision.sources.options import DecodeMode, PacketOptions
from vision.sources.packets import PacketSource

FIRST = datetime(2026, 3, 1, 12, tzinfo=UTC)


def options(
    path: Path, *, decode: DecodeMode = "full", period_s: float = 0.5
) -> PacketOptions:
    return PacketOptions(
        camera_id="gate",
        url=str(path),
        decode=decode,
        period_s=period_s,
        starts_at=FIRST,
        open_timeout_s=5,
        read_timeout_s=5,
    )


def frames_of(source: PacketSource) -> list[Frame]:
    source.open()
    frames = []
    while (frame := source.read()) is not None:
        frames.append(frame)
    source.close()
    return frames


def sampled(path: Path, **wishes: object) -> list[tuple[float, int]]:
    source = PacketSource(options(path, **wishes), clock=ManualClock())  # type: ignore[arg-type]  # keywords for the fields
    return [
        (round(frame.media_time_s, 3), number_of(frame.image))
        for frame in frames_of(source)
    ]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv"])
@pytest.mark.parametrize("b_frames", [0, 2])
def test_each_frame_bears_the_time_at_which_it_is_shown(
    tmp_path: Path, suffix: str, b_frames: int
) -> None:
    clip = write_clip(tmp_path / f"clip{suffix}", seconds=2, b_frames=b_frames)

    assert sampled(clip) == [(0.0, 0), (0.52, 13), (1.0, 25), (1.52, 38)]


def test_key_mode_hands_out_key_frames_only(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=4, gop=25, b_frames=2)

    assert sampled(clip, decode="key") == [(0.0, 0), (1.0, 25), (2.0, 50), (3.0, 75)]


@pytest.mark.parametrize(
    ("codec", "name"),
    [("libx265", "clip.mp4"), ("libvpx-vp9", "clip.webm"), ("mjpeg", "clip.avi")],
)
@pytest.mark.parametrize("decode", ["full", "nonref", "key", "auto"])
def test_other_codecs_are_read_alike(
    tmp_path: Path, codec: str, name: str, decode: DecodeMode
) -> None:
    clip = write_clip(tmp_path / name, codec=codec, seconds=3, gop=25)

    expected = [(0.0, 0), (1.0, 25), (2.0, 50)]
    assert sampled(clip, decode=decode, period_s=1.0) == expected


def test_key_mode_skips_key_frames_that_are_not_due(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=4, gop=5)

    times = [t for t, _ in sampled(clip, decode="key", period_s=1.5)]

    assert times == [0.0, 1.6, 3.0]


def test_a_key_frame_is_there_before_the_next_packet(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=4, gop=25, b_frames=2)
    packets: list[EncodedPacket] = []
    source = PacketSource(
        options(clip, decode="key"), clock=ManualClock(), on_packet=packets.append
    )
    source.open()
    source.read()
    source.read()
    source.close()

    assert packets[-1].is_keyframe
    assert packets[-1].media_time_s == pytest.approx(1.0)


def test_nonref_mode_reads_the_same_times_from_a_clip_without_b_frames(
    tmp_path: Path,
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2)

    assert sampled(clip, decode="nonref") == sampled(clip, decode="full")


def test_nonref_mode_leaves_out_only_pictures_nobody_refers_to(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2, b_frames=2)
    full = sampled(clip, decode="full", period_s=0.001)
    nonref = sampled(clip, decode="nonref", period_s=0.001)

    assert len(full) == 50
    assert 10 < len(nonref) < 40
    assert set(nonref) < set(full)


@pytest.mark.parametrize("fps", [0.5, 12.5, 29.97, 50.0])
def test_sampling_is_by_seconds_at_any_frame_rate(tmp_path: Path, fps: float) -> None:
    clip = write_clip(tmp_path / "clip.mp4", fps=fps, seconds=6, size=(96, 64))
    times = [t for t, _ in sampled(clip, period_s=2.0)]

    assert times == pytest.approx([0.0, 2.0, 4.0], abs=1 / fps)
    assert all(t >= due for t, due in zip(times, (0.0, 2.0, 4.0), strict=True))


def test_a_variable_frame_rate_is_followed(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.9, 0.95, 1.3, 2.04, 2.05, 2.9, 3.01]
    clip = write_clip(tmp_path / "vfr.mkv", times_s=times)

    assert sampled(clip, period_s=1.0) == [(0.0, 0), (1.3, 4), (2.04, 5), (3.01, 8)]


def test_a_replay_gives_identical_frames_and_times(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2, b_frames=2)
    first, second = (
        frames_of(PacketSource(options(clip), clock=ManualClock())) for _ in range(2)
    )

    assert [f.captured_at for f in first] == [f.captured_at for f in second]
    assert [f.media_time_s for f in first] == [f.media_time_s for f in second]
    assert all(
        np.array_equal(a.image, b.image) for a, b in zip(first, second, strict=True)
    )


def test_wall_time_is_the_given_start_plus_media_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2)
    frames = frames_of(PacketSource(options(clip), clock=ManualClock()))

    assert [f.captured_at - FIRST for f in frames] == [
        timedelta(seconds=f.media_time_s) for f in frames
    ]


def test_a_recording_says_who_says_when_it_was_made(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)
    told = frames_of(PacketSource(options(clip), clock=ManualClock()))
    silent = replace(options(clip), starts_at=None)
    dated = frames_of(PacketSource(silent, clock=ManualClock()))

    assert {f.time_source for f in told} == {TimeSource.STATED}
    assert {f.time_source for f in dated} == {TimeSource.FILE}


def test_the_listener_gets_every_packet_so_that_they_can_be_remuxed(
    tmp_path: Path,
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2, gop=10, b_frames=2)
    packets: list[EncodedPacket] = []
    source = PacketSource(
        options(clip, decode="key"), clock=ManualClock(), on_packet=packets.append
    )
    frames_of(source)
    copy = tmp_path / "copy.mp4"
    with av.open(str(clip)) as original, av.open(str(copy), "w") as container:
        template = original.streams.video[0]
        stream = container.add_stream_from_template(template)
        for got in packets:
            packet = av.Packet(got.payload)
            packet.pts, packet.dts = got.pts, got.dts
            packet.time_base = got.stream.time_base
            packet.is_keyframe = got.is_keyframe
            packet.stream = stream
            container.mux(packet)
        extradata = template.codec_context.extradata

    form = packets[0].stream
    assert (form.codec, form.width, form.height) == ("h264", 192, 108)
    assert form.extradata == extradata
    assert len(packets) == 50
    assert [p.is_keyframe for p in packets].count(True) == 5
    assert sampled(copy, period_s=0.001) == sampled(clip, period_s=0.001)


def test_packets_and_frames_share_one_clock(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.ts", seconds=2, b_frames=2, start_s=50)
    packets: list[EncodedPacket] = []
    source = PacketSource(
        options(clip, period_s=0.001), clock=ManualClock(), on_packet=packets.append
    )
    frames = frames_of(source)

    assert sorted(p.media_time_s for p in packets) == pytest.approx(
        [f.media_time_s for f in frames]
    )


def test_each_opening_names_its_format_anew(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.4)
    packets: list[EncodedPacket] = []
    source = PacketSource(options(clip), clock=ManualClock(), on_packet=packets.append)
    frames_of(source)
    frames_of(source)

    assert packets[0].stream == packets[-1].stream
    assert packets[0].stream is not packets[-1].stream


def test_opening_again_continues_numbers_and_time(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1)
    source = PacketSource(options(clip), clock=ManualClock())
    frames = frames_of(source) + frames_of(source)

    assert [f.index for f in frames] == list(range(len(frames)))
    times = [f.media_time_s for f in frames]
    assert times == sorted(times)


@pytest.mark.parametrize("degrees", [90, 180, -90])
def test_a_recording_made_sideways_is_turned_upright(
    tmp_path: Path, degrees: int
) -> None:
    plain = write_clip(tmp_path / "plain.mp4", seconds=0.2)
    sideways = turned(plain, degrees)

    upright = frames_of(PacketSource(options(sideways), clock=ManualClock()))[0].image
    stored = frames_of(PacketSource(options(plain), clock=ManualClock()))[0].image
    assert np.array_equal(upright, np.rot90(stored, degrees // 90))
