"""How a camera is fixed to a vehicle: from pixels to metres on the road and back."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import FloatArray

_Doubles: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mount:
    """A pinhole camera on a vehicle that stands level on flat ground.

    The vehicle's axes are forward, right and up, metres, from the ground below its
    positioning antenna.

    Attributes:
        height_m: of the lens above the road, metres, > 0.
        yaw_deg: where it looks, clockwise from straight ahead, degrees.
        pitch_deg: how far down it looks, from level, degrees, (-90, 90].
        fov_deg: horizontal field of view, degrees, (0, 180).
        roll_deg: by how much its right side hangs lower, degrees.
        forward_m: of the lens, from the antenna, metres.
        right_m: likewise.
    """

    height_m: float
    yaw_deg: float
    pitch_deg: float
    fov_deg: float
    roll_deg: float = 0.0
    forward_m: float = 0.0
    right_m: float = 0.0

    def ground(self, pixels: FloatArray, size_px: tuple[int, int]) -> _Doubles:
        """Return where on the road pixels lie.

        Args:
            pixels: (N, 2) x, y.
            size_px: the picture's width and height.

        Returns:
            (N, 2) float64: forward, right, metres; not a number above the horizon.
        """
        focal = self.focal_px(size_px)
        offset = (np.asarray(pixels, np.float64) - np.array(size_px) / 2) / focal
        right, down, ahead = self._axes()
        rays = ahead + offset[:, :1] * right + offset[:, 1:] * down
        sinks = np.where(rays[:, 2] < 0, -rays[:, 2], np.nan)
        where = np.array([self.forward_m, self.right_m])
        return np.asarray(where + rays[:, :2] * (self.height_m / sinks)[:, None])

    def picture(self, points_m: FloatArray, size_px: tuple[int, int]) -> _Doubles:
        """Return where points are seen.

        Args:
            points_m: (N, 3) forward, right, up, metres.
            size_px: the picture's width and height.

        Returns:
            (N, 2) float64: x, y in pixels, perhaps beside the picture; not a number
            behind the camera.
        """
        lens = np.array([self.forward_m, self.right_m, self.height_m])
        away = np.asarray(points_m, np.float64) - lens
        right, down, ahead = self._axes()
        depth = away @ ahead
        depth = np.where(depth > 0, depth, np.nan)
        sides = np.stack((away @ right, away @ down), axis=1) / depth[:, None]
        return np.asarray(sides * self.focal_px(size_px) + np.array(size_px) / 2)

    def focal_px(self, size_px: tuple[int, int]) -> float:
        """Return the focal length, pixels."""
        return size_px[0] / 2 / math.tan(math.radians(self.fov_deg) / 2)

    def _axes(self) -> tuple[_Doubles, _Doubles, _Doubles]:
        """Return the picture's right and down and the way it looks, unit vectors."""
        yaw, pitch, roll = np.radians((self.yaw_deg, self.pitch_deg, self.roll_deg))
        level = np.array([math.cos(yaw), math.sin(yaw), 0.0])
        right = np.array([-math.sin(yaw), math.cos(yaw), 0.0])
        up = np.array([0.0, 0.0, 1.0])
        ahead = math.cos(pitch) * level - math.sin(pitch) * up
        down = -math.sin(pitch) * level - math.cos(pitch) * up
        turned = math.cos(roll) * right + math.sin(roll) * down
        return turned, math.cos(roll) * down - math.sin(roll) * right, ahead
