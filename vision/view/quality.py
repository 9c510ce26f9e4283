"""Whether a picture shows anything at all."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import ImageU8

_DARK = 16  # video black
_BRIGHT = 250
_EVERY = 4
_GREEN_BGR = np.array((0, 135, 0), np.int16)  # YUV (0, 0, 0): a decoder without data
_GREY_BGR = np.array((128, 128, 128), np.int16)  # YUV (128, 128, 128): likewise


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
    few = small[::_EVERY, ::_EVERY]  # shares need no more
    p = params
    flaws = {
        "black": np.mean(luma[::_EVERY] <= _DARK) >= p.dark_share,
        "over_exposed": np.mean(luma[::_EVERY] >= _BRIGHT) >= p.bright_share,
        "grey": _share_of(few, _GREY_BGR) >= p.blank_share,
        "green": _share_of(few, _GREEN_BGR) >= p.blank_share,
        "blocked": luma[::_EVERY].std() < p.flat_std,
        "corrupt": _smeared(luma[:, ::_EVERY]) >= p.smeared_share,
    }
    return next((word for word, present in flaws.items() if present), None)


def _share_of(small: ImageU8, colour: NDArray[np.int16]) -> float:
    """Return the share of pixels of one colour."""
    near = np.abs(small.astype(np.int16) - colour).max(axis=2) <= 4  # noqa: PLR2004
    return float(np.mean(near))


def _smeared(luma: ImageU8) -> float:
    """Return the share of rows at the bottom that repeat the one above.

    A letterbox bar repeats too, but has no pattern of its own to smear.
    """
    same = np.abs(np.diff(luma.astype(np.int16), axis=0)).max(axis=1) <= 1
    flat = np.ptp(luma[1:], axis=1) <= 2  # noqa: PLR2004
    smear = same & ~flat
    broken = np.flatnonzero(~smear[::-1])
    rows = len(smear) if len(broken) == 0 else int(broken[0])
    return rows / len(smear)
