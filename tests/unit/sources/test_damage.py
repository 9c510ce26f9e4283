"""Pictures that cannot be decoded are counted, and a long time without any is told."""

from collections.abc import Callable
from pathlib import Path

import av
import pytest

from tests.fakes import ManualClock
from tests.footage import write_clip
from vision.core.damage import Damage
from vision.core.health import HealthEvent, HealthKind
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

FPS, GOP = 10, 20
Spoil = Callable[[bytes], bytes]


def nothing_but_noise(packet: bytes) -> bytes:
    """Keep the length: H.265 decoders drop what they do not know without a word."""
    return packet[:4] + bytes((k * 37 + 11) % 251 for k in range(len(packet) - 4))


def zeros(packet: bytes) -> bytes:
    """As a disk gives sectors that it cannot read."""
    return bytes(len(packet))


def half(packet: bytes) -> bytes:
    """Pictures come of it, and the decoder says that they are not right."""
    middle = len(packet) // 2
    return packet[:middle] + bytes(len(packet) - middle)


def spoilt(clip: Path, which: slice, spoil: Spoil) -> Path:
    """Spoil some packets of a clip where they lie."""
    with av.open(str(clip)) as container:
        packets = [p for p in container.demux(video=0) if p.size and p.pos is not None]
        places = [(packet.pos, packet.size) for packet in packets]
    raw = bytearray(clip.read_bytes())
    for start, size in places[which]:
        assert start is not None
        raw[start : start + size] = spoil(bytes(raw[start : start + size]))
    clip.write_bytes(raw)
    return clip


def watch(clip: Path) -> tuple[Damage, list[HealthEvent]]:
    told: list[HealthEvent] = []
    options = PacketOptions(camera_id="gate", url=str(clip), decode="full", period_s=1)
    source = PacketSource(options, clock=ManualClock(), on_health=told.append)
    source.open()
    while source.read() is not None:
        pass
    source.close()
    return source.damage, told


@pytest.mark.parametrize("b_frames", [0, 3])
@pytest.mark.parametrize(
    ("codec", "spoil"),
    [
        ("libx264", nothing_but_noise),
        ("libx264", zeros),
        ("libx264", half),
        ("libx265", nothing_but_noise),
        ("libx265", zeros),
    ],
)
def test_a_damaged_stretch_is_counted_and_told_once(
    codec: str, spoil: Spoil, b_frames: int, tmp_path: Path
) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4",
        fps=FPS,
        seconds=20,
        gop=GOP,
        codec=codec,
        b_frames=b_frames,
    )

    damage, told = watch(spoilt(clip, slice(80, 120), spoil))

    # With B-frames, what depends on the damaged ones goes on until the next key frame.
    assert 36 <= damage.pictures <= 61
    assert 3.5 <= damage.unseen_s <= 6.5
    (gap,) = [event for event in told if event.kind is HealthKind.STREAM_GAP]
    assert gap.ok
    assert "no picture could be decoded for" in gap.detail


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("b_frames", [0, 3])
def test_whole_clips_have_no_damage(codec: str, b_frames: int, tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", fps=FPS, seconds=8, codec=codec, b_frames=b_frames
    )

    assert watch(clip) == (Damage(), [])


def test_a_pause_of_the_recorder_is_no_damage(tmp_path: Path) -> None:
    times_s = [*(k / FPS for k in range(40)), *(60 + k / FPS for k in range(40))]

    damage, told = watch(write_clip(tmp_path / "clip.mkv", times_s=times_s))

    assert damage == Damage()
    assert [event.kind for event in told] == [HealthKind.STREAM_GAP]


def test_single_damaged_pictures_are_counted_and_not_told(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", fps=FPS, seconds=8, codec="mjpeg")
    for k in (20, 40, 60):
        spoilt(clip, slice(k, k + 1), nothing_but_noise)

    damage, told = watch(clip)

    assert damage.pictures == 3
    assert damage.unseen_s == pytest.approx(0.6, abs=0.01)
    assert not told


def test_damage_up_to_the_end_is_counted(tmp_path: Path) -> None:
    clip = write_clip(
        tmp_path / "clip.mp4", fps=FPS, seconds=120, gop=GOP, codec="libx265"
    )

    damage, _ = watch(spoilt(clip, slice(1160, None), nothing_but_noise))

    assert damage.pictures == pytest.approx(40, abs=1)
    assert damage.unseen_s == pytest.approx(4, abs=0.2)


def test_words_for_damage_are_none_where_all_is_whole() -> None:
    assert Damage().text() == ""
    assert "1 damaged picture could" in Damage(1, 0.2).text()
    assert "2 damaged pictures could" in Damage(2, 0.4).text()
