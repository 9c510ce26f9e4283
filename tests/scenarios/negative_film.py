"""Clips and pictures as long streams: looped, held where a street may stand still."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from vision.core.arrays import ImageU8

_LONGEST_PX = 960


@dataclass(frozen=True, slots=True)
class Hold:
    """A time of a clip at which the street may stand still for a while.

    Attributes:
        at_s: when, seconds of the clip.
        longest_s: for how long at most.
        share: of the loops in which it does.
    """

    at_s: float
    longest_s: float
    share: float = 0.7


@dataclass(frozen=True, eq=False, slots=True)
class Reel:
    """A clip in memory: `pictures`, (H, W, 3) uint8 BGR, every `step_s` seconds."""

    pictures: Sequence[ImageU8]
    step_s: float

    def looped(
        self, holds: Sequence[Hold], rng: np.random.Generator, period_s: float
    ) -> Iterator[ImageU8]:
        """Yield the clip's pictures over and over again, stretched at its holds."""
        length_s = len(self.pictures) * self.step_s
        while True:
            at_s = float(rng.uniform(0, period_s))
            waits = {
                hold.at_s: float(rng.uniform(0.2, 1)) * hold.longest_s
                for hold in holds
                if rng.random() < hold.share
            }
            while at_s < length_s:
                yield self.pictures[int(at_s / self.step_s)]
                waiting = [since for since, left in waits.items() if left > 0]
                now = min((s for s in waiting if s <= at_s), default=None)
                if now is None:
                    at_s += period_s
                else:
                    waits[now] -= period_s

    def swung(self) -> Iterator[ImageU8]:
        """Yield the clip's pictures forwards, then backwards, and again."""
        while True:
            yield from self.pictures
            yield from self.pictures[-2:0:-1]


def read(path: Path, step_s: float | None = None) -> Reel:
    """Read a clip's pictures, all of them or one every `step_s` seconds."""
    pictures: list[ImageU8] = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            due_s = len(pictures) * (step_s or 0.0)
            if step_s is None or float(frame.time or 0.0) >= due_s - 1e-6:
                pictures.append(
                    fitted(np.asarray(frame.to_ndarray(format="bgr24"), np.uint8))
                )
        rate = float(stream.average_rate or 25)
    return Reel(pictures, step_s or 1 / rate)


def fitted(picture: ImageU8) -> ImageU8:
    """Return a picture whose longer side is at most 960 pixels, its sides even."""
    height, width = picture.shape[:2]
    share = min(1.0, _LONGEST_PX / max(height, width))
    size = (int(width * share) // 2 * 2, int(height * share) // 2 * 2)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def write(
    path: Path, pictures: Iterator[ImageU8], *, length_s: float, period_s: int
) -> tuple[int, int]:
    """Encode pictures as H.264, every one a key frame, and return (width, height)."""
    first = next(pictures)
    height, width = first.shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuv420p"
        stream.gop_size = 1
        stream.options = {"crf": "24", "preset": "veryfast", "threads": "1"}
        for i in range(int(length_s / period_s)):
            shown = first if i == 0 else next(pictures)
            frame = av.VideoFrame.from_ndarray(shown, format="bgr24")
            frame.pts = i * period_s
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return width, height
