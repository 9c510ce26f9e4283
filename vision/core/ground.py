"""The ground plane from things of known height: a camera that nobody surveyed."""

import math

import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import FloatArray

_Doubles = NDArray[np.float64]

_PITCH_DEG, _REACH_DEG = 37.5, 47.5  # a camera on a street looks -10 to 85 down
_MIN_APART = 0.08  # of the picture's height, between the nearest and farthest foot
_WORST = math.log(1.35)  # by how much a height may disagree with the others


def ground_from_heights(
    xyxy: FloatArray,
    heights_m: FloatArray,
    *,
    size_px: tuple[int, int],
    fov_deg: float,
) -> FloatArray:
    """Return the map from pixels to metres on the ground, from upright things.

    A pinhole camera with its principal point in the middle, held level, over flat
    ground. Foot and top of something h tall are seen at the angles b and t below the
    horizontal, both at one distance, so that h / H = 1 - tan(t) / tan(b) for a camera H
    above the ground (the general case: Criminisi et al., Single View Metrology, IJCV
    2000). The pitch is the one by which all agree best on H, each weighted by the
    square of its height in pixels, for that is how well a box tells it.

    Args:
        xyxy: (N, 4) boxes of upright things on the ground, pixels, N >= 3.
        heights_m: (N,) how tall they are.
        size_px: the picture's width and height.
        fov_deg: horizontal field of view, (0, 180).

    Returns:
        (3, 3) float32; metres to the right of and ahead of the camera's own foot.

    Raises:
        ValueError: too few, all equally far away, or no one plane fits them.
    """
    feet, tops = xyxy[:, 3].astype(np.float64), xyxy[:, 1].astype(np.float64)
    _check(feet, tops, size_px)
    focal = size_px[0] / 2 / math.tan(math.radians(fov_deg) / 2)
    below = np.arctan((np.stack((feet, tops)) - size_px[1] / 2) / focal)
    weights = (feet - tops) ** 2 / np.sum((feet - tops) ** 2)
    pitch, reach = np.radians((_PITCH_DEG, _REACH_DEG))
    for _ in range(4):  # to less than a thousandth of a degree
        pitches, step = np.linspace(pitch - reach, pitch + reach, 381, retstep=True)
        logs = _log_heights(pitches, below, heights_m)
        spread = np.square(logs - (logs @ weights)[:, None]) @ weights
        best = np.argmin(np.where(np.isfinite(spread), spread, np.inf))
        pitch, reach = pitches[best], 2 * step
    (logs,) = _log_heights(np.array([pitch]), below, heights_m)
    mean = float(logs @ weights)
    _agree(logs - mean, heights_m)
    return _plane(float(pitch), math.exp(mean), focal, size_px)


def _check(feet: _Doubles, tops: _Doubles, size_px: tuple[int, int]) -> None:
    if len(feet) < 3:  # noqa: PLR2004 two unknowns, and one more to see that they fit
        msg = f"got {len(feet)} heights, expected at least 3, near and far"
        raise ValueError(msg)
    if np.any(feet <= tops):
        msg = "a box has no height; expected [left, top, right, bottom]"
        raise ValueError(msg)
    apart = float(np.ptp(feet)) / size_px[1]
    if apart < _MIN_APART:
        msg = (
            f"the feet are {apart:.0%} of the picture's height apart, expected at "
            f"least {_MIN_APART:.0%}; choose things near and far"
        )
        raise ValueError(msg)


def _log_heights(pitches: _Doubles, below: _Doubles, heights_m: FloatArray) -> _Doubles:
    """Return the logarithm of the camera's height, (P, N), as each thing tells it.

    Not a number where at that pitch a foot would not be on the ground.
    """
    foot, top = pitches[:, None] + below[0], pitches[:, None] + below[1]
    on_ground = (foot > 0) & (foot < math.pi / 2) & (top > -math.pi / 2)
    share = np.where(on_ground, 1 - np.tan(top) / np.tan(foot), np.nan)
    return np.asarray(np.log(heights_m / share), np.float64)


def _agree(misfit: _Doubles, heights_m: FloatArray) -> None:
    """Refuse a plane that one of the things does not stand on.

    Args:
        misfit: (N,) by how much the camera's height as each thing tells it is larger
            than their mean, logarithms.
        heights_m: (N,) as given.
    """
    if not np.all(np.isfinite(misfit)):
        msg = "no flat ground holds all the feet; check the boxes and fov_deg"
        raise ValueError(msg)
    worst = int(np.argmax(np.abs(misfit)))
    if abs(misfit[worst]) > _WORST:
        found = heights_m[worst] * math.exp(-misfit[worst])
        msg = (
            f"no flat ground fits: number {worst + 1} would be {found:.2g} m tall, not "
            f"{heights_m[worst]:.2g} m; check its box and height_m, and fov_deg"
        )
        raise ValueError(msg)


def _plane(
    pitch: float, height_m: float, focal: float, size_px: tuple[int, int]
) -> FloatArray:
    """Return pixels to metres on the ground for a camera looking down by a pitch."""
    sin, cos = math.sin(pitch), math.cos(pitch)
    lens = np.array(
        [[focal, 0, size_px[0] / 2], [0, focal, size_px[1] / 2], [0, 0, 1]], np.float64
    )
    # Columns: a metre to the right, a metre ahead, and from the camera to its foot.
    ground = np.array(
        [[1, 0, 0], [0, -sin, height_m * cos], [0, cos, height_m * sin]], np.float64
    )
    matrix = np.linalg.inv(lens @ ground)
    return np.asarray(matrix / np.linalg.norm(matrix), np.float32)
