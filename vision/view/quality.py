"""Whether a picture shows anything at all."""

from dataclasses import dataclass

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


def flaw(small: ImageU8, params: QualityParams) -> str | None:
    """Return what makes a picture useless, in one word, or None.

    Args:
        small: (h, w, 3) uint8 BGR, reduced.
        params: limits.

    Returns:
        `black`, `over_exposed`, `grey`, `green`, `blocked`, `corrupt` or None.
    """
    luma = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
    _, spread = cv2.meanStdDev(luma)
    p = params
    flaws = {
        "black": _share(luma, (0,), (_DARK,)) >= p.dark_share,
        "over_exposed": _share(luma, (_BRIGHT,), (255,)) >= p.bright_share,
        "grey": _share_of(small, _GREY_BGR) >= p.blank_share,
        "green": _share_of(small, _GREEN_BGR) >= p.blank_share,
        "blocked": float(spread[0, 0]) < p.flat_std,
        "corrupt": _smeared(luma[:, ::_COLUMN_STEP]) >= p.smeared_share,
    }
    return next((word for word, present in flaws.items() if present), None)


def _share(image: ImageU8, low: tuple[int, ...], high: tuple[int, ...]) -> float:
    """Return the share of pixels between two colours, both included."""
    within = cv2.inRange(image, np.array(low), np.array(high))
    return cv2.countNonZero(within) / within.size


def _share_of(small: ImageU8, colour: tuple[int, int, int]) -> float:
    """Return the share of pixels of one colour."""
    low = tuple(max(0, channel - _NEAR) for channel in colour)
    high = tuple(min(255, channel + _NEAR) for channel in colour)
    return _share(small, low, high)


def _smeared(luma: ImageU8) -> float:
    """Return the share of rows at the bottom that repeat the one above.

    A letterbox bar repeats too, but has no pattern of its own to smear.
    """
    step = cv2.absdiff(luma[1:], luma[:-1])
    repeats = np.asarray(step).max(axis=1) <= _SMEARED_STEP
    smear = repeats & (luma[1:].std(axis=1) > _PLAIN_STD)
    whole = np.flatnonzero(~smear[::-1])
    rows = len(smear) if len(whole) == 0 else int(whole[0])
    return rows / len(smear)
