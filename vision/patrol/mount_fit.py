"""By which mount what was passed would have stood still: a mount that is told wrong.

By a mount that is wrong, things that stand seem to move as the vehicle does; which
correction makes them stand is found by trying. One key is corrected at a time: with
several, far too many mounts fit alike.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vision.core.mount import Mount
from vision.patrol.pose import DEPTH_SD_M, SIDE_SD, SIDE_SD_M
from vision.patrol.trails import TrailLook

_Doubles = NDArray[np.float64]

_MOST = 4.0  # more than that one thing does not say against a mount: it may drive
_FITS = 2.5  # mean squared residual, in variances, up to which it stands
_FARTHEST_M = 60.0
_ENOUGH = 0.7  # of a thing's looks must lie on the ground
_GAIN = 0.5  # by so much a correction must fit better to be worth a word,
_HALF = 0.5  # and either to that share of the misfit,
_MORE = 0.15  # or so many more of the things stand
_ALIKE = 0.9  # share of the gain from which another key explains it as well


@dataclass(frozen=True, slots=True)
class MountFit:
    """How well things stand still by a mount.

    Attributes:
        mount: which.
        misfit: mean over the things of their mean squared residual, in variances, each
            at most 4.
        standing: share of the things that stand.
    """

    mount: Mount
    misfit: float
    standing: float


@dataclass(frozen=True, slots=True)
class Correction:
    """One key of a mount, as it fits best.

    Attributes:
        key: `pitch_deg`, `yaw_deg`, `fov_deg` or `height_m`.
        told: what the mount has.
        fit: of the mount with another value.
    """

    key: str
    told: float
    fit: MountFit

    @property
    def value(self) -> float:
        """What fits."""
        return float(getattr(self.fit.mount, self.key))


def _pitches(mount: Mount) -> Iterable[float]:
    return (mount.pitch_deg + off for off in np.arange(-10.0, 10.5))


def _yaws(mount: Mount) -> Iterable[float]:
    return (mount.yaw_deg + off for off in np.arange(-180.0, 180.0, 3.0))


def _fovs(mount: Mount) -> Iterable[float]:
    half = math.tan(math.radians(mount.fov_deg) / 2)
    for share in np.exp(np.arange(-0.5, 0.55, 0.05)):
        yield 2 * math.degrees(math.atan(half * float(share)))


def _heights(mount: Mount) -> Iterable[float]:
    return (mount.height_m * float(s) for s in np.exp(np.arange(-0.5, 0.55, 0.05)))


_TRIED = {
    "pitch_deg": (_pitches, 1.0),
    "yaw_deg": (_yaws, 3.0),
    "fov_deg": (_fovs, 3.0),
    "height_m": (_heights, 0.1),
}
"""Which values are tried at first, and how fine the steps afterwards begin."""


def corrections(
    things: Sequence[Sequence[TrailLook]],
    mount: Mount,
    size_px: tuple[int, int],
    foot_px: float,
) -> list[Correction]:
    """Return which other mounts would have most things stand, the best one first.

    Args:
        things: the looks at each; some of them may drive.
        mount: as it is told.
        size_px: the picture's width and height.
        foot_px: standard deviation of a box's lower edge, pixels.

    Returns:
        Those that fit much better than it; none: it is right, or something else is
        wrong.
    """
    table = _Table.of(things, size_px, foot_px)
    now = table.fit(mount)
    tried = sorted(
        ((_best(table, mount, key), key) for key in _TRIED),
        key=lambda pair: pair[0].misfit,
    )
    gain = now.misfit - tried[0][0].misfit
    return [
        Correction(key, float(getattr(mount, key)), fit)
        for fit, key in tried
        if _is_better(fit, now) and now.misfit - fit.misfit >= _ALIKE * gain
    ]


def _is_better(fit: MountFit, now: MountFit) -> bool:
    clearly = fit.misfit <= _HALF * now.misfit or fit.standing >= now.standing + _MORE
    return now.misfit - fit.misfit >= _GAIN and clearly


def _best(table: "_Table", mount: Mount, key: str) -> MountFit:
    """Return the best fit with one key corrected."""
    values, step = _TRIED[key]
    best = min(
        (table.fit(replace(mount, **{key: value})) for value in values(mount)),
        key=lambda fit: fit.misfit,
    )
    for _ in range(4):
        step /= 2
        at = float(getattr(best.mount, key))
        around = (table.fit(replace(mount, **{key: at + k * step})) for k in (-1, 1))
        best = min((best, *around), key=lambda fit: fit.misfit)
    return best


@dataclass(frozen=True, eq=False, slots=True)
class _Table:
    """All looks below each other: N of K things."""

    pixels: _Doubles
    widths: _Doubles
    here: _Doubles
    turn: _Doubles
    thing: NDArray[np.int64]
    size_px: tuple[int, int]
    foot_px: float

    @classmethod
    def of(
        cls,
        things: Sequence[Sequence[TrailLook]],
        size_px: tuple[int, int],
        foot_px: float,
    ) -> "_Table":
        looks = [look for thing in things for look in thing]
        heading = np.radians([look.heading_deg for look in looks])
        sin, cos = np.sin(heading), np.cos(heading)
        ahead, aside = np.stack((sin, cos), axis=1), np.stack((cos, -sin), axis=1)
        return cls(
            pixels=np.array([(look.x, look.y) for look in looks]),
            widths=np.array([look.width for look in looks]),
            here=np.array([(look.east, look.north) for look in looks]),
            turn=np.stack((ahead, aside), axis=2),
            thing=np.repeat(np.arange(len(things)), [len(one) for one in things]),
            size_px=size_px,
            foot_px=foot_px,
        )

    def fit(self, mount: Mount) -> MountFit:
        """Return how well the things stand still by a mount."""
        ground = mount.ground(self.pixels.astype(np.float32), self.size_px)
        away = ground - np.array([mount.forward_m, mount.right_m])
        range_m = np.hypot(away[:, 0], away[:, 1])
        seen = range_m <= _FARTHEST_M  # nor is what is not a number
        feet = self.here + np.einsum("nij,nj->ni", self.turn, ground)
        feet = np.where(seen[:, None], feet, 0.0)
        weights = self._weights(mount, away, range_m)
        weights = np.where(seen[:, None, None], weights, 0.0)
        normal = self._sum(weights) + np.eye(2) * 1e-9
        points = np.linalg.solve(
            normal, self._sum(np.einsum("nij,nj->ni", weights, feet))[..., None]
        )[..., 0]
        off = feet - points[self.thing]
        squares = self._sum(np.einsum("ni,nij,nj->n", off, weights, off))
        count, whole = self._sum(seen.astype(np.float64)), np.bincount(self.thing)
        misfit = squares / np.maximum(2 * count - 2, 1)
        misfit = np.where(count < _ENOUGH * whole, np.inf, misfit)
        return MountFit(
            mount=mount,
            misfit=float(np.mean(np.minimum(misfit, _MOST))),
            standing=float(np.mean(misfit <= _FITS)),
        )

    def _weights(self, mount: Mount, away: _Doubles, range_m: _Doubles) -> _Doubles:
        """Return (N, 2, 2): what is known of each foot, as `Pose.measure` has it."""
        focal = mount.focal_px(self.size_px)
        slant_m = np.hypot(range_m, mount.height_m)
        extent_m = 0.15 * self.widths / focal * slant_m
        step_m = slant_m**2 / mount.height_m / focal * self.foot_px
        along = DEPTH_SD_M**2 + step_m**2 + extent_m**2
        across = SIDE_SD_M**2 + (SIDE_SD * range_m) ** 2 + extent_m**2
        sight = np.einsum("nij,nj->ni", self.turn, away)
        sight = sight / np.maximum(range_m, 1e-6)[:, None]
        side = np.stack((-sight[:, 1], sight[:, 0]), axis=1)
        return np.asarray(
            sight[:, :, None] * sight[:, None, :] / along[:, None, None]
            + side[:, :, None] * side[:, None, :] / across[:, None, None]
        )

    def _sum(self, rows: _Doubles) -> _Doubles:
        """Return the sum of the rows of each thing, (K, ...)."""
        total = np.zeros((int(self.thing[-1]) + 1, *rows.shape[1:]))
        np.add.at(total, self.thing, rows)
        return total
