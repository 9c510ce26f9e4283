"""Compose training pictures: single, small and far, or mosaics.

City cameras look from 4-8 m and see refuse small; our pictures are mostly
phone close-ups. Composition is where scale, position and aspect are varied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8, IntArray
from vision.training.chance import happens
from vision.training.labels import CLASSES, IGNORE, Sample, drawable, visible

PAD = 114
LEAST_PX = 5.0
_LEAST_PART_PX = 8
_COARSE = 0.7  # below this scale plain interpolation would alias


ZOOMS: tuple[tuple[float, float], ...] = ((1.0, 1.0), (0.35, 1.0), (1.0, 1.7))
ZOOM_CHANCES = (0.3, 0.4, 0.3)


@dataclass(frozen=True, eq=False, slots=True)
class Canvas:
    """A square training picture.

    Attributes:
        image: (S, S, 3) uint8 BGR.
        xyxy: (N, 4) float32 pixels, inside the canvas.
        class_id: (N,) int64 into ``CLASSES``.
        regions: (R, 4 + len(CLASSES)) float32: rectangle (xyxy, pixels) and
            the weight of "no box" inside it per class. Where rectangles
            overlap the smallest weight holds; outside all it is 1.
    """

    image: ImageU8
    xyxy: FloatArray
    class_id: IntArray
    regions: FloatArray


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a picture lands on the canvas.

    Attributes:
        x_px: left edge of the whole scaled picture on the canvas.
        y_px: its top edge.
        width_px: its width after scaling.
        height_px: its height after scaling.
        window: (x0, y0, x1, y1) part of the canvas it may cover.
        flip: whether it is mirrored left to right.
    """

    x_px: int
    y_px: int
    width_px: int
    height_px: int
    window: tuple[int, int, int, int]
    flip: bool


class Composer:
    """Collects placed pictures into one canvas."""

    def __init__(self, size_px: int) -> None:
        """Start with an empty grey canvas of ``size_px`` squared."""
        self._image = np.full((size_px, size_px, 3), PAD, np.uint8)
        self._xyxy: list[FloatArray] = []
        self._class_id: list[IntArray] = []
        self._regions: list[FloatArray] = []

    def place(self, sample: Sample, at: Placement) -> None:
        """Draw a picture and carry its labels over.

        Boxes that are cut down to a rest, or shrunk to a few pixels, become
        regions in which their class is not trained.
        """
        x0, y0 = max(at.x_px, at.window[0]), max(at.y_px, at.window[1])
        x1 = min(at.x_px + at.width_px, at.window[2])
        y1 = min(at.y_px + at.height_px, at.window[3])
        if min(x1 - x0, y1 - y0) < _LEAST_PART_PX:
            return
        self._image[y0:y1, x0:x1] = _cut(sample.image, at, (x0, y0, x1, y1))
        rect = np.array((x0, y0, x1, y1), np.float32)
        self._region(rect, sample.weight)
        if len(sample.class_id):
            self._boxes(sample, at, rect)

    def finish(self) -> Canvas:
        """Return what has been placed."""
        none = np.zeros((0, 4), np.float32)
        return Canvas(
            image=self._image,
            xyxy=np.concatenate([none, *self._xyxy]),
            class_id=np.concatenate([np.zeros(0, np.int64), *self._class_id]),
            regions=np.concatenate(
                [np.zeros((0, 4 + len(CLASSES)), np.float32), *self._regions]
            ),
        )

    def _boxes(self, sample: Sample, at: Placement, rect: FloatArray) -> None:
        height, width = sample.image.shape[:2]
        scale = np.array((at.width_px / width, at.height_px / height) * 2, np.float32)
        xyxy = sample.xyxy * scale
        if at.flip:
            xyxy[:, 0::2] = at.width_px - xyxy[:, 2::-2]
        xyxy += np.array((at.x_px, at.y_px) * 2, np.float32)
        cut, share = visible(xyxy, rect)
        keep = drawable(cut, share, LEAST_PX) & (sample.class_id != IGNORE)
        self._xyxy.append(cut[keep])
        self._class_id.append(sample.class_id[keep])
        for box, class_id in zip(cut[~keep], sample.class_id[~keep], strict=True):
            weight = np.ones(len(CLASSES), np.float32)
            if class_id == IGNORE:
                weight[:4] = 0.0
            else:
                weight[class_id] = 0.0
            self._region(box, weight)

    def _region(self, rect: FloatArray, weight: FloatArray) -> None:
        self._regions.append(np.concatenate((rect, weight))[None].astype(np.float32))


