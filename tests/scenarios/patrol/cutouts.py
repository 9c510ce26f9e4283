"""How things look: cut out of the rendered clips that lie in the repository."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

from vision.core.arrays import BoolArray, ImageU8

_ROOT = Path(__file__).parents[3] / "datasets"


@dataclass(frozen=True, slots=True)
class Shot:
    """One thing in one picture of one clip.

    Attributes:
        clip: below `datasets`.
        at_s: when it is seen, seconds.
        box: around it, x1, y1, x2, y2, pixels.
        clear_s: when the same place is seen without it, seconds; None: `outline` tells.
        bulky: it has no dents, as cars: what differs is filled up to its hull.
        outline: (x, y) corners around it, pixels.
    """

    clip: str
    at_s: float
    box: tuple[int, int, int, int]
    clear_s: float | None = None
    bulky: bool = False
    outline: tuple[tuple[float, float], ...] = ()


SHOTS = {
    "heap of bags": Shot("demo/street.mp4", 60, (536, 108, 622, 158), 5),
    "small heap": Shot(
        "scenarios/crew_collects_bags.mp4", 40, (285, 125, 375, 170), 80
    ),
    "wide heap": Shot(
        "scenarios/heap_at_start.mp4",
        5,
        (290, 122, 418, 180),
        outline=(
            *((293, 142), (308, 129), (318, 137), (326, 126), (340, 133)),
            *((345, 141), (357, 134), (368, 127), (388, 134), (391, 141)),
            *((400, 139), (417, 140), (418, 165), (411, 167), (408, 173)),
            *((372, 172), (371, 178), (352, 178), (346, 173), (318, 174)),
            *((300, 158),),
        ),
    ),
    "full bin": Shot(
        "scenarios/bin_filled_emptied.mp4",
        40,
        (345, 64, 378, 129),
        outline=(
            *((351.7, 67.3), (370, 67.3), (374, 68.3), (375.6, 81), (373, 86)),
            *((373, 97), (370.4, 127), (353.4, 127), (351.7, 97), (351.7, 92)),
            *((348, 88.6), (347.5, 82.7), (351, 77)),
        ),
    ),
    "closed bin": Shot(
        "scenarios/bags_carried_through.mp4",
        5,
        (384, 113, 426, 166),
        outline=(
            *((386.4, 119), (390, 116.3), (411, 115.3), (422.7, 120.5)),
            *((422.5, 125), (419.8, 129), (416.5, 163.4), (402.7, 164)),
            *((390.3, 161), (386.4, 159), (386.4, 155.2), (389, 152), (387, 123)),
        ),
    ),
    "white van": Shot(
        "scenarios/parked_at_start.mp4", 8.5, (300, 80, 460, 205), 60, bulky=True
    ),
    "red car": Shot("demo/street.mp4", 60, (300, 144, 490, 236), 8, bulky=True),
    "white wagon": Shot(
        "scenarios/passing_traffic.mp4", 12, (180, 171, 430, 295), 10, bulky=True
    ),
    "cream van": Shot(
        "scenarios/loading_within_grace.mp4", 20, (250, 90, 470, 210), 40, bulky=True
    ),
    "car from behind": Shot(
        "scenarios/parked_at_start.mp4", 2, (488, 177, 640, 290), 8, bulky=True
    ),
    "silver car": Shot(
        "scenarios/parked_at_start.mp4", 9.5, (389, 222, 605, 360), 4, bulky=True
    ),
    "green car": Shot(
        "scenarios/parked_at_start.mp4", 6, (345, 138, 525, 250), 8, bulky=True
    ),
    "carrier": Shot("scenarios/bags_carried_through.mp4", 10, (115, 100, 172, 208), 5),
    "walker": Shot("scenarios/bags_carried_through.mp4", 26, (235, 85, 275, 175), 5),
}


@cache
def cut_out(name: str) -> ImageU8:
    """Return one of `SHOTS`, (H, W, 4) uint8 BGR and opacity, cut to what shows."""
    shot = SHOTS[name]
    picture = _at(shot, shot.at_s)
    if shot.clear_s is None:
        shown = _inside(shot)
    else:
        shown = _differs(picture, _at(shot, shot.clear_s), bulky=shot.bulky)
    y, x = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    cut = slice(y[0], y[-1] + 1), slice(x[0], x[-1] + 1)
    alpha = cv2.GaussianBlur(shown.astype(np.uint8) * 255, (3, 3), 0)
    return np.asarray(np.dstack((picture, alpha))[cut], np.uint8)


def _at(shot: Shot, time_s: float) -> ImageU8:
    x1, y1, x2, y2 = shot.box
    with av.open(str(_ROOT / shot.clip)) as container:
        container.seek(int(time_s * 1e6))  # the key frame before
        for frame in container.decode(container.streams.video[0]):
            if float(frame.time or 0.0) >= time_s - 1e-6:
                whole = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                return whole[y1:y2, x1:x2]
    msg = f"{shot.clip}: no picture at {time_s} s"
    raise ValueError(msg)


def _inside(shot: Shot) -> BoolArray:
    x1, y1, x2, y2 = shot.box
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    outline = np.rint(np.array(shot.outline) - (x1, y1)).astype(np.int32)
    cv2.fillPoly(mask, [outline], 1)
    return mask > 0


def _differs(picture: ImageU8, clear: ImageU8, *, bulky: bool) -> BoolArray:
    """Return the largest thing that one picture shows and the other one does not."""
    seen = picture.astype(np.float32)
    ground = clear.astype(np.float32)
    changed = np.abs(seen - ground).max(axis=2) > 14
    share = (seen + 8) / (ground + 8)
    # A shadow darkens all colours alike, by no more than to a third.
    shade = share.mean(axis=2)
    alike = share.max(axis=2) - share.min(axis=2) < (0.2 if bulky else 0.12)
    mask = (changed & ~(alike & (shade < 0.9) & (shade > 0.3))).astype(np.uint8)
    speck = 5 if bulky else 2
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((speck, speck), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(outlines, key=cv2.contourArea)
    filled = np.zeros_like(mask)
    cv2.fillPoly(filled, [cv2.convexHull(largest) if bulky else largest], 1)
    return filled > 0
