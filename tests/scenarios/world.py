"""A painted street: actors with looks and paths, and a detector that knows them.

Small pictures of textured rectangles are enough for everything that judges footprints
and looks, and are painted in a fraction of a millisecond.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.core.detections import Detections
from vision.core.frame import Frame

LABELS = (
    "person",
    "car",
    "truck",
    "bus",
    "motorcycle",
    "garbage",
    "bin",
    "overflowing_bin",
    "street_vendor",
)
WIDTH, HEIGHT = 320, 180
START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
Waypoint = tuple[float, float, float]  # seconds, x and y of the ground contact


@dataclass(frozen=True)
class Actor:
    """Something with a look that moves along a path.

    `path` is followed in straight lines; it exists from the first waypoint to the last.
    """

    label: str
    path: Sequence[Waypoint]
    size: tuple[float, float] = (60, 36)
    look: int = 0
    labels: Sequence[tuple[float, str]] = ()  # class from a time on
    growth_per_s: float = 0.0
    painted: bool = True  # else the detector imagines it
    detected: Callable[[float], bool] = field(default=lambda _t: True)

    def box(self, t: float) -> tuple[float, float, float, float] | None:
        times = [point[0] for point in self.path]
        if not times[0] <= t <= times[-1]:
            return None
        x = float(np.interp(t, times, [point[1] for point in self.path]))
        y = float(np.interp(t, times, [point[2] for point in self.path]))
        grown = 1 + self.growth_per_s * (t - times[0])
        w, h = self.size[0] * grown, self.size[1] * grown
        return x - w / 2, y - h, x + w / 2, y

    def label_at(self, t: float) -> str:
        return ([self.label] + [name for since, name in self.labels if t >= since])[-1]


def still(x: float, y: float, start: float, end: float) -> list[Waypoint]:
    return [(start, x, y), (end, x, y)]


def texture(seed: int, width: int, height: int, cells: int = 8) -> ImageU8:
    """Return a picture of blocks in random greys, the same for the same seed."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(20, 236, (cells, cells, 3), dtype=np.uint8)
    size = (max(1, width), max(1, height))
    return np.asarray(
        cv2.resize(blocks, size, interpolation=cv2.INTER_NEAREST), np.uint8
    )


def street(seed: int = 7) -> ImageU8:
    """Return a background with coarse and fine structure."""
    coarse = texture(seed, WIDTH, HEIGHT, 24)
    fine = texture(seed + 1, WIDTH, HEIGHT, 64)
    return np.asarray(cv2.addWeighted(coarse, 0.35, fine, 0.15, 60), np.uint8)