def single(sample: Sample, size_px: int, rng: np.random.Generator) -> Canvas:
    """Place one picture: fitted, shrunk (small and far) or zoomed in.

    Args:
        sample: the picture.
        size_px: side of the canvas.
        rng: source of chance.

    Returns:
        A canvas of ``size_px`` squared.
    """
    width, height = _shape(sample, rng)
    fit = size_px / max(width, height)
    zoom = _zoom(rng)
    w, h = max(16, round(width * fit * zoom)), max(16, round(height * fit * zoom))
    free_x, free_y = size_px - w, size_px - h
    composer = Composer(size_px)
    at = Placement(
        x_px=int(rng.integers(min(free_x, 0), max(free_x, 0) + 1)),
        y_px=int(rng.integers(min(free_y, 0), max(free_y, 0) + 1)),
        width_px=w,
        height_px=h,
        window=(0, 0, size_px, size_px),
        flip=happens(rng, 0.5),
    )
    composer.place(sample, at)
    return composer.finish()


def mosaic(samples: Sequence[Sample], size_px: int, rng: np.random.Generator) -> Canvas:
    """Tile pictures around a moving centre: many small scenes in one.

    Args:
        samples: 4 or 9 pictures.
        size_px: side of the canvas.
        rng: source of chance.

    Returns:
        A canvas of ``size_px`` squared.
    """
    side = round(len(samples) ** 0.5)
    cuts_x, cuts_y = _cuts(side, size_px, rng), _cuts(side, size_px, rng)
    composer = Composer(size_px)
    for index, sample in enumerate(samples):
        row, column = divmod(index, side)
        window = (
            cuts_x[column],
            cuts_y[row],
            cuts_x[column + 1],
            cuts_y[row + 1],
        )
        composer.place(sample, _tile(sample, window, rng))
    return composer.finish()


def _tile(
    sample: Sample, window: tuple[int, int, int, int], rng: np.random.Generator
) -> Placement:
    room_w, room_h = window[2] - window[0], window[3] - window[1]
    width, height = _shape(sample, rng)
    cover = max(room_w / width, room_h / height)
    fit = min(room_w / width, room_h / height)
    scale = float(rng.uniform(0.75 * fit, 1.15 * cover))
    w, h = max(16, round(width * scale)), max(16, round(height * scale))
    free_x, free_y = room_w - w, room_h - h
    return Placement(
        x_px=window[0] + int(rng.integers(min(free_x, 0), max(free_x, 0) + 1)),
        y_px=window[1] + int(rng.integers(min(free_y, 0), max(free_y, 0) + 1)),
        width_px=w,
        height_px=h,
        window=window,
        flip=happens(rng, 0.5),
    )


def _cuts(side: int, size_px: int, rng: np.random.Generator) -> list[int]:
    spread = 0.18 / (side - 1)
    inner = [
        round(size_px * (k / side + float(rng.uniform(-spread, spread))))
        for k in range(1, side)
    ]
    return [0, *inner, size_px]


def _shape(sample: Sample, rng: np.random.Generator) -> tuple[float, float]:
    height, width = sample.image.shape[:2]
    # Squashed pictures were 9:16 to 16:9 once; the truth is lost, so all are
    # tried. Others keep nearly their own.
    reach = 0.5 if sample.stretched else 0.08
    aspect = float(np.exp(rng.uniform(-reach, reach) / 2))
    return width * aspect, height / aspect


def _zoom(rng: np.random.Generator) -> float:
    # A third as the engine sees it, the rest smaller or larger.
    low, high = ZOOMS[int(rng.choice(len(ZOOMS), p=ZOOM_CHANCES))]
    return float(rng.uniform(low, high))


def _cut(image: ImageU8, at: Placement, rect: tuple[int, int, int, int]) -> ImageU8:
    height, width = image.shape[:2]
    scale_x, scale_y = at.width_px / width, at.height_px / height
    # Only the part that shows is scaled: a zoomed picture is mostly cut away.
    sx0 = max(0, int((rect[0] - at.x_px) / scale_x))
    sy0 = max(0, int((rect[1] - at.y_px) / scale_y))
    sx1 = min(width, int(np.ceil((rect[2] - at.x_px) / scale_x)))
    sy1 = min(height, int(np.ceil((rect[3] - at.y_px) / scale_y)))
    sx1, sy1 = max(sx1, sx0 + 1), max(sy1, sy0 + 1)
    if at.flip:
        sx0, sx1 = width - sx1, width - sx0
    how = cv2.INTER_AREA if min(scale_x, scale_y) < _COARSE else cv2.INTER_LINEAR
    shape = (rect[2] - rect[0], rect[3] - rect[1])
    scaled = cv2.resize(image[sy0:sy1, sx0:sx1], shape, interpolation=how)
    return np.asarray(cv2.flip(scaled, 1) if at.flip else scaled, np.uint8)
