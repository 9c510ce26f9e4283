"""A pinhole camera in plain Python, the same one that Blender renders with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from datasets.street_scene.schema import Viewpoint

Vec3: TypeAlias = tuple[float, float, float]

_SENSOR_MM = 36.0
_NEAR_M = 0.2


def _cross(a: Vec3, b: Vec3) -> Vec3:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def _unit(a: Vec3) -> Vec3:
    n = math.sqrt(sum(v * v for v in a))
    return (a[0] / n, a[1] / n, a[2] / n)


def _dot(a: Vec3, b: Vec3) -> float:
    return sum(p * q for p, q in zip(a, b, strict=True))


@dataclass(frozen=True, slots=True)
class Pinhole:
    """World metres to normalised picture coordinates."""

    eye: Vec3
    forward: Vec3
    focal: float
    aspect: float

    @classmethod
    def from_view(cls, view: Viewpoint, width: int, height: int) -> "Pinhole":
        """Build the camera of a view.

        Args:
            view: place, aim and focal length (mm on a 36 mm sensor).
            width: pixels.
            height: pixels.
        """
        eye = (view.x, view.y, view.height_m)
        ahead = _unit(
            (
                view.look_at[0] - eye[0],
                view.look_at[1] - eye[1],
                view.look_at[2] - eye[2],
            )
        )
        return cls(eye, ahead, view.focal_mm / _SENSOR_MM, width / height)

    def project(self, point: Vec3) -> tuple[float, float] | None:
        """Return (x, y) with 0..1 inside the picture, None behind the camera."""
        right = _unit(_cross(self.forward, (0.0, 0.0, 1.0)))
        up = _cross(right, self.forward)
        rel = (point[0] - self.eye[0], point[1] - self.eye[1], point[2] - self.eye[2])
        depth = _dot(rel, self.forward)
        if depth < _NEAR_M:
            return None
        x = 0.5 + self.focal * _dot(rel, right) / depth
        y = 0.5 - self.focal * self.aspect * _dot(rel, up) / depth
        return x, y


def clip_to_frame(
    polygon: Sequence[tuple[float, float]],
) -> list[tuple[float, float]]:
    """Cut a polygon to the unit square (Sutherland and Hodgman 1974).

    Args:
        polygon: normalised corners, any winding.

    Returns:
        The part inside [0, 1]; empty when nothing is.
    """
    out = list(polygon)
    for axis, bound, keep_below in (
        (0, 0.0, False),
        (0, 1.0, True),
        (1, 0.0, False),
        (1, 1.0, True),
    ):
        source, out = out, []
        for a, b in zip(source, source[1:] + source[:1], strict=True):
            a_in = (a[axis] <= bound) if keep_below else (a[axis] >= bound)
            b_in = (b[axis] <= bound) if keep_below else (b[axis] >= bound)
            if a_in:
                out.append(a)
            if a_in != b_in:
                s = (bound - a[axis]) / (b[axis] - a[axis])
                cut = [a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])]
                cut[axis] = bound
                out.append((cut[0], cut[1]))
    return out
