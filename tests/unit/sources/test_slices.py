"""Key frames that come in parts."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.packet import Packet
from av.video.stream import VideoStream

from tests.footage import number_of, write_clip
from vision.sources.slices import whole_pictures


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "clip.ts", seconds=2, gop=10)


def packets_of(container: "av.container.InputContainer") -> "list[Packet[VideoStream]]":
    return [p for p in container.demux(container.streams.video[0]) if p.size]


def cut(packet: "Packet[VideoStream]") -> "list[Packet[VideoStream]]":
    """Return a key frame in two packets of the same time, as GStreamer sends slices."""
    payload = bytes(packet)
    parts = []
    for half in (payload[: len(payload) // 2], payload[len(payload) // 2 :]):
        part = cast("Packet[VideoStream]", Packet(half))
        part.stream, part.time_base = packet.stream, packet.time_base
        part.pts, part.dts, part.is_keyframe = packet.pts, packet.dts, True
        parts.append(part)
    return parts


def test_a_key_frame_in_parts_becomes_one_picture(clip: Path) -> None:
    with av.open(str(clip)) as container:
        whole = packets_of(container)
        sent = [part for p in whole for part in (cut(p) if p.is_keyframe else [p])]

        got = list(whole_pictures(sent))

        assert len(sent) > len(got) == len(whole)
        assert [bytes(p) for p in got] == [bytes(p) for p in whole]
        assert [p.pts for p in got] == [p.pts for p in whole]
        context = container.streams.video[0].codec_context
        context.skip_frame = "NONKEY"
        frames = [f for p in got for f in context.decode(p)] + context.decode(None)
        assert not any(frame.is_corrupt for frame in frames)
        images = [frame.to_ndarray(format="bgr24") for frame in frames]
        numbers = [number_of(image.astype(np.uint8)) for image in images]
        assert numbers == [0, 10, 20, 30, 40]


def test_ordinary_packets_pass_unchanged_and_only_key_frames_wait(clip: Path) -> None:
    with av.open(str(clip)) as container:
        whole = packets_of(container)
    asked: list[bool] = []

    def camera() -> "Iterator[Packet[VideoStream]]":
        for packet in whole:
            asked.append(packet.is_keyframe)
            yield packet

    stream = whole_pictures(camera())
    first = next(stream)
    second = next(stream)

    assert first is whole[0]
    assert second is whole[1]
    assert asked == [True, False]  # the second did not wait for a third
    assert [first, second, *stream] == whole


def test_a_held_key_frame_is_not_lost_to_an_error(clip: Path) -> None:
    with av.open(str(clip)) as container:
        key = packets_of(container)[0]

    def camera() -> "Iterator[Packet[VideoStream]]":
        yield key
        raise av.error.InvalidDataError(1, "damaged")

    stream = whole_pictures(camera())

    assert next(stream) is key
    with pytest.raises(av.error.InvalidDataError):
        next(stream)
