"""Whether two pictures show the same edges, in whatever light.

By infra-red foliage is bright and the sky dark, at night lamps take the place of the
sun: no point looks as it did. Yet kerbs and walls lie where they lay.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.view.picture import Shot

_SOFT_PX = 1.5  # of blur: finer than that there is noise
_FAINT = 16.0  # Sobel steps of so many grey levels count half
_STANDS_OUT = 6.0  # standard deviations: what other shifts of other places do not reach


def alike(first: Shot, second: Shot, *, reach: float) -> bool:
    """Return whether two pictures have the same edges in the same places.

    The directions of edges, doubled so that bright beside dark is dark beside bright,
    are correlated over all shifts. Only of one place does the correlation stand out
    where the pictures lie on each other. The margins, where writing stands, are not
    asked.

    Args:
        first: the one picture.
        second: the other, of the same size; objects of either are left out.
        reach: how far it may be displaced, in shares of its width.
    """
    one, other = _edges(first.inner), _edges(second.inner)
    spectrum = np.fft.fft2(one) * np.conj(np.fft.fft2(other))
    by_shift = np.fft.ifft2(spectrum).real
    height, width = by_shift.shape
    far = round(reach * width)
    down = np.abs(np.fft.fftfreq(height, 1 / height)) <= far
    across = np.abs(np.fft.fftfreq(width, 1 / width)) <= far
    near = down[:, None] & across[None, :]
    return bool(by_shift[near].max() >= _STANDS_OUT * by_shift[~near].std() > 0)


def _edges(shot: Shot) -> NDArray[np.complex128]:
    """Return each pixel's edge, (h, w): strength [0, 1], direction twice its angle."""
    soft = cv2.GaussianBlur(np.asarray(shot.grey, np.float32), (0, 0), _SOFT_PX)
    across = np.asarray(cv2.Sobel(soft, cv2.CV_32F, 1, 0), np.float64)
    down = np.asarray(cv2.Sobel(soft, cv2.CV_32F, 0, 1), np.float64)
    step = (across + 1j * down) ** 2
    shown = shot.mask > 0
    edges = step / (np.abs(step) + _FAINT**2) * shown
    # Most edges of a street lie level or upright: that is no place's own.
    return np.asarray(edges - edges.sum() / max(1, shown.sum()) * shown)
