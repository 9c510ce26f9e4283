"""Put refuse and stalls into street pictures that have none.

Our pictures of both are close-ups; the streets that cameras see are other
pictures. A crop with its surroundings, faded out at its border, is set onto the
lower part of a street (Dwibedi et al. 2017, "Cut, Paste and Learn": blending
so that no edge gives the object away).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from vision.core.arrays import FloatArray, ImageU8
from vision.training.labels import CLASSES, ROAD_USERS, Sample, visible

#: The crop reaches this far beyond its object, in sides of the object.
_MARGIN = 0.12
_SIDES = (0.12, 0.5)  # of the crop, in shorter sides of the street picture
_LARGEST_SCALE = 1.5
_LEAST_PX = 12
_LEAST_SHARE = 0.6
_HORIZON = 0.45
_CITY = len(CLASSES) - len(ROAD_USERS)


def pasted(street: Sample, donor: Sample, rng: np.random.Generator) -> Sample:
    """Set one object of another picture into a street.

    Args:
        street: the picture to change a copy of.
        donor: shows at least one object of a city class; else nothing is set.
        rng: source of chance.

    Returns:
        The street with the object's box, and with those of city objects that
        the crop shows too.
    """
    choice = np.flatnonzero((donor.class_id >= 0) & (donor.class_id < _CITY))
    if not len(choice):
        return street
    crop = _around(donor.xyxy[int(rng.choice(choice))], donor.image)
    part = donor.image[crop[1] : crop[3], crop[0] : crop[2]]
    height, width = street.image.shape[:2]
    wanted = float(rng.uniform(*_SIDES)) * min(height, width)
    scale = min(wanted / max(part.shape[:2]), _LARGEST_SCALE)
    w, h = round(part.shape[1] * scale), round(part.shape[0] * scale)
    if min(w, h) < _LEAST_PX:
        return street
    x = int(rng.integers(0, width - w + 1))
    foot = int(rng.integers(max(h, round(_HORIZON * height)), height + 1))
    boxes, class_id = _carried(donor, crop)
    moved = boxes * scale + np.array((x, foot - h) * 2, np.float32)
    small = np.asarray(cv2.resize(part, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    return dataclasses.replace(
        street,
        image=_faded(street.image, small, (x, foot - h)),
        xyxy=np.concatenate((street.xyxy, moved)).astype(np.float32),
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
    rect = np.array(crop, np.float32)
    cut, share = visible(donor.xyxy, rect)
    known = (donor.class_id >= 0) & (donor.class_id < _CITY)
    keep = known & (share >= _LEAST_SHARE)
    return cut[keep] - np.tile(rect[:2], 2), donor.class_id[keep]


def _faded(street: ImageU8, part: ImageU8, at: tuple[int, int]) -> ImageU8:
    height, width = part.shape[:2]
    edge = max(1, round(min(height, width) * _MARGIN / 2))
    ramps = [
        np.minimum(np.arange(1, n + 1), np.arange(n, 0, -1)) for n in (height, width)
    ]
    mask = np.minimum(ramps[0][:, None], ramps[1][None]) / edge
    alpha = mask.clip(0, 1).astype(np.float32)[..., None]
    drawn = street.copy()
    spot = drawn[at[1] : at[1] + height, at[0] : at[0] + width]
    spot[:] = (part * alpha + spot * (1 - alpha)).astype(np.uint8)
    return drawn
