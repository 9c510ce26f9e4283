"""One packet per picture, also from cameras that cut key frames into several."""

from collections.abc import Iterable, Iterator
from typing import cast

import av
from av.packet import Packet
from av.video.stream import VideoStream

_MOST_BYTES = 16 << 20  # of one picture; a stream whose time stands still ends here


def whole_pictures(
    packets: "Iterable[Packet[VideoStream]]",
) -> "Iterator[Packet[VideoStream]]":
    """Join the packets of one key frame.

    Cameras that repeat their parameter sets before each slice (GStreamer's payloader
    does so with `config-interval=-1`) make FFmpeg see several access units of the same
    time. Decoded one by one each is a damaged picture, and a decoder that takes key
    frames only would see nothing at all. Only key frames wait for their successor, so
    the others are not delayed.

    Args:
        packets: of one H.264 or H.265 stream, as demuxed.

    Yields:
        The same, key frames of equal time stamps as one packet.

    Raises:
        av.error.FFmpegError: whatever `packets` raises, after what was held back.
    """
    held: Packet[VideoStream] | None = None
    try:
        for packet in packets:
            if held is not None and _belong_together(held, packet):
                held = _joined(held, packet)
                continue
            if held is not None:
                yield held
                held = None
            if packet.is_keyframe and packet.pts is not None:
                held = packet
            else:
                yield packet
    except av.error.FFmpegError:
        if held is not None:
            yield held
        raise
    if held is not None:
        yield held


def _belong_together(
    first: "Packet[VideoStream]", second: "Packet[VideoStream]"
) -> bool:
    return (
        second.is_keyframe
        and first.pts == second.pts
        and first.size + second.size <= _MOST_BYTES
    )


def _joined(
    first: "Packet[VideoStream]", second: "Packet[VideoStream]"
) -> "Packet[VideoStream]":
    whole = cast("Packet[VideoStream]", Packet(bytes(first) + bytes(second)))
    whole.stream = first.stream
    whole.time_base = first.time_base
    whole.pts, whole.dts = first.pts, first.dts
    whole.duration = first.duration
    whole.is_keyframe = True
    return whole
