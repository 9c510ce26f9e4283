"""A clip as a city camera would send it, and the same as a live stream's bytes."""

import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from typing_extensions import Buffer, override

from vision.core.errors import SourceOpenError

SIZE = (1920, 1080)
FPS, GOP, BIT_RATE = 25, 50, 4_000_000
_GRAINS = 8
_GRAIN_LEVELS = 5  # a sensor is never still


def make_clip(street: Path, path: Path) -> None:
    """Write 1080p25 H.264, 4 Mbit/s, a key frame every 50 pictures.

    Args:
        street: our own rendered footage, of any size and rate; it is scaled up and
            each picture is shown until the next is due, with sensor noise on top.
        path: the new clip.

    Raises:
        SourceOpenError: the street cannot be read.
    """
    rng = np.random.default_rng(1)
    shape = (_GRAINS, SIZE[1] // 2, SIZE[0] // 2)
    grains = rng.integers(0, _GRAIN_LEVELS, shape, np.uint8)
    large = [
        cv2.resize(grain, SIZE, interpolation=cv2.INTER_NEAREST) for grain in grains
    ]
    coloured = [cv2.cvtColor(grain, cv2.COLOR_GRAY2BGR) for grain in large]
    try:
        with av.open(str(street)) as source, av.open(str(path), "w") as target:
            stream = target.add_stream(
                "libx264", rate=FPS, options={"preset": "veryfast", "sc_threshold": "0"}
            )
            assert isinstance(stream, VideoStream)  # noqa: S101 libx264 makes video
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuv420p"
            stream.bit_rate = BIT_RATE
            stream.codec_context.gop_size = GOP
            written = 0
            for picture in source.decode(video=0):
                image = cv2.resize(picture.to_ndarray(format="bgr24"), SIZE)
                due = round((picture.time or 0.0) * FPS) + 1
                while written < due:
                    noisy = cv2.add(image, coloured[written % _GRAINS]).astype(np.uint8)
                    frame = VideoFrame.from_ndarray(noisy, format="bgr24")
                    frame.pts = written
                    target.mux(stream.encode(frame))
                    written += 1
            target.mux(stream.encode(None))
    except (av.error.FFmpegError, OSError) as error:
        msg = f"{street}: cannot be made into a test clip ({error}); expected a video"
        raise SourceOpenError(msg) from error


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of an MPEG transport stream that are due at one time.

    Attributes:
        at_s: when a camera would send them, from the stream's start, seconds.
        payload: the bytes.
    """

    at_s: float
    payload: bytes


class _Pipe(io.RawIOBase):
    """A file that forgets what was taken from it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    @override
    def writable(self) -> bool:
        return True

    @override
    def write(self, payload: Buffer, /) -> int:
        self.written += memoryview(payload)
        return len(memoryview(payload))

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = bytes(self.written)
        self.written.clear()
        return taken


def transport_stream(clip: Path, seconds: float) -> list[Chunk]:
    """Return a clip, looped to a length, as a camera's bytes over time.

    Args:
        clip: a video file; its packets are not encoded anew.
        seconds: length; the time stamps go on over each loop.

    Raises:
        SourceOpenError: the clip cannot be read.
    """
    sink = _Pipe()
    chunks: list[Chunk] = []
    try:
        with av.open(str(clip)) as source:
            video = source.streams.video[0]
            base = video.time_base or Fraction(1, 90_000)
            tick_s = float(base)
            length = video.duration or 0
            packets = [
                packet for packet in source.demux(video) if packet.dts is not None
            ]
            stamps = [(packet.pts or 0, packet.dts or 0) for packet in packets]
            with av.open(sink, "w", format="mpegts") as target:
                stream = target.add_stream_from_template(video)
                loop = 0
                while loop * length * tick_s < seconds:
                    for packet, (pts, dts) in zip(packets, stamps, strict=True):
                        if (dts + loop * length) * tick_s > seconds:
                            break
                        packet.stream = stream
                        packet.time_base = base
                        packet.pts, packet.dts = (
                            pts + loop * length,
                            dts + loop * length,
                        )
                        target.mux(packet)
                        if sink.written:
                            at_s = (dts + loop * length) * tick_s
                            chunks.append(Chunk(at_s, sink.take()))
                    loop += 1
    except (av.error.FFmpegError, IndexError, OSError) as error:
        msg = f"{clip}: cannot be looped as a stream ({error}); expected a video file"
        raise SourceOpenError(msg) from error
    return chunks
