"""Clips that every browser plays, for streams that browsers do not."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import numpy as np
from av.codec import CodecContext
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.core.errors import EvidenceError
from vision.core.packets import EncodedPacket, squared

_TIME_BASE = Fraction(1, 1000)
_MAX_WIDTH = 1280
_CRF = "27"
PLAYABLE = frozenset({"h264"})

TimedFrame = tuple[float, VideoFrame]


def encode_clip(
    frames: Iterable[TimedFrame], target: Path, *, preset: str = "veryfast"
) -> int:
    """Encode pictures as H.264 in MP4, at most 1280 pixels wide.

    Args:
        frames: (seconds, picture), rising in time; the first one is time zero.
        target: the file to write.
        preset: of x264: how much work it puts into small files.

    Returns:
        How many pictures were encoded.

    Raises:
        EvidenceError: there are none, or FFmpeg fails.
        OSError: the file cannot be written.
    """
    try:
        with av.open(
            str(target), "w", format="mp4", options={"movflags": "+faststart"}
        ) as container:
            count = _encode(container, frames, preset)
    except (FFmpegError, ValueError) as error:
        if isinstance(error, OSError) and not isinstance(error, ValueError):
            raise
        msg = f"{target.name}: FFmpeg cannot encode the clip: {error}"
        raise EvidenceError(msg) from error
    if count == 0:
        msg = f"{target.name}: no picture could be decoded for the clip"
        raise EvidenceError(msg)
    return count


def decoded(
    packets: Sequence[EncodedPacket], *, but: Literal["NONREF", "NONKEY"] | None = None
) -> Iterator[TimedFrame]:
    """Yield the pictures of a packet sequence with their media times, seconds.

    They are upright and their pixels square, as of those that were analysed. Packets
    that cannot be decoded are left out.

    Args:
        packets: of one stream, the first a key frame.
        but: leave out what no other picture is made from, a third of the work in
            some streams and nothing in others; or all but key frames, which is nearly
            all of it.

    Raises:
        EvidenceError: the stream is no video.
    """
    form = packets[0].stream
    context = CodecContext.create(form.codec, "r")
    if not isinstance(context, VideoCodecContext):
        msg = f"{form.codec}: is no video codec"
        raise EvidenceError(msg)
    context.extradata = form.extradata
    if but is not None:
        context.skip_frame = but
    for number, original in enumerate((*packets, None)):
        if original is None:
            packet = None
        elif but == "NONKEY" and not original.is_keyframe:
            continue
        else:
            packet = Packet(original.payload)
            # Of the stamps some may be equal or missing; the decoder hands on any.
            packet.pts = number
        for frame in _decode(context, packet):
            shown = number if frame.pts is None else frame.pts
            at_s = packets[min(shown, len(packets) - 1)].media_time_s
            yield at_s, _upright(_square(frame, form.pixel_aspect), form.rotation_deg)


def jpegs(pictures: Iterable[tuple[float, bytes]]) -> Iterator[TimedFrame]:
    """Yield (seconds, JPEG) as decoded pictures."""
    context = CodecContext.create("mjpeg", "r")
    for at_s, jpeg in pictures:
        for frame in context.decode(Packet(jpeg)):
            yield at_s, frame


def _decode(
    context: VideoCodecContext, packet: "Packet[Stream] | None"
) -> list[VideoFrame]:
    try:
        return context.decode(packet)
    except FFmpegError:
        return []


def _square(frame: VideoFrame, pixel_aspect: Fraction) -> VideoFrame:
    size = squared(frame.width, frame.height, pixel_aspect)
    return frame if size == (frame.width, frame.height) else frame.reformat(*size)


def _upright(frame: VideoFrame, rotation_deg: int) -> VideoFrame:
    """Turn a picture as its stream says itself, or else its container."""
    turns = round((frame.rotation or rotation_deg) / 90) % 4
    if not turns:
        return frame
    image = np.rot90(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8), turns)
    return VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")


def _encode(
    container: OutputContainer, frames: Iterable[TimedFrame], preset: str
) -> int:
    stream: VideoStream | None = None
    origin_s = 0.0
    last = -1
    count = 0
    for at_s, frame in frames:
        if stream is None:
            stream = _stream_for(container, frame, preset)
            origin_s = at_s
        pts = max(last + 1, round((at_s - origin_s) / _TIME_BASE))
        last = pts
        small = frame.reformat(stream.width, stream.height, "yuv420p")
        small.pts = pts
        small.time_base = _TIME_BASE
        # The source's picture types would force a key frame for every JPEG.
        small.pict_type = av.video.frame.PictureType.NONE
        container.mux(stream.encode(small))
        count += 1
    if stream is not None:
        container.mux(stream.encode(None))
    return count


def _stream_for(
    container: OutputContainer, frame: VideoFrame, preset: str
) -> VideoStream:
    options = {"preset": preset, "crf": _CRF}
    stream = container.add_stream("libx264", rate=25, options=options)
    scale = min(1.0, _MAX_WIDTH / frame.width)
    stream.width = max(2, round(frame.width * scale / 2) * 2)
    stream.height = max(2, round(frame.height * scale / 2) * 2)
    stream.pix_fmt = "yuv420p"
    # In the background, and the same bytes on every machine.
    stream.codec_context.thread_count = 1
    stream.codec_context.time_base = _TIME_BASE
    stream.time_base = _TIME_BASE
    return stream
