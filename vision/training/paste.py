"""Put refuse, stalls and rendered things into street pictures that have none.

Our pictures of them are close-ups; the streets that cameras see are other
pictures. A crop with its surroundings, faded out at its border, is set onto the
lower part of a street (Dwibedi et al. 2017, "Cut, Paste and Learn": blending
so that no edge gives the object away). What is rendered comes cut out, with the
shadow that it casts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import FloatArray, ImageU8, IntArray
from vision.training.labels import CLASSES, IGNORE, ROAD_USERS, Sample, visible

#: The crop reaches this far beyond its object, in sides of the object.
_MARGIN = 0.12
#: Of the crop, in shorter sides of the street picture; half are below a sixth,
#: as in streets that a camera sees.
_SIDES = (0.06, 0.5)
_LARGEST_SCALE = 1.5
_LEAST_PX = 10
_SOFT = 0.2
_LEAST_SHARE = 0.6
_MOST_HIDDEN = 0.7
_HORIZON = 0.45
_CITY = len(CLASSES) - len(ROAD_USERS)


def pasted(street: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
    """Set one object of another picture into a street.

    Args:
        street: the picture to change a copy of.
        donor: shows at least one object of a city class, else nothing is set; or
            a thing cut out, of any class or none.
        rng: source of chance.

    Returns:
        The street with the object's box, and with those of city objects that
        the crop shows too; such as it shows a part of are to be ignored.
    """
    if donor.alpha is not None:
        return _stood(street, donor, donor.alpha, rng)
    choice = np.flatnonzero((donor.class_id >= 0) & (donor.class_id < _CITY))
    if not len(choice):
        return street
    crop = _around(donor.xyxy[int(rng.choice(choice))], donor.image)
    part = donor.image[crop[1] : crop[3], crop[0] : crop[2]]
    spot = _spot(street.image.shape[:2], part.shape[:2], rng)
    if spot is None:
        return street
    boxes, class_id = _carried(donor, crop)
    moved = boxes * spot.scale + np.array((spot.x_px, spot.y_px) * 2, np.float32)
    small = _resized(part, spot)
    image = _faded(street.image, small, (spot.x_px, spot.y_px))
    return _with(_behind(street, spot), image, moved, class_id)


def _stood(
    street: Sample, thing: Sample, alpha: ImageU8, rng: np.random.Generator
) -> Sample:
    """Stand a thing that was cut out into a street, in the light of that place."""
    height, width = street.image.shape[:2]
    body = thing.xyxy[0] if len(thing.xyxy) else _extent(alpha)
    tall, wide = (int(v) for v in (body[3] - body[1], body[2] - body[0]))
    spot = _spot((height, width), (tall, wide), rng)
    if spot is None:
        return street
    move = np.array([[spot.scale, 0, 0], [0, spot.scale, 0]], np.float32)
    move[:, 2] = (spot.x_px, spot.y_px) - spot.scale * body[:2]
    x0, y0 = np.maximum(np.floor(move[:, 2]), 0).astype(int)
    size = np.array(alpha.shape[::-1]) * spot.scale
    x1, y1 = np.minimum(np.ceil(move[:, 2] + size), (width, height)).astype(int)
    move[:, 2] -= (x0, y0)
    cover = _shrunk(alpha, move, (x1 - x0, y1 - y0))[..., None] / np.float32(255)
    ground = street.image[y0:y1, x0:x1]
    lit = float(ground.mean() / 118) ** 0.7 * float(rng.uniform(0.7, 1.3))
    drawn = lit * _shrunk(thing.image, move, (x1 - x0, y1 - y0))
    mixed = np.minimum(drawn + ground * (1 - cover), 255)
    image = street.image.copy()
    image[y0:y1, x0:x1] = mixed.astype(np.uint8)
    boxes = thing.xyxy * spot.scale + np.tile(move[:, 2] + (x0, y0), 2)
    inside, _ = visible(boxes, np.array((0, 0, width, height), np.float32))
    kept = _behind(street, spot)
    return _with(kept, image, inside.astype(np.float32), thing.class_id)


def _extent(alpha: ImageU8) -> FloatArray:
    """Return the box (4,) of what shows."""
    y, x = (np.flatnonzero(alpha.any(axis=axis)) for axis in (1, 0))
    return np.array((x[0], y[0], x[-1] + 1, y[-1] + 1), np.float32)


def _shrunk(part: ImageU8, move: FloatArray, size: tuple[int, int]) -> ImageU8:
    """Scale and shift; blurred first, so that what gets small does not flicker."""
    sigma = 0.45 * max(0.0, 1 / float(move[0, 0]) - 1)
    soft = cv2.GaussianBlur(part, (0, 0), sigma) if sigma > _SOFT else part
    return np.asarray(
        cv2.warpAffine(soft, move, size, flags=cv2.INTER_LINEAR), np.uint8
    )


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where something is put, in pixels of the street, and how much smaller."""

    scale: float
    x_px: int
    y_px: int
    width_px: int
    height_px: int

    @property
    def xyxy(self) -> FloatArray:
        """The place as a box (4,), in pixels of the street."""
        x, y = self.x_px, self.y_px
        return np.array((x, y, x + self.width_px, y + self.height_px), np.float32)


