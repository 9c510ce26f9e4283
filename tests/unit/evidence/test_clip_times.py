"""Clips show each picture at its media time, whatever stamps their camera writes."""

from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest

from tests.fakes import ManualClock
from tests.footage import number_of, write_clip
from tests.transport import TICKS, WRAP, Rule, restamped
from vision.core.packets import EncodedPacket
from vision.evidence.remux import remux
from vision.evidence.shared_clip import shared_frames
from vision.evidence.takes import ClipPolicy, Moment, Take, TakeRecorder
from vision.evidence.transcode import TimedFrame, decoded, encode_clip
from vision.sources.options import PacketOptions
from vision.sources.packets import PacketSource

FPS = 25
SECONDS = 8
BREAK = 4 * FPS  # the packet from which the stamps are wrong


def shifted(seconds: float) -> Rule:
    return lambda number, stamp: (
        stamp + 9_000 * TICKS + (round(seconds * TICKS) if number >= BREAK else 0)
    )


def wrapping(_number: int, stamp: int) -> int:
    return stamp + WRAP - 4 * TICKS


def frozen(_number: int, stamp: int) -> int:
    return min(stamp, 5 * TICKS)


def one_for_all(_number: int, _stamp: int) -> int:
    return 5 * TICKS


RULES = {
    "wraps": wrapping,
    "back by an hour": shifted(-3600),
    "back by three seconds": shifted(-3),
    "ahead by an hour": shifted(3600),
    "ahead by a day": shifted(20 * 3600),
    "stands still after a while": frozen,
    "never moves": one_for_all,
}


def watched(path: Path) -> list[EncodedPacket]:
    """Return what a live camera that sends these packets hands on, a frame a time."""
    clock = ManualClock()
    packets: list[EncodedPacket] = []

    def take(packet: EncodedPacket) -> None:
        packets.append(packet)
        clock.advance(1 / FPS)

    options = PacketOptions(
        camera_id="gate", url=str(path), period_s=0.2, decode="full", live=True
    )
    source = PacketSource(options, clock=clock, on_packet=take)
    source.open()
    times_s = []
    while (frame := source.read()) is not None:
        times_s.append(frame.media_time_s)
    source.close()
    assert times_s == sorted(times_s)
    return packets


def times_of(pictures: list[tuple[float, int]]) -> list[float]:
    """Return by how much each picture is off the time that its number tells, s."""
    (first_s, first), *_ = pictures
    return [
        round(at_s - first_s - (number - first) / FPS, 3) for at_s, number in pictures
    ]


def _require_true(off_s: list[float], rule: Rule) -> None:
    """Where stamps stand still, two seconds pass before that is known."""
    stands = rule in (frozen, one_for_all)
    tolerated_s = 2.1 if stands else 0.1

    assert max(map(abs, off_s)) <= tolerated_s
    assert max(map(abs, off_s[-FPS:])) <= 0.2


def numbered(frames: list[TimedFrame]) -> list[tuple[float, int]]:
    return [
        (at_s, number_of(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)))
        for at_s, frame in frames
    ]


def shown(path: Path) -> list[tuple[float, int]]:
    with av.open(str(path)) as clip:
        return numbered([(frame.time or 0.0, frame) for frame in clip.decode(video=0)])


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_clip_is_as_long_as_what_it_shows(
    tmp_path: Path, rule: Rule, b_frames: int
) -> None:
    clip = write_clip(tmp_path / "plain.mp4", seconds=SECONDS, b_frames=b_frames)
    packets = watched(restamped(clip, rule))
    remux(packets, tmp_path / "clip.mp4")
    pictures = shown(tmp_path / "clip.mp4")

    assert sorted(number for _, number in pictures) == list(range(SECONDS * FPS))
    _require_true(times_of(pictures), rule)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
def test_a_copy_is_as_long_as_what_it_shows(
    tmp_path: Path, rule: Rule, b_frames: int
) -> None:
    clip = write_clip(tmp_path / "plain.mp4", seconds=SECONDS, b_frames=b_frames)
    packets = watched(restamped(clip, rule))
    encode_clip(decoded(packets), tmp_path / "proxy.mp4")
    pictures = shown(tmp_path / "proxy.mp4")
    shared = list(shared_frames(decoded(packets), (), span_s=SECONDS))

    assert [number for _, number in pictures] == list(range(SECONDS * FPS))
    _require_true(times_of(pictures), rule)
    # Two seconds of equal times are one picture.
    assert SECONDS * 5 - 12 <= len(shared) <= SECONDS * 5 + 1


@pytest.mark.parametrize("decided_s", [19.0, 22.0 + 20 * 3600])
def test_a_recorder_s_pause_of_hours_is_in_no_clip(
    tmp_path: Path, decided_s: float
) -> None:
    pause_s = 20 * 3600.0
    times_s = [k / 10 + (pause_s if k >= 200 else 0) for k in range(400)]
    video = write_clip(tmp_path / "night.mkv", times_s=times_s)
    takes: list[Take] = []
    recorder = TakeRecorder(ClipPolicy(), ManualClock(), takes.append)
    begun: list[bool] = []

    def take(packet: EncodedPacket) -> None:
        recorder.add(packet)
        if packet.media_time_s >= decided_s and not begun:
            at = datetime(2026, 3, 1, tzinfo=UTC)
            moment = Moment("event-1", 1, "gate", packet.media_time_s, at)
            begun.append(recorder.begin(moment, Future()))

    options = PacketOptions(camera_id="gate", url=str(video), decode="full")
    source = PacketSource(options, clock=ManualClock(), on_packet=take)
    source.open()
    while source.read() is not None:
        pass
    source.close()
    recorder.expire(everything=True)
    (made,) = takes
    remux(made.packets, tmp_path / "clip.mp4")

    assert 5 <= made.span_s <= 25
    assert len(shown(tmp_path / "clip.mp4")) == len(made.packets)
