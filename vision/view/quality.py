"""Whether a picture shows anything at all."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from vision.core.arrays import ImageU8

_DARK = 16  # video black
_BRIGHT = 250
_GREEN_BGR = (0, 135, 0)  # YUV (0, 0, 0): a decoder without data
_GREY_BGR = (128, 128, 128)  # YUV (128, 128, 128): likewise
_NEAR = 4  # grey levels around a decoder's filling colour
_SMEARED_STEP = 1  # grey levels between rows that repeat each other
_PLAIN_STD = 1.0  # grey levels within a row of a letterbox bar
_COLUMN_STEP = 8


@dataclass(frozen=True, slots=True)
class QualityParams:
    """When a picture is not worth looking at.

    Attributes:
        dark_share: share of black pixels from which it is `black`.
        bright_share: share of white pixels from which it is `over_exposed`.
        blank_share: share of a decoder's filling colour from which it is `grey` or
            `green`.
        flat_std: grey levels of spread below which it is `blocked`.
        smeared_share: share of rows that repeat the row above, from the bottom up, from
            which it is `corrupt`.
    """

    dark_share: float = 0.98
    bright_share: float = 0.85
    blank_share: float = 0.4
    flat_std: float = 4.0
    smeared_share: float = 0.3


def flaw(small: ImageU8, luma: ImageU8, params: QualityParams) -> str | None:
    """Return what makes a picture useless, in one word, or None.

    Args:
        small: (h, w, 3) uint8 BGR, reduced.
        luma: (h, w) uint8, the same.
        params: limits.

    Returns:
        `black`, `over_exposed`, `grey`, `green`, `blocked`, `corrupt` or None.
    """
    mean, spread = cv2.meanStdDev(luma)
    p = params
    if _between(luma, 0, _DARK) >= p.dark_share:
        return "black"
    # Bright pixels alone can make a mean so high; mostly there is none to count.
    bright = float(mean[0, 0]) >= p.bright_share * _BRIGHT
    if bright and _between(luma, _BRIGHT, 255) >= p.bright_share:
        return "over_exposed"
    for word, colour in (("grey", _GREY_BGR), ("green", _GREEN_BGR)):
        if _filled(small, luma, colour, p.blank_share):
            return word
    if float(spread[0, 0]) < p.flat_std:
        return "blocked"
    smeared = _smeared(luma[:, ::_COLUMN_STEP]) >= p.smeared_share
    return "corrupt" if smeared else None


def _between(luma: ImageU8, low: int, high: int) -> float:
    """Return the share of pixels from one grey level to another, both included."""
    return cv2.countNonZero(cv2.inRange(luma, low, high)) / luma.size


def _filled(
    small: ImageU8, luma: ImageU8, colour: tuple[int, int, int], share: float
) -> bool:
    """Return whether at least a share of the pixels have one colour.

    Args:
        small: (h, w, 3) uint8 BGR.
        luma: (h, w) uint8, the same: most pictures have too few pixels as bright as
            the colour, and need not be searched for it.
        colour: BGR.
        share: [0, 1].
    """
    bright = _luma_of(colour)
    low, high = max(0, bright - _NEAR - 1), min(255, bright + _NEAR + 1)
    if _between(luma, low, high) < share:
        return False
    lowest = np.array([max(0, channel - _NEAR) for channel in colour])
    highest = np.array([min(255, channel + _NEAR) for channel in colour])
    return cv2.countNonZero(cv2.inRange(small, lowest, highest)) >= share * luma.size


@lru_cache
def _luma_of(colour: tuple[int, int, int]) -> int:
    pixel = np.array([[colour]], np.uint8)
    return int(cv2.cvtColor(pixel, cv2.COLOR_BGR2GRAY)[0, 0])


def _smeared(luma: ImageU8) -> float:
    """Return the share of rows at the bottom that repeat the one above.

    A letterbox bar repeats too, but has no pattern of its own to smear.
    """
    last = cv2.absdiff(luma[-1:], luma[-2:-1])
    if np.asarray(last).max() > _SMEARED_STEP:
        return 0.0  # nearly always
    step = cv2.absdiff(luma[1:], luma[:-1])
    repeats = np.asarray(step).max(axis=1) <= _SMEARED_STEP
    smear = repeats & (luma[1:].std(axis=1) > _PLAIN_STD)
    whole = np.flatnonzero(~smear[::-1])
    rows = len(smear) if len(whole) == 0 else int(whole[0])
    return rows / len(smear)
