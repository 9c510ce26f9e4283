"""What reading one camera costs, by source and decode mode, side by side in one run.

    python -m tests.benchmarks.bench_decode [--seconds 20] [--rounds 3]

Writes a 1080p25 H.264 clip (4 Mbit/s, a key frame every 50 pictures) and reads it in
every way in turn, several rounds. Prints CPU time per second of video and how many such
cameras one core carries by it (median over the rounds). CPU time counts all threads.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from vision.core.clock import SystemClock
from vision.core.ports import FrameSource
from vision.sources.opencv import OpenCVSource
from vision.sources.options import DecodeMode, PacketOptions, StreamOptions
from vision.sources.packets import PacketSource

FPS, GOP, BIT_RATE = 25, 50, 4_000_000
WIDTH, HEIGHT = 1920, 1080

Way = Callable[[Path], int]


def write_street(path: Path, seconds: float) -> None:
    """Write a clip whose content costs about what a street scene costs to decode."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
    street = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=FPS, options={"preset": "veryfast"}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = BIT_RATE
        stream.codec_context.gop_size = GOP
        stream.codec_context.time_base = Fraction(1, FPS)
        for i in range(round(seconds * FPS)):
            picture = street.copy()
            for lane in range(6):  # cars: textured blocks on the move
                x = (i * (4 + lane) * 2 + lane * 300) % (WIDTH - 200)
                y = 150 * lane + 60
                picture[y : y + 110, x : x + 200] = street[y : y + 110, :200][:, ::-1]
            noise = rng.integers(0, 6, (HEIGHT // 2, WIDTH // 2, 1), np.uint8)
            picture[::2, ::2] += noise  # a sensor is never still
            frame = VideoFrame.from_ndarray(picture.astype(np.uint8), format="bgr24")
            frame.pts = i
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def drain(source: FrameSource) -> int:
    """Read a source to its end; return how many frames it gave."""
    source.open()
    frames = 0
    while source.read() is not None:
        frames += 1
    source.close()
    return frames


def packets(decode: DecodeMode, period_s: float) -> Way:
    """Return a way through the packet source."""

    def way(clip: Path) -> int:
        options = PacketOptions(
            camera_id="bench", url=str(clip), period_s=period_s, decode=decode
        )
        return drain(PacketSource(options, clock=SystemClock()))

    return way


def opencv(period_s: float) -> Way:
    """Return a way through the OpenCV source."""

    def way(clip: Path) -> int:
        options = StreamOptions(camera_id="bench", url=str(clip), period_s=period_s)
        return drain(OpenCVSource(options, clock=SystemClock()))

    return way


def opencv_read(clip: Path) -> int:
    """Convert every picture, as a plain script does."""
    capture = cv2.VideoCapture(str(clip))
    frames = 0
    while capture.read()[0]:
        frames += 1
    capture.release()
    return frames


WAYS: dict[str, Way] = {
    "OpenCV read(), every picture": opencv_read,
    "OpenCV source, every 2 s": opencv(2.0),
    "packets, full, every 2 s": packets("full", 2.0),
    "packets, nonref, every 2 s": packets("nonref", 2.0),
    "packets, key frames, every 2 s": packets("key", 2.0),
    "packets, key frames, every 10 s": packets("key", 10.0),
    "packets, auto, every 2 s": packets("auto", 2.0),
    "packets, auto, every 1 s": packets("auto", 1.0),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of clip")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "street.mp4"
        write_street(clip, args.seconds)
        mbit = clip.stat().st_size * 8 / args.seconds / 1e6
        print(f"{WIDTH}x{HEIGHT} {FPS} fps, GOP {GOP}, {mbit:.1f} Mbit/s")
        costs: dict[str, list[float]] = {name: [] for name in WAYS}
        frames: dict[str, int] = {}
        for _ in range(args.rounds):
            for name, way in WAYS.items():
                start_s = time.process_time()
                frames[name] = way(clip)
                costs[name].append((time.process_time() - start_s) / args.seconds)
    print(f"{'way':34} {'frames':>6} {'CPU ms per s':>13} {'cameras per core':>17}")
    for name in WAYS:
        cost = statistics.median(costs[name])
        print(f"{name:34} {frames[name]:6d} {cost * 1000:13.1f} {1 / cost:17.1f}")


if __name__ == "__main__":
    main()
