"""Clips from original packets: nothing is decoded, nothing is encoded anew."""

import io
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from vision.core.errors import EvidenceError
from vision.core.packets import EncodedPacket, StreamFormat
from vision.evidence.bitstream import Framing

_NEEDS_PARAMETERS = frozenset({"h264", "hevc"})
_PLAIN = frozenset({"mjpeg"})
_TICKS = 90_000  # per second; a stream's own unit may be too coarse for media time
_TIME_BASE = Fraction(1, _TICKS)
_REORDER_S = 1.0  # B-frames are stored that long after their time, at most
# The index goes in front, so that a browser plays before it has everything; no
# encoder stamp, so that equal packets give equal files.
_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


def can_remux(stream: StreamFormat) -> bool:
    """Return whether packets of this kind go into MP4 as they are."""
    return stream.codec in _NEEDS_PARAMETERS | _PLAIN


def remux(packets: Sequence[EncodedPacket], target: Path) -> None:
    """Write packets as MP4.

    Args:
        packets: in decoding order, of one stream, the first a key frame.
        target: the file to write.

    Raises:
        EvidenceError: there is no key frame first, or FFmpeg refuses the packets.
        OSError: the file cannot be written.
    """
    if not packets or not packets[0].is_keyframe:
        msg = f"{target.name}: a clip needs packets that begin with a key frame"
        raise EvidenceError(msg)
    try:
        with av.open(str(target), "w", format="mp4", options=_OPTIONS) as container:
            _write(container, packets)
    except (FFmpegError, ValueError) as error:
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            raise
        msg = f"{target.name}: FFmpeg cannot write {packets[0].stream.codec}: {error}"
        raise EvidenceError(msg) from error


def _write(container: OutputContainer, packets: Sequence[EncodedPacket]) -> None:
    form = packets[0].stream
    if form.codec not in _NEEDS_PARAMETERS:
        stream = container.add_mux_stream(
            form.codec, width=form.width, height=form.height, time_base=_TIME_BASE
        )
        _turn(stream, form)
        _mux(container, stream, packets, [p.payload for p in packets])
        return
    framing = Framing(form)
    # FFmpeg reads the stream's parameters from its beginning, as it would from a
    # camera: PyAV has no other way to hand them to a muxer.
    start = framing.parameter_sets + framing.with_start_codes(packets[0].payload)
    with av.open(io.BytesIO(start), mode="r", format=form.codec) as source:
        template = container.add_stream_from_template(source.streams.video[0])
        template.time_base = _TIME_BASE
        _turn(template, form)
        payloads = [framing.with_start_codes(p.payload) for p in packets]
        _mux(container, template, packets, payloads)


def _turn(stream: Stream, form: StreamFormat) -> None:
    """Have players turn what was recorded sideways."""
    if isinstance(stream, VideoStream) and form.rotation_deg:
        stream.set_display_rotation(form.rotation_deg)


def _mux(
    container: OutputContainer,
    stream: Stream,
    packets: Sequence[EncodedPacket],
    payloads: Sequence[bytes],
) -> None:
    times = _times(packets)
    origin = times[0][1]
    for index, (original, payload) in enumerate(zip(packets, payloads, strict=True)):
        pts, dts = times[index]
        packet = Packet(payload)
        packet.stream = stream
        packet.time_base = _TIME_BASE
        packet.pts = pts - origin
        packet.dts = dts - origin
        packet.duration = _duration(times, index)
        packet.is_keyframe = original.is_keyframe
        container.mux(packet)


def _times(packets: Sequence[EncodedPacket]) -> list[tuple[int, int]]:
    """Return (pts, dts) in units of `_TIME_BASE`; both of one file that plays.

    Media time alone tells when, as it does of the pictures: stamps may be made up,
    jump, stand still or be missing. Each picture has a time of its own, and decoding
    goes ahead of showing by as much as the latest of them asks for.
    """
    at: list[int] = []
    for time_s in sorted(packet.media_time_s for packet in packets):
        ticks = round(time_s * _TICKS)
        at.append(max(ticks, at[-1] + 1) if at else ticks)
    keys = _order(packets)
    pts = [0] * len(packets)
    for ticks, index in zip(
        at, sorted(range(len(packets)), key=keys.__getitem__), strict=True
    ):
        pts[index] = ticks
    ahead = max(late - shown for late, shown in zip(at, pts, strict=True))
    return [(shown, late - ahead) for shown, late in zip(pts, at, strict=True)]


def _order(packets: Sequence[EncodedPacket]) -> list[float]:
    """Return by what packets are sorted to be in the order in which they are shown.

    That is media time. Where the wall clock told it, it follows the stream's order,
    and stamps know better as long as they step back no farther than reordering does.
    """
    media_s = [packet.media_time_s for packet in packets]
    if media_s != sorted(media_s):
        return media_s
    stamps_s = [
        packet.media_time_s
        if packet.pts is None
        else float(packet.pts * packet.stream.time_base)
        for packet in packets
    ]
    highest = accumulate(stamps_s, max)
    back_s = max(most - at for most, at in zip(highest, stamps_s, strict=True))
    return stamps_s if back_s <= _REORDER_S else media_s


def _duration(times: list[tuple[int, int]], index: int) -> int:
    if len(times) == 1:
        return 1
    at = min(index, len(times) - 2)
    return times[at + 1][1] - times[at][1]