@dataclass
class World:
    """The street, who is on it, and how well the detector sees them."""

    actors: Sequence[Actor]
    seed: int = 7
    scale: float = 1.0  # picture size
    jitter_px: float = 0.0
    drop: float = 0.0
    score: float = 0.85
    light: Callable[[float], float] = field(default=lambda _t: 1.0)
    shake: Callable[[float], tuple[float, float]] = field(default=lambda _t: (0.0, 0.0))
    noise: float = 2.0
    rain: float = 0.0  # streaks per thousand pixels
    infrared: Callable[[float], bool] = field(default=lambda _t: False)

    def __post_init__(self) -> None:
        self._street = street(self.seed)
        self._rng = np.random.default_rng(self.seed)
        shape = (4, HEIGHT, WIDTH, 3)
        self._grain = self._rng.normal(0, self.noise, shape).astype(np.int16)
        self._looks: dict[tuple[int, int, int], ImageU8] = {}

    def paint(self, t: float) -> ImageU8:
        picture = self._street.copy()
        for actor in self._near_last(t):
            box = actor.box(t)
            assert box is not None
            if not actor.painted:
                continue
            x1, y1, x2, y2 = (round(side) for side in box)
            key = (actor.look, x2 - x1, y2 - y1)
            if key not in self._looks:
                self._looks[key] = texture(actor.look + 1000, x2 - x1, y2 - y1)
            patch = self._looks[key]
            left, top = max(0, x1), max(0, y1)
            right, bottom = min(WIDTH, x2), min(HEIGHT, y2)
            if right > left and bottom > top:
                cut = patch[top - y1 : bottom - y1, left - x1 : right - x1]
                picture[top:bottom, left:right] = cut
        return self._film(picture, t)

    def _film(self, picture: ImageU8, t: float) -> ImageU8:
        dx, dy = self.shake(t)
        if (dx, dy) != (0.0, 0.0):
            matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
            picture = np.asarray(
                cv2.warpAffine(
                    picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT
                ),
                np.uint8,
            )
        if self.rain:
            picture = self._wet(picture)
        if self.infrared(t):
            # What reflects red is bright by infra-red, whatever its luma was.
            red = np.asarray(picture[..., 2] * 0.7 + 40, np.uint8)
            picture = np.repeat(red[..., None], 3, axis=2)
        if self.light(t) != 1.0:
            lit = cv2.convertScaleAbs(picture, alpha=self.light(t))
            picture = np.asarray(lit, np.uint8)
        grain = self._grain[int(self._rng.integers(len(self._grain)))]
        if self.infrared(t):
            grain = np.repeat(
                grain[..., :1], 3, axis=2
            )  # a grey picture's noise is grey
        film = np.asarray(cv2.add(picture, grain, dtype=cv2.CV_8U), np.uint8)
        if self.scale == 1.0:
            return film
        size = (round(WIDTH * self.scale), round(HEIGHT * self.scale))
        return np.asarray(cv2.resize(film, size), np.uint8)

    def _wet(self, picture: ImageU8) -> ImageU8:
        """Return the picture through rain: paler, with bright streaks."""
        wet = np.asarray(cv2.addWeighted(picture, 0.75, picture, 0, 30), np.uint8)
        for _ in range(round(self.rain * WIDTH * HEIGHT / 1000)):
            x, y = int(self._rng.integers(WIDTH)), int(self._rng.integers(HEIGHT))
            cv2.line(wet, (x, y), (x + 1, y + 9), (215, 215, 215), 1)
        return wet

    def detect(self, t: float) -> Detections:
        """Return boxes of what is visible; what is mostly behind another is missed."""
        seen = self._near_last(t)
        boxes, classes = [], []
        for i, actor in enumerate(seen):
            box = actor.box(t)
            assert box is not None
            hidden = max(
                (_covered(box, other.box(t)) for other in seen[i + 1 :]), default=0
            )
            outside = _covered(box, (0, 0, WIDTH, HEIGHT)) < 0.3
            missed = not actor.detected(t) or self._rng.random() < self.drop
            if hidden > 0.6 or outside or missed:
                continue
            dx, dy = self.shake(t)
            noise = self._rng.normal(0, self.jitter_px, 4) if self.jitter_px else 0.0
            moved = np.add(box, (dx, dy, dx, dy)) + noise
            boxes.append(moved * self.scale)
            classes.append(LABELS.index(actor.label_at(t)))
        return Detections(
            xyxy=np.array(boxes, np.float32).reshape(-1, 4),
            score=np.full(len(boxes), self.score, np.float32),
            class_id=np.array(classes, np.int64),
        )

    def film(
        self, end_s: float, *, period_s: float = 1.0, start_s: float = 0.0
    ) -> Iterator[tuple[Frame, Detections]]:
        """Yield frames `period_s` apart, with what the detector sees in each."""
        for i in range(int((end_s - start_s) / period_s + 1e-6) + 1):
            t = start_s + i * period_s
            yield self.frame(t, i), self.detect(t)

    def frame(self, t: float, index: int = 0) -> Frame:
        return Frame(
            camera_id="c1",
            index=index,
            media_time_s=t,
            captured_at=START + timedelta(seconds=t),
            picture=self.paint(t),
        )

    def _near_last(self, t: float) -> list[Actor]:
        here = [(actor, actor.box(t)) for actor in self.actors]
        there = [(actor, box) for actor, box in here if box is not None]
        return [actor for actor, _ in sorted(there, key=lambda pair: pair[1][3])]


def _covered(
    box: tuple[float, float, float, float],
    other: tuple[float, float, float, float] | None,
) -> float:
    assert other is not None
    w = min(box[2], other[2]) - max(box[0], other[0])
    h = min(box[3], other[3]) - max(box[1], other[1])
    return max(0.0, w) * max(0.0, h) / ((box[2] - box[0]) * (box[3] - box[1]))
