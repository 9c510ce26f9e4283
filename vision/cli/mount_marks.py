"""Draws what a mount says of a picture: the horizon, and metres on the road."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

from vision.core.arrays import FloatArray
from vision.core.mount import Mount
from vision.evidence.fonts import font

_Doubles = NDArray[np.float64]  # of pixels
_Colour = tuple[int, int, int]

_RANGES_M = (5, 10, 20)
_BESIDE_M = (2, 5)
_FAR_M = 1e6
_STEP_DEG, _STEP_M = 2, 0.25
_BEHIND_M, _AHEAD_M = -30, 40
_ALONG_DEG = 20  # who looks so nearly along the road sees both its sides
_LOW = np.array([0.25, 0.85])  # of the picture: where lines lie apart
_HORIZON, _RANGE, _LANE = (255, 80, 80), (255, 214, 60), (120, 230, 255)


def draw_mount(
    pen: ImageDraw.ImageDraw, mount: Mount, size: tuple[int, int], stroke: int
) -> tuple[str, ...]:
    """Draw the horizon, arcs around the lens, and lines along the vehicle's way.

    Args:
        pen: draws into the picture.
        mount: how the camera is said to be fixed.
        size: the picture's width and height, pixels.
        stroke: how thick lines are, pixels.

    Returns:
        The names of the lines that lie in the picture.
    """
    marks: list[tuple[str, _Colour, FloatArray]] = [
        ("horizon", _HORIZON, _around(mount, _FAR_M, mount.height_m)),
        *((f"{m} m", _RANGE, _around(mount, m, 0.0)) for m in _RANGES_M),
        *((f"{abs(m)} m beside", _LANE, _lane(mount, m)) for m in _sides(mount)),
    ]
    shown = []
    for name, colour, points_m in marks:
        inside = _draw(pen, mount.picture(points_m, size), size, (colour, stroke))
        if len(inside) and name not in shown:
            shown.append(name)
            middle = inside[len(inside) // 2]
            low = inside[np.argmin(np.hypot(*(inside - _LOW * np.array(size)).T))]
            _name(pen, low if colour == _LANE else middle, name, colour, size)
    return tuple(shown)


def _draw(
    pen: ImageDraw.ImageDraw,
    pixels: _Doubles,
    size: tuple[int, int],
    how: tuple[_Colour, int],
) -> _Doubles:
    """Draw a line as far as it can be seen; return its points in the picture."""
    with np.errstate(invalid="ignore"):  # behind the camera: not a number
        inside = np.asarray(((pixels >= 0) & (pixels < size)).all(axis=1))
        near = np.asarray((np.abs(pixels) < 3 * max(size)).all(axis=1))
    for i in range(len(pixels) - 1):
        if (inside[i] or inside[i + 1]) and near[i] and near[i + 1]:
            ends = [(float(x), float(y)) for x, y in pixels[i : i + 2]]
            pen.line(ends, fill=how[0], width=how[1])
    return np.asarray(pixels[inside])


def _name(
    pen: ImageDraw.ImageDraw,
    at: _Doubles,
    name: str,
    colour: _Colour,
    size: tuple[int, int],
) -> None:
    size_px = max(12, size[0] // 60)
    x = min(float(at[0]) + 4, size[0] - size_px * len(name) * 0.6)
    y = max(float(at[1]) - size_px * 1.3, 0.0)
    pen.text(
        (x, y),
        name,
        font=font(size_px),
        fill=colour,
        stroke_width=2,
        stroke_fill=(0, 0, 0),
    )


def _around(mount: Mount, range_m: float, up_m: float) -> FloatArray:
    """Return points as far from the lens wherever it looks, (N, 3) metres."""
    half = min(mount.fov_deg / 2 + 30, 89)  # the lower corners look farther aside
    turn = np.radians(mount.yaw_deg + np.arange(-half, half + 0.1, _STEP_DEG))
    forward = mount.forward_m + range_m * np.cos(turn)
    right = mount.right_m + range_m * np.sin(turn)
    points = np.stack((forward, right, np.full_like(turn, up_m)), axis=1)
    return points.astype(np.float32)


def _lane(mount: Mount, beside_m: float) -> FloatArray:
    """Return a line on the road that runs as the vehicle drives, (N, 3) metres.

    Args:
        mount: of the camera.
        beside_m: how far it lies to the right of the lens, metres.
    """
    forward = mount.forward_m + np.arange(_BEHIND_M, _AHEAD_M, _STEP_M)
    right = np.full_like(forward, mount.right_m + beside_m)
    points = np.stack((forward, right, np.zeros_like(forward)), axis=1)
    return points.astype(np.float32)


def _sides(mount: Mount) -> list[int]:
    """Return how far to the right lines are worth drawing: where the camera looks."""
    across = math.sin(math.radians(mount.yaw_deg))
    along = abs(across) < math.sin(math.radians(_ALONG_DEG))
    signs = (-1, 1) if along else (1 if across > 0 else -1,)
    return [sign * m for sign in signs for m in _BESIDE_M]
