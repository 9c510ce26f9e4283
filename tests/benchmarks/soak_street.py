"""The soak's film: the bundled street as a 1080p25 camera sends it, and its truth."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.core.arrays import ImageU8

FPS, GOP, BIT_RATE = 25, 50, 4_000_000
FILMS = {"1080": (1920, 1080), "720": (1280, 720)}
FOLDER = Path(__file__).parents[2] / "datasets" / "demo"

JUDGED = ("illegal_parking", "garbage_pile")  # the bin and the stall need closer looks

_NOISE_FILMS = 8  # a sensor is never still; so many fields are enough


@dataclass(frozen=True, slots=True)
class Shown:
    """A violation in the film.

    Attributes:
        slug: which.
        start_s: when it begins.
        box: where, in shares of the picture.
    """

    slug: str
    start_s: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Truth:
    """What one pass of the film shows.

    Attributes:
        length_s: of the film.
        shown: the judged violations.
        zones: the camera's zones, as a site file has them.
    """

    length_s: float
    shown: tuple[Shown, ...]
    zones: list[dict[str, object]]


def read_truth() -> Truth:
    """Read the bundled film's truth."""
    record = json.loads((FOLDER / "truth.json").read_text(encoding="utf-8"))
    return Truth(
        length_s=float(record["duration_s"]),
        shown=tuple(
            Shown(event["slug"], float(event["start_s"]), tuple(event["xyxy"]))
            for event in record["events"]
            if event["slug"] in JUDGED
        ),
        zones=[zone for zone in record["zones"] if zone["kind"] != "bin"],
    )


def write_film(path: Path, size: tuple[int, int]) -> Path:
    """Write the film as raw H.264, or leave one alone that is there already.

    Args:
        path: of the film.
        size: (width, height), pixels.
    """
    if path.exists():
        return path
    draft = path.with_suffix(".tmp.h264")
    noise = _noise(size)
    with av.open(str(draft), "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = BIT_RATE * size[0] * size[1] // (1920 * 1080)
        stream.codec_context.time_base = Fraction(1, FPS)
        stream.codec_context.gop_size = GOP
        stream.codec_context.max_b_frames = 0
        stream.options = {
            "preset": "ultrafast",
            "x264-params": f"keyint={GOP}:min-keyint={GOP}:scenecut=0",
        }
        count = 0
        for image, copies in _pictures(size):
            for _ in range(copies):
                shown = cv2.add(image, noise[count % len(noise)]).astype(np.uint8)
                frame = VideoFrame.from_ndarray(shown, format="bgr24")
                frame.pts = count
                container.mux(stream.encode(frame))
                count += 1
        container.mux(stream.encode())
    draft.replace(path)
    return path


def _noise(size: tuple[int, int]) -> list[ImageU8]:
    rng = np.random.default_rng(1)
    width, height = size
    fields = rng.integers(0, 6, (_NOISE_FILMS, height // 2, width // 2, 3), np.uint8)
    return [
        cv2.resize(one, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
        for one in fields
    ]


def _pictures(size: tuple[int, int]) -> Iterator[tuple[ImageU8, int]]:
    """Yield the film's pictures in `size`, each with how often it is shown."""
    length = round(read_truth().length_s * FPS)
    last: tuple[ImageU8, int] | None = None
    with av.open(str(FOLDER / "street.mp4")) as container:
        for frame in container.decode(video=0):
            number = round(float(frame.time or 0.0) * FPS)
            if last is not None:
                yield last[0], number - last[1]
            small = frame.to_ndarray(format="bgr24")
            large = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC)
            last = large.astype(np.uint8, copy=False), number
    if last is not None:
        yield last[0], length - last[1]
