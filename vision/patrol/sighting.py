"""One object followed over a pass: does it stand, and where."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry import Xyxy
from vision.patrol.params import PatrolKind, PatrolParams
from vision.patrol.pose import Matrix, Ray, Vector

Table: TypeAlias = NDArray[np.float64]
"""(N, ...) one row for each look."""

_MOST_LOOKS = 60
_DRIFT_SD_M = 0.3  # between two looks: of positions one after the other
_TILT_SD = 0.01  # radians, between two looks: the suspension
_ANY_MPS = 15.0  # what moves may be so fast
_WALK_MPS = 1.0
_STAND_MPS = 0.3  # what is faster at least, as the looks tell, does not stand
_CREEP_MPS = 0.3  # what may be faster stands only if we drive:
_CREEP = 0.35  # in shares of our own speed
_FEW = 3  # looks that a velocity fits whatever they show
_STEP_M = 0.3  # between two looks that tell where it is
_FIRM_SD_M = 0.5  # how exact one pass can be at best: what is a thing's middle


@dataclass(frozen=True, eq=False, slots=True)
class Fit:
    """One fixed point under all looks.

    Attributes:
        point: where it is, (2,) metres.
        spread: covariance within the pass, (2, 2) metres squared; what the vehicle's
            own place adds is not in it.
        tilt: by how much the camera looks further down than was measured, radians.
        misfit: mean squared residual, in variances.
        misfit_m: root mean squared residual, metres.
        speed_mps: how fast it is at least and at most, as the looks tell: the speed
            that fits best less two standard deviations, and one more; infinite where
            they tell nothing.
    """

    point: Vector
    spread: Matrix
    tilt: float
    misfit: float
    misfit_m: float
    speed_mps: tuple[float, float] = (0.0, math.inf)


def fit(rays: list[Ray], tilt_sd: float) -> Fit:
    """Find the fixed point that all looks agree on best, and whether it stands.

    Linear least squares of lens_i + away_i = point + tilt * bend_i, weighted by what is
    known of each look, with a prior of 0 on the tilt: a pitch that is a little wrong,
    or a road that rises, makes ranges wrong by their square over the camera's height,
    and moving past tells it (triangulation). Once more with a velocity: what drives
    fits a point, too, if few looks from afar are all there is.

    Args:
        rays: the looks, at least one.
        tilt_sd: standard deviation of the prior on the tilt, radians.

    Returns:
        The point, how well it fits and how fast it may be.
    """
    prior = np.diag([0.0, 0.0, 1 / tilt_sd**2])
    feet = np.array([ray.foot for ray in rays])
    weights = np.array([ray.weights for ray in rays])
    rows = np.zeros((len(rays), 2, 3))
    rows[:, :, :2] = np.eye(2)
    rows[:, :, 2] = [ray.bend for ray in rays]
    found, covariance = _solve(feet, weights, rows, prior)
    off = feet - rows @ found
    squares = np.einsum("ni,nij,nj->n", off, weights, off)
    return Fit(
        point=found[:2],
        spread=covariance[:2, :2] + np.eye(2) * _FIRM_SD_M**2,
        tilt=float(found[2]),
        misfit=float(np.mean(squares)) / 2,  # each look has two residuals
        misfit_m=float(np.sqrt(np.mean(np.sum(off**2, axis=1)))),
        speed_mps=_speed(feet, weights, rows, prior, [ray.at_s for ray in rays]),
    )


def _speed(
    feet: Table, weights: Table, rows: Table, prior: Matrix, at_s: Sequence[float]
) -> tuple[float, float]:
    """Return how fast what was seen is at least and at most, metres per second.

    Args:
        feet: (N, 2) metres.
        weights: (N, 2, 2).
        rows: (N, 2, 3) of the fit without a velocity.
        prior: (3, 3) of the same.
        at_s: when, seconds.
    """
    times_s = np.array(at_s)
    if np.ptp(times_s) <= 0:
        return 0.0, math.inf
    drift = np.eye(2) * (times_s - times_s.mean())[:, None, None]
    wider = np.eye(5) / _ANY_MPS**2
    wider[:3, :3] = prior
    moving = np.concatenate((rows, drift), axis=2)
    found, covariance = _solve(feet, weights, moving, wider)
    doubt = math.sqrt(float(np.linalg.eigvalsh(covariance[3:, 3:])[-1]))
    best = float(np.hypot(*found[3:]))
    return max(0.0, best - 2 * doubt), best + doubt


def _solve(
    feet: Table, weights: Table, rows: Table, prior: Matrix
) -> tuple[Vector, Matrix]:
    """Return the weighted least squares and their covariance."""
    weighted = np.swapaxes(rows, 1, 2) @ weights
    normal = prior + (weighted @ rows).sum(axis=0)
    covariance = np.asarray(np.linalg.inv(normal), np.float64)
    return covariance @ np.einsum("nki,ni->k", weighted, feet), covariance


@dataclass(eq=False, slots=True)
class Sighting:
    """An object while it is followed.

    Attributes:
        kind: what it is taken for.
        began_at: wall time of the first look.
        seen_at: wall time of the latest look.
        box: latest box, picture pixels.
        rays: its looks from different spots, thinned evenly when there are many.
        fitted: the fixed point that they agree on.
        looks: how many there were.
        expected: pictures in which it should have been found, those with a look too;
            while something nearer hid it, it should not.
        attended: looks with a person beside it.
        observed_s: time in which it was found, seconds.
        scores: sum of the scores.
        best_score: the greatest.
        votes: looks by class.
        look: its appearance at the nearest look, or None; of individual things only.
        look_range_m: from how far that was, metres.
        spot_id: the place on the map that it was found to be, or None.
        instead_of: the place that it seems to have taken over, or None.
    """

    kind: PatrolKind
    began_at: datetime
    seen_at: datetime
    box: Xyxy
    rays: list[Ray]
    fitted: Fit
    looks: int = 0
    expected: int = 0
    attended: int = 0
    observed_s: float = 0.0
    scores: float = 0.0
    best_score: float = 0.0
    votes: Counter[str] = field(default_factory=Counter)
    look: Vector | None = None
    look_range_m: float = float("inf")
    spot_id: str | None = None
    instead_of: str | None = None

    @property
    def moved_m(self) -> float:
        """How far the camera moved between the first look and the latest, metres."""
        return float(np.hypot(*(self.rays[-1].lens - self.rays[0].lens)))

    @property
    def range_m(self) -> float:
        """The nearest range, metres."""
        return self.nearest.range_m * self._stretch

    @property
    def nearest(self) -> Ray:
        """The look from nearest."""
        return min(self.rays, key=lambda ray: ray.range_m)

    @property
    def label(self) -> str:
        """Its class by majority."""
        return max(self.votes, key=self.votes.__getitem__)

    @property
    def size_m(self) -> tuple[float, float]:
        """How wide and tall it is, metres, as the nearest look tells."""
        return (
            self.nearest.width_m * self._stretch,
            self.nearest.height_m * self._stretch,
        )

    @property
    def moves(self) -> bool:
        """Whether it certainly drives or walks by itself."""
        return len(self.rays) > _FEW and self.fitted.speed_mps[0] >= _WALK_MPS

    @property
    def creeps(self) -> bool:
        """Whether it may go along with us, as slowly as we do: the next in a jam."""
        passed_s = self.rays[-1].at_s - self.rays[0].at_s
        own_mps = self.moved_m / passed_s if passed_s > 0 else 0.0
        return self.fitted.speed_mps[1] > _CREEP_MPS + _CREEP * own_mps

    def may_be(self, spot_id: str) -> bool:
        """Return whether it may be what stands at a spot, for all that is known."""
        return not self.moves and self.spot_id in {None, spot_id}

    def certain(self, params: PatrolParams) -> bool:
        """Return whether it is one fixed thing of a size that such things have."""
        small, large = self.kind.size_m
        return (
            len(self.rays) >= params.min_looks
            and self.moved_m >= params.min_moved_m
            and self.best_score >= params.open_score
            and self.fitted.misfit <= params.max_misfit
            and self.fitted.speed_mps[0] <= _STAND_MPS
            and self.fitted.speed_mps[1] <= self.kind.max_speed_mps
            and not self.creeps
            and abs(self.fitted.tilt) <= params.max_tilt
            and small <= self.size_m[0] <= large
        )

    def distance(self, ray: Ray) -> float:
        """Return how far a foot is from where this should be, Mahalanobis squared."""
        off = ray.foot - ray.bend * self.fitted.tilt - self.fitted.point
        spread = ray.spread + self.fitted.spread
        unsure = ray.bend * (_TILT_SD if self.looks > 1 else 2 * _TILT_SD)
        spread += np.outer(unsure, unsure)
        return float(off @ np.linalg.inv(spread) @ off)

    @property
    def _stretch(self) -> float:
        """By how much the nearest look is farther away than it seemed."""
        ray = self.nearest
        towards = float(ray.bend @ ray.away) / max(ray.range_m, 1e-6) ** 2
        return max(0.1, 1 - self.fitted.tilt * towards)

    def see(self, ray: Ray, box: Xyxy, at: datetime, params: PatrolParams) -> None:
        """Take one look; from where the last one was, it tells nothing new."""
        if not self.rays or np.hypot(*(ray.lens - self.rays[-1].lens)) >= _STEP_M:
            self.rays.append(ray)
            if len(self.rays) > _MOST_LOOKS:
                # Every other one, the first and the latest among them.
                self.rays = [*self.rays[:-1:2], self.rays[-1]]
            self.fitted = fit(self.rays, params.tilt_sd)
        self.box = box
        self.seen_at = at
        self.looks += 1

    def unseen_s(self, now: datetime) -> float:
        """Return how long it was not found, seconds."""
        return (now - self.seen_at) / timedelta(seconds=1)


def begin(kind: PatrolKind, ray: Ray, box: Xyxy, at: datetime) -> Sighting:
    """Return what is seen for the first time, with no look counted yet."""
    point = ray.foot
    unsure = ray.spread + np.eye(2) * _DRIFT_SD_M**2
    return Sighting(
        kind=kind,
        began_at=at,
        seen_at=at,
        box=box,
        rays=[],
        fitted=Fit(point, unsure, 0.0, 0.0, 0.0),
    )
