"""Clips from original packets: nothing is decoded, nothing is encoded anew."""

import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from vision.core.errors import EvidenceError
from vision.core.packets import EncodedPacket, StreamFormat
from vision.evidence.bitstream import Framing

_NEEDS_PARAMETERS = frozenset({"h264", "hevc"})
_PLAIN = frozenset({"mjpeg"})
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
            form.codec, width=form.width, height=form.height, time_base=form.time_base
        )
        _mux(container, stream, packets, [p.payload for p in packets])
        return
    framing = Framing(form)
    # FFmpeg reads the stream's parameters from its beginning, as it would from a
    # camera: PyAV has no other way to hand them to a muxer.
    start = framing.parameter_sets + framing.with_start_codes(packets[0].payload)
    with av.open(io.BytesIO(start), mode="r", format=form.codec) as source:
        template = container.add_stream_from_template(source.streams.video[0])
        template.time_base = form.time_base
        payloads = [framing.with_start_codes(p.payload) for p in packets]
        _mux(container, template, packets, payloads)


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
        packet.time_base = original.stream.time_base
        packet.pts = pts - origin
        packet.dts = dts - origin
        packet.duration = _duration(times, index)
        packet.is_keyframe = original.is_keyframe
        container.mux(packet)


def _times(packets: Sequence[EncodedPacket]) -> list[tuple[int, int]]:
    """Return (pts, dts) in stream units; dts rise strictly, gaps are filled in."""
    out: list[tuple[int, int]] = []
    for packet in packets:
        dts = packet.pts if packet.dts is None else packet.dts
        if dts is None:
            dts = round(Fraction(packet.media_time_s) / packet.stream.time_base)
        if out:
            dts = max(dts, out[-1][1] + 1)
        pts = dts if packet.pts is None else max(packet.pts, dts)
        out.append((pts, dts))
    return out


def _duration(times: list[tuple[int, int]], index: int) -> int:
    if len(times) == 1:
        return 1
    at = min(index, len(times) - 2)
    return times[at + 1][1] - times[at][1]