def _spot(
    street: tuple[int, ...], part: tuple[int, ...], rng: np.random.Generator
) -> _Spot | None:
    """Choose a place whose foot is below the horizon; None when it gets too small."""
    height, width = street
    side = float(np.exp(rng.uniform(*np.log(_SIDES))))
    scale = min(side * min(height, width) / max(part), _LARGEST_SCALE)
    h, w = (round(length * scale) for length in part)
    if min(w, h) < _LEAST_PX or w > width or h > height:
        return None
    x = int(rng.integers(0, width - w + 1))
    foot = int(rng.integers(max(h, round(_HORIZON * height)), height + 1))
    return _Spot(scale, x, foot - h, w, h)


def _resized(part: NDArray[Any], spot: _Spot) -> NDArray[Any]:
    shape = (spot.width_px, spot.height_px)
    return np.asarray(cv2.resize(part, shape, interpolation=cv2.INTER_AREA), part.dtype)


def _behind(street: Sample, spot: _Spot) -> Sample:
    """Drop the boxes of what no longer shows behind what was put there."""
    _, hidden = visible(street.xyxy, spot.xyxy)
    shows = hidden < _MOST_HIDDEN
    return dataclasses.replace(
        street, xyxy=street.xyxy[shows], class_id=street.class_id[shows]
    )


def _with(
    street: Sample, image: ImageU8, xyxy: FloatArray, class_id: IntArray
) -> Sample:
    return dataclasses.replace(
        street,
        image=image,
        xyxy=np.concatenate((street.xyxy, xyxy)).astype(np.float32),
        class_id=np.concatenate((street.class_id, class_id)),
    )


def _around(box: FloatArray, image: ImageU8) -> tuple[int, int, int, int]:
    margin = (box[2:] - box[:2]) * _MARGIN
    low = np.maximum(box[:2] - margin, 0).astype(int)
    high = np.ceil(box[2:] + margin).astype(int)
    return (
        int(low[0]),
        int(low[1]),
        min(int(high[0]), image.shape[1]),
        min(int(high[1]), image.shape[0]),
    )


def _carried(
    donor: Sample, crop: Sequence[int]
) -> tuple[FloatArray, np.ndarray[tuple[int, ...], np.dtype[np.int64]]]:
    """Return boxes in pixels of the crop; of what is cut off, nothing is known."""
    rect = np.array(crop, np.float32)
    cut, share = visible(donor.xyxy, rect)
    shows = (donor.class_id < _CITY) & (share > 0)
    whole = share >= _LEAST_SHARE
    known = np.where(whole, donor.class_id, IGNORE).astype(np.int64)
    return cut[shows] - np.tile(rect[:2], 2), known[shows]


def _faded(street: ImageU8, part: ImageU8, at: tuple[int, int]) -> ImageU8:
    height, width = part.shape[:2]
    edge = max(2, round(min(height, width) * _MARGIN / 2))
    ramps = [
        np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)) for n in (height, width)
    ]
    mask = np.minimum(ramps[0][:, None], ramps[1][None]) / edge
    alpha = mask.clip(0, 1).astype(np.float32)[..., None]
    drawn = street.copy()
    spot = drawn[at[1] : at[1] + height, at[0] : at[0] + width]
    spot[:] = (part * alpha + spot * (1 - alpha)).astype(np.uint8)
    return drawn
