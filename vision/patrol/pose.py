"""Where the camera of a vehicle is, and where on the map its pixels lie."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vision.core.geometry import Xyxy
from vision.core.mount import Mount
from vision.core.position import Fix

Vector: TypeAlias = NDArray[np.float64]
"""(2,) east, north, metres on a local plane."""

Matrix: TypeAlias = NDArray[np.float64]
"""(2, 2) of the same, metres squared."""

SIDE_SD_M = 0.2  # of a box's middle across the line of sight, near by
SIDE_SD = 0.015  # and in shares of the range: heading and pixels
DEPTH_SD_M = 0.25  # along it: two positions one after the other, and the box's foot


@dataclass(frozen=True, slots=True)
class Ray:
    """One box's foot, measured.

    Attributes:
        lens: where the camera is, (2,) metres.
        away: from there to the foot, (2,) metres.
        spread: covariance of the foot, (2, 2) metres squared.
        weights: its inverse.
        width_m: of the box at that range, metres.
        height_m: likewise.
        bend: by how much farther away it seems, (2,) metres, for each radian that the
            camera looks further down than was measured.
        at_s: when, seconds on the stream's clock.
    """

    lens: Vector
    away: Vector
    spread: Matrix
    weights: Matrix
    width_m: float
    height_m: float
    bend: Vector
    at_s: float

    @property
    def foot(self) -> Vector:
        """Where it is, (2,) metres."""
        return np.asarray(self.lens + self.away)

    @property
    def range_m(self) -> float:
        """How far away the foot is, metres."""
        return float(np.hypot(*self.away))


@dataclass(frozen=True, slots=True)
class Pose:
    """A vehicle at one moment, on a plane.

    Attributes:
        fix: as the position source said it; its heading is known.
        here: where it is, (2,) metres.
        mount: how the camera is fixed to it.
        size_px: the picture's width and height.
        foot_px: standard deviation of a box's lower edge, pixels.
        at_s: when, seconds on the stream's clock.
    """

    fix: Fix
    here: Vector
    mount: Mount
    size_px: tuple[int, int]
    foot_px: float
    at_s: float

    @property
    def lens(self) -> Vector:
        """Where the camera is, (2,) metres."""
        offset = np.array([self.mount.forward_m, self.mount.right_m])
        return np.asarray(self.here + self._turn @ offset)

    @property
    def ahead(self) -> Vector:
        """Which way the vehicle goes, (2,) of length 1."""
        return np.asarray(self._turn[:, 0])

    @property
    def aside(self) -> Vector:
        """Which way lies to its right, (2,) of length 1."""
        return np.asarray(self._turn[:, 1])

    def measure(self, box: Xyxy) -> Ray | None:
        """Return where a box's foot lies.

        Args:
            box: pixels.

        Returns:
            None where it is above the horizon, or the box is cut off by the lower edge
            of the picture, so that its foot was not seen.
        """
        x1, y1, x2, y2 = box
        foot = None if y2 >= self.size_px[1] - 2 else self.foot_of(box)
        if foot is None:
            return None
        away = foot - self.lens
        range_m = float(np.hypot(*away))
        focal = self.mount.focal_px(self.size_px)
        slant_m = math.hypot(range_m, self.mount.height_m)
        width_m = (x2 - x1) / focal * slant_m
        extent_m = 0.15 * width_m  # which part of it is lowest changes with the angle
        # A radian of tilt moves a point at r by (r^2 + h^2) / h on the ground.
        reach_m = slant_m**2 / self.mount.height_m
        step_m = reach_m / focal * self.foot_px
        along_m = math.hypot(DEPTH_SD_M, step_m, extent_m)
        across_m = math.hypot(SIDE_SD_M, SIDE_SD * range_m, extent_m)
        sight = away / max(range_m, 1e-6)
        side = np.array([-sight[1], sight[0]])
        spread = along_m**2 * np.outer(sight, sight)
        spread += across_m**2 * np.outer(side, side)
        return Ray(
            lens=self.lens,
            away=away,
            spread=spread,
            weights=np.asarray(np.linalg.inv(spread), np.float64),
            width_m=width_m,
            height_m=(y2 - y1) / focal * slant_m,
            bend=sight * reach_m,
            at_s=self.at_s,
        )

    def foot_of(self, box: Xyxy) -> Vector | None:
        """Return where the middle of a box's lower edge lies, (2,) metres.

        None above the horizon.
        """
        pixel = np.array([[(box[0] + box[2]) / 2, box[3]]], np.float32)
        (point,) = self.mount.ground(pixel, self.size_px)
        if np.isnan(point).any():
            return None
        return np.asarray(self.here + self._turn @ point)

    def seen_at(self, point: Vector, size_m: tuple[float, float]) -> Xyxy | None:
        """Return the box in which something upright would be seen.

        Args:
            point: where it stands, (2,) metres.
            size_m: width and height, metres.

        Returns:
            Pixels, perhaps beside the picture; None behind the camera.
        """
        forward, right = self._turn.T @ (point - self.here)
        foot_top = np.array(
            [[forward, right, 0.0], [forward, right, size_m[1]]], np.float32
        )
        (x, y2), (_, y1) = self.mount.picture(foot_top, self.size_px).tolist()
        if math.isnan(x) or math.isnan(y1):
            return None
        range_m = float(np.hypot(*(point - self.lens)))
        slant_m = math.hypot(range_m, self.mount.height_m)
        half = size_m[0] / 2 * self.mount.focal_px(self.size_px) / max(slant_m, 0.1)
        return x - half, y1, x + half, y2

    def covariance(self, point: Vector) -> Matrix:
        """Return what place and heading of the vehicle add to a point's covariance."""
        away = point - self.lens
        side = np.array([-away[1], away[0]]) * math.radians(self.fix.heading_sd_deg)
        return np.asarray(np.eye(2) * self.fix.accuracy_m**2 + np.outer(side, side))

    @property
    def _turn(self) -> Matrix:
        """The vehicle's forward and right as columns, east and north as rows."""
        heading = math.radians(self.fix.heading_deg or 0.0)
        sin, cos = math.sin(heading), math.cos(heading)
        return np.array([[sin, cos], [cos, -sin]])
