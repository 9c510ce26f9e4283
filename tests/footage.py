"""Small real videos for tests: every picture carries its own number."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.core.arrays import ImageU8

_BITS = 12
_TICKS = 90_000


def picture(number: int, size: tuple[int, int] = (192, 108)) -> ImageU8:
    """Return a picture with `number` written in black and white blocks.

    Args:
        number: 0 to 4095.
        size: (width, height), pixels; at least 96 wide.

    Returns:
        (H, W, 3) uint8 BGR.
    """
    width, height = size
    image = np.empty((height, width, 3), np.uint8)
    image[:] = np.linspace(60, 180, width, dtype=np.uint8)[None, :, None]
    image[height // 2 :, : width // 3] = (200, 80, 40)
    block = width // _BITS
    for bit in range(_BITS):
        image[: height // 4, bit * block : (bit + 1) * block] = (
            255 if number >> bit & 1 else 0
        )
    x = number * 3 % (width - 16)
    image[height // 2 : height // 2 + 12, x : x + 16] = (20, 220, 240)
    return image


def number_of(image: ImageU8) -> int:
    """Return the number that `picture` wrote, after any lossy codec."""
    height, width = image.shape[:2]
    block = width // _BITS
    row = image[height // 16 : height // 5].mean(axis=(0, 2))
    return sum(
        1 << bit
        for bit in range(_BITS)
        if row[bit * block + block // 4 : (bit + 1) * block - block // 4].mean() > 127
    )


def write_clip(  # noqa: PLR0913 every property of a clip is one that a test varies
    path: Path,
    *,
    fps: float = 25.0,
    seconds: float = 4.0,
    times_s: Sequence[float] | None = None,
    gop: int = 25,
    b_frames: int = 0,
    size: tuple[int, int] = (192, 108),
    start_s: float = 0.0,
    first_number: int = 0,
    codec: str = "libx264",
    faststart: bool = False,
) -> Path:
    """Write a small video; the container follows the file's suffix.

    Args:
        path: `.mp4`, `.mkv`, `.ts`, `.flv` ...
        fps: pictures per second; may be fractional.
        seconds: length, if `times_s` is not given.
        times_s: the time of each picture instead: any rate, gaps included; must rise.
        gop: pictures from one key frame to the next.
        b_frames: B-frames between two others.
        size: (width, height), pixels, even.
        start_s: added to every time stamp, seconds.
        first_number: what the first picture carries (see `number_of`).
        codec: an FFmpeg encoder.
        faststart: MP4 only: put the index before the pictures.

    Returns:
        `path`.
    """
    if times_s is None:
        times_s = [i / fps for i in range(round(seconds * fps))]
    settings = {"movflags": "faststart"} if faststart else {}
    with av.open(str(path), "w", options=settings) as container:
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = Fraction(1, _TICKS)
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        if codec == "libx264":
            stream.options = {
                "preset": "ultrafast",
                "crf": "20",
                "bf": str(b_frames),
                "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0",
            }
        if codec == "libx265":
            stream.options = {
                "preset": "ultrafast",
                "x265-params": f"log-level=none:keyint={gop}:bframes={b_frames}",
            }
        for i, time_s in enumerate(times_s):
            frame = VideoFrame.from_ndarray(
                picture(first_number + i, size), format="bgr24"
            )
            frame.pts = round((start_s + time_s) * _TICKS)
            frame.time_base = Fraction(1, _TICKS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def turned(clip: Path, degrees: int) -> Path:
    """Write the same packets as if the camera had lain on its side."""
    path = clip.with_name("turned.mp4")
    with av.open(str(clip)) as source, av.open(str(path), "w") as sink:
        inner = source.streams.video[0]
        outer = sink.add_stream_from_template(inner)
        outer.set_display_rotation(degrees)
        for packet in source.demux(inner):
            if packet.dts is not None:
                packet.stream = outer
                sink.mux(packet)
    return path


def write_sound(path: Path, *, seconds: float = 1.0) -> Path:
    """Write a file that holds a tone and no picture."""
    rate = 8000
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate)
        for start in range(0, round(seconds * rate), 1024):
            t = np.arange(start, start + 1024) / rate
            wave = np.sin(2 * np.pi * 440 * t).astype(np.float32)[None, :]
            frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            frame.sample_rate = rate
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
