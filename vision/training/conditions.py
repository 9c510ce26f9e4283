"""Fixed bad conditions under which a model is judged.

Training draws effects at random (`degrade`); here each picture gets exactly
one, always the same, so that figures of two runs compare.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from vision.core.arrays import ImageU8
from vision.training.compose import PAD
from vision.training.degrade import turn_hue

Condition = Callable[[ImageU8], ImageU8]
#: Conditions that show the scene smaller, and how many times.
_SHRUNK = {"half size": 2, "far": 3}


def plain(image: ImageU8) -> ImageU8:
    """Leave the picture as it is."""
    return image


def grey(image: ImageU8) -> ImageU8:
    """Take the colour away, as infra-red cameras do at night."""
    luma = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(luma, cv2.COLOR_GRAY2BGR), np.uint8)


def repainted(image: ImageU8) -> ImageU8:
    """Show every colour as its opposite, as bins of another city may be."""
    return turn_hue(image, 90)


def dark(image: ImageU8) -> ImageU8:
    """Under-expose by about two stops, with sensor noise."""
    table = (np.linspace(0, 1, 256) ** 1.8 * 0.55 * 255).astype(np.uint8)
    rng = np.random.default_rng(0)
    field = rng.normal(0, 6, image.shape[:2])[..., None]
    return np.asarray((cv2.LUT(image, table) + field).clip(0, 255), np.uint8)


def blurred(image: ImageU8) -> ImageU8:
    """Defocus by 0.35 % of the longer side."""
    sigma = max(image.shape[:2]) * 0.0035
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def blocks(image: ImageU8) -> ImageU8:
    """Compress to JPEG quality 20."""
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 20])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def infra_red(image: ImageU8) -> ImageU8:
    """Show it as a night camera does: grey, two stops dark, noisy, compressed."""
    return blocks(dark(grey(image)))


def half_size(image: ImageU8) -> ImageU8:
    """Show the scene at half its size in the middle of an empty frame.

    Boxes move along: see ``moved``.
    """
    return _shrunk(image, _SHRUNK["half size"])


def far(image: ImageU8) -> ImageU8:
    """Show the scene at a third of its size, as a cheap camera far away does.

    Boxes move along: see ``moved``.
    """
    return blocks(_shrunk(image, _SHRUNK["far"]))


def _shrunk(image: ImageU8, part: int) -> ImageU8:
    height, width = image.shape[:2]
    shape = (width // part, height // part)
    small = cv2.resize(image, shape, interpolation=cv2.INTER_AREA)
    frame = np.full_like(image, PAD)
    left, top = _corner((height, width), part)
    frame[top : top + small.shape[0], left : left + small.shape[1]] = small
    return frame


def _corner(shape: tuple[int, int], part: int) -> tuple[int, int]:
    height, width = shape
    return (width - width // part) // 2, (height - height // part) // 2


CONDITIONS: dict[str, Condition] = {
    "plain": plain,
    "grey": grey,
    "repainted": repainted,
    "dark": dark,
    "blurred": blurred,
    "blocks": blocks,
    "infra-red": infra_red,
    "half size": half_size,
    "far": far,
}


def moved(xyxy: np.ndarray, shape: tuple[int, int], name: str) -> np.ndarray:
    """Return where boxes are under a condition.

    Args:
        xyxy: (N, 4) pixels of the plain picture.
        shape: its (height, width).
        name: key of ``CONDITIONS``.

    Returns:
        (N, 4) pixels of the changed picture.
    """
    part = _SHRUNK.get(name)
    if part is None:
        return xyxy
    shift = np.array(_corner(shape, part) * 2, np.float32)
    return np.asarray(xyxy / part + shift, np.float32)
