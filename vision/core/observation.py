"""What a rule is shown: one analysed frame of one camera."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.core.geometry import Point, Xyxy
from vision.core.places import Place
from vision.core.scene import Scene
from vision.core.tracks import Track


class View(StrEnum):
    """Whether the picture can be trusted; every value but CLEAR stops all timers."""

    CLEAR = "clear"
    MOVED = "moved"
    BLIND = "blind"


Matrix3: TypeAlias = tuple[
    tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]
]


@dataclass(frozen=True, slots=True)
class ViewState:
    """Verdict on one picture, and how it lies over the reference view.

    Zones and places are fixed in the *reference view*, the one a person drew the zones
    in. A shaking or turned camera changes how pictures map to it, never the zones.

    Attributes:
        view: clear, moved or blind.
        reason: why it is not clear, in one word (`black`, `frozen`, `grey` ...).
        shift_px: estimated camera motion (dx, dy) since the reference, pixels.
        registration: homography from reference pixels to this picture's; None: the
            shift alone tells.
        light: `colour` or `infrared`, or None if not judged; remembered looks do not
            outlive a switch.
        preset: name of the PTZ preset that the camera shows, or None; zones and places
            belong to one preset.
    """

    view: View = View.CLEAR
    reason: str | None = None
    shift_px: tuple[float, float] = (0.0, 0.0)
    registration: Matrix3 | None = None
    light: str | None = None
    preset: str | None = None

    @property
    def in_place(self) -> bool:
        """Whether this picture's pixels are the reference view's."""
        return self.registration is None and self.shift_px == (0.0, 0.0)

    @property
    def matrix(self) -> Matrix3:
        """Homography from the reference view's pixels to this picture's."""
        if self.registration is not None:
            return self.registration
        dx, dy = self.shift_px
        return (1.0, 0.0, dx), (0.0, 1.0, dy), (0.0, 0.0, 1.0)

    def to_reference(self, xyxy: FloatArray) -> FloatArray:
        """Return this picture's boxes, (N, 4) pixels, in the reference view."""
        if self.in_place:
            return xyxy
        if self.registration is None:
            return np.asarray(xyxy - np.array(self.shift_px * 2), dtype=np.float32)
        return _warp(np.linalg.inv(np.array(self.registration)), xyxy)

    def to_picture(self, xyxy: FloatArray) -> FloatArray:
        """Return the reference view's boxes, (N, 4) pixels, in this picture."""
        if self.in_place:
            return xyxy
        if self.registration is None:
            return np.asarray(xyxy + np.array(self.shift_px * 2), dtype=np.float32)
        return _warp(np.array(self.registration), xyxy)

    def box_to_picture(self, box: Xyxy) -> Xyxy:
        """Return one box of the reference view in this picture: `to_picture` of one."""
        if self.in_place:
            return box
        x1, y1, x2, y2 = self.to_picture(np.array([box], np.float32))[0].tolist()
        return x1, y1, x2, y2

    def polygon_to_picture(
        self, polygon: tuple[Point, ...], size: tuple[int, int]
    ) -> tuple[Point, ...]:
        """Return where a polygon of the reference view lies in this picture.

        Args:
            polygon: (x, y) in [0, 1] of the picture's size, as a zone's.
            size: (width, height) of the picture, pixels.

        Returns:
            Its corners likewise; beyond [0, 1] where they lie outside the picture.
        """
        if self.in_place:
            return polygon
        width, height = size
        corners = np.array(polygon, np.float32) * np.array(size, np.float32)
        # A corner is a box without extent, so it moves with the view as boxes do.
        moved = self.to_picture(np.concatenate((corners, corners), axis=1)).tolist()
        return tuple((x / width, y / height) for x, y, _, _ in moved)


@dataclass(frozen=True, eq=False, slots=True)
class Observation:
    """A frame with all that was made of it.

    Attributes:
        frame: the picture itself.
        scene: the camera's zones.
        labels: class names; `detections.class_id` points into them.
        detections: all boxes of this picture.
        tracks: moving objects alive now.
        places: still objects, places that ended with this frame included.
        view: whether timers may advance.
        dt_s: media time since the camera's previous analysed frame, seconds, >= 0.
    """

    frame: Frame
    scene: Scene
    labels: tuple[str, ...]
    detections: Detections
    tracks: tuple[Track, ...]
    places: tuple[Place, ...]
    view: ViewState
    dt_s: float

    def shows(self, place: Place) -> bool:
        """Return whether the picture shows the view in which a place lies."""
        return self.view.view is View.CLEAR and self.view.preset == place.preset


def _warp(matrix: FloatArray, xyxy: FloatArray) -> FloatArray:
    """Map boxes by the middles of their sides: a small turn does not blow them up."""
    x1, y1, x2, y2 = xyxy.T.astype(np.float64)
    x, y = (x1 + x2) / 2, (y1 + y2) / 2
    middles = np.stack(((x1, y), (x, y1), (x2, y), (x, y2)))  # (4 sides, x|y, N)
    homogeneous = np.concatenate((middles, np.ones_like(middles[:, :1])), axis=1)
    mapped = np.einsum("ij,sjn->sin", matrix.astype(np.float64), homogeneous)
    points = mapped[:, :2] / mapped[:, 2:]
    sides = (points[0, 0], points[1, 1], points[2, 0], points[3, 1])
    return np.stack(sides, axis=1).astype(np.float32)
