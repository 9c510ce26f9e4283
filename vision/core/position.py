"""Where a vehicle is, and metres around a point of the map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_EARTH_M = 6_371_008.8  # mean radius: to half a per cent, over the few hundred metres


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a vehicle was at one moment, and which way it faced.

    Attributes:
        lat: WGS-84 degrees, [-90, 90].
        lon: WGS-84 degrees, [-180, 180].
        heading_deg: where its front points, clockwise from north, [0, 360); None where
            nothing tells: it stands, and stood since the start.
        speed_mps: over ground, metres per second, >= 0.
        accuracy_m: standard deviation of the place in each direction, metres, > 0.
        heading_sd_deg: standard deviation of the heading, degrees, > 0.
    """

    lat: float
    lon: float
    heading_deg: float | None
    speed_mps: float
    accuracy_m: float = 4.0
    heading_sd_deg: float = 3.0


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """The flat map around an origin; right to centimetres within a few kilometres.

    Attributes:
        lat: of the origin, WGS-84 degrees.
        lon: likewise.
    """

    lat: float
    lon: float

    def metres(self, lat: float, lon: float) -> tuple[float, float]:
        """Return (east, north) of a point, metres."""
        turn = (lon - self.lon + 180.0) % 360.0 - 180.0  # over the date line
        east = math.radians(turn) * _EARTH_M * math.cos(math.radians(self.lat))
        return east, math.radians(lat - self.lat) * _EARTH_M

    def degrees(self, east: float, north: float) -> tuple[float, float]:
        """Return (lat, lon) of a point in metres, degrees."""
        lat = self.lat + math.degrees(north / _EARTH_M)
        across = _EARTH_M * math.cos(math.radians(self.lat))
        lon = self.lon + math.degrees(east / across)
        return lat, (lon + 180.0) % 360.0 - 180.0


def distance_m(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return the way between two points near each other, (lat, lon) each, metres."""
    return math.hypot(*LocalPlane(*here).metres(*there))


def within(point: tuple[float, float], polygon: Sequence[tuple[float, float]]) -> bool:
    """Return whether a point lies in a polygon, both (lat, lon) or both metres.

    Even-odd rule; of points on the border nothing is promised.
    """
    y, x = point
    inside = False
    for (y1, x1), (y2, x2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def reaches(
    point: tuple[float, float], polygon: Sequence[tuple[float, float]], radius_m: float
) -> bool:
    """Return whether a circle around a point touches a polygon, (lat, lon) each.

    Args:
        point: its centre.
        polygon: at least three corners.
        radius_m: metres.
    """
    if within(point, polygon):
        return True
    plane = LocalPlane(*point)
    corners = [plane.metres(*corner) for corner in polygon]
    return any(
        _from_origin(a, b) <= radius_m
        for a, b in zip(corners, (*corners[1:], corners[0]), strict=True)
    )


def _from_origin(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return how far the origin is from the line between two points, metres."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length2 = dx * dx + dy * dy
    along = 0.0 if length2 == 0 else -(a[0] * dx + a[1] * dy) / length2
    along = min(1.0, max(0.0, along))
    return math.hypot(a[0] + along * dx, a[1] + along * dy)
