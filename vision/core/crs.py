"""Coordinate systems met in China, converted once to WGS-84."""

import math
from enum import StrEnum

# Krasovsky 1940 ellipsoid, on which the GCJ-02 offset is defined.
_A_M = 6378245.0
_EE = 0.00669342162296594323
_BD_PI = math.pi * 3000.0 / 180.0
_ROUNDS = 8
# South, north, west, east: where the offset is applied, degrees.
_CHINA = (0.8293, 55.8271, 72.004, 137.8347)


class Crs(StrEnum):
    """Coordinate reference systems accepted on input.

    CGCS2000 and WGS-84 agree to centimetres and are taken as the same.
    """

    WGS84 = "wgs84"
    CGCS2000 = "cgcs2000"
    GCJ02 = "gcj02"
    BD09 = "bd09"


def to_wgs84(lat: float, lon: float, crs: Crs) -> tuple[float, float]:
    """Return (lat, lon) in WGS-84, degrees.

    Args:
        lat: degrees, [-90, 90].
        lon: degrees, [-180, 180].
        crs: what they are given in.
    """
    match crs:
        case Crs.WGS84 | Crs.CGCS2000:
            return lat, lon
        case Crs.GCJ02:
            return _gcj02_inverse(lat, lon)
        case Crs.BD09:
            return _gcj02_inverse(*_bd09_to_gcj02(lat, lon))


def wgs84_to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    """Return (lat, lon) as Chinese maps draw it; unchanged outside China.

    The published approximation of the GCJ-02 offset (the `eviltransform` formula).
    """
    if not (_CHINA[0] <= lat <= _CHINA[1] and _CHINA[2] <= lon <= _CHINA[3]):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    rad = math.radians(lat)
    magic = 1 - _EE * math.sin(rad) ** 2
    d_lat = math.degrees(_shift_lat(x, y) / (_A_M * (1 - _EE) / magic**1.5))
    d_lon = math.degrees(_shift_lon(x, y) / (_A_M / math.sqrt(magic) * math.cos(rad)))
    return lat + d_lat, lon + d_lon


def _gcj02_inverse(lat: float, lon: float) -> tuple[float, float]:
    # The offset is smooth and small, so subtracting the error converges quickly.
    guess_lat, guess_lon = lat, lon
    for _ in range(_ROUNDS):
        at_lat, at_lon = wgs84_to_gcj02(guess_lat, guess_lon)
        guess_lat -= at_lat - lat
        guess_lon -= at_lon - lon
    return guess_lat, guess_lon


def _bd09_to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    x, y = lon - 0.0065, lat - 0.006
    radius = math.hypot(x, y) - 0.00002 * math.sin(y * _BD_PI)
    angle = math.atan2(y, x) - 0.000003 * math.cos(x * _BD_PI)
    return radius * math.sin(angle), radius * math.cos(angle)


def _ripple(x: float) -> float:
    return 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)


def _shift_lat(x: float, y: float) -> float:
    shift = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y
    shift += 0.2 * math.sqrt(abs(x)) + _ripple(x) * 2.0 / 3.0
    shift += 20.0 * math.sin(y * math.pi) * 2.0 / 3.0
    shift += 40.0 * math.sin(y / 3.0 * math.pi) * 2.0 / 3.0
    shift += 160.0 * math.sin(y / 12.0 * math.pi) * 2.0 / 3.0
    return shift + 320.0 * math.sin(y * math.pi / 30.0) * 2.0 / 3.0


def _shift_lon(x: float, y: float) -> float:
    shift = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y
    shift += 0.1 * math.sqrt(abs(x)) + _ripple(x) * 2.0 / 3.0
    shift += 20.0 * math.sin(x * math.pi) * 2.0 / 3.0
    shift += 40.0 * math.sin(x / 3.0 * math.pi) * 2.0 / 3.0
    shift += 150.0 * math.sin(x / 12.0 * math.pi) * 2.0 / 3.0
    return shift + 300.0 * math.sin(x / 30.0 * math.pi) * 2.0 / 3.0
