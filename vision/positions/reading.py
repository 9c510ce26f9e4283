"""What a receiver or a file says about one moment."""

import math
from dataclasses import dataclass, replace
from typing import Self

HDOP_M = 4.0
"""Standard deviation of a place at a horizontal dilution of precision of 1, metres."""

_HEADING_SD_DEG = 3.0
_SLOWEST_COURSE_MPS = 0.8  # below, the course that receivers tell is noise
_DRIFT_MPS = 0.15  # standard deviation across of a receiver's velocity
_NO_COURSE_DEG = -1.0  # as telephones say that they have none
_POLE_DEG = 90.0
_DATE_LINE_DEG = 180.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A position with what else was told about it.

    Attributes:
        at_s: when, seconds on the source's own clock.
        lat: WGS-84 degrees, [-90, 90].
        lon: WGS-84 degrees, [-180, 180].
        heading_deg: clockwise from north, [0, 360); None where it was not told.
        speed_mps: over ground, >= 0; None where it was not told.
        accuracy_m: standard deviation in each direction, > 0; None likewise.
        heading_sd_deg: of `heading_deg`, degrees, > 0.
    """

    at_s: float
    lat: float
    lon: float
    heading_deg: float | None = None
    speed_mps: float | None = None
    accuracy_m: float | None = None
    heading_sd_deg: float = _HEADING_SD_DEG

    def facing(self, heading_deg: float) -> Self:
        """Return the same with a heading that was measured, not a course."""
        heading_deg = compass(heading_deg)
        return replace(self, heading_deg=heading_deg, heading_sd_deg=_HEADING_SD_DEG)


def reading(
    at_s: float,
    lat: float,
    lon: float,
    *,
    speed_mps: float | None = None,
    course_deg: float | None = None,
    accuracy_m: float | None = None,
) -> Reading:
    """Return a position whose heading is the course over ground.

    A course is none where the vehicle hardly moves, and the less sure the slower it
    is. Values that make no sense (negative, not finite) count as not told.

    Raises:
        ValueError: no such place on earth, or no time.
    """
    require_place(lat, lon)
    if not math.isfinite(at_s):
        msg = f"got the time {at_s}, expected a number"
        raise ValueError(msg)
    speed = told(speed_mps)
    course = course_deg
    if course is not None and (not math.isfinite(course) or course == _NO_COURSE_DEG):
        course = None
    sd_deg = _HEADING_SD_DEG
    if speed is not None and course is not None:
        if speed < _SLOWEST_COURSE_MPS:
            course = None
        else:
            sd_deg = max(sd_deg, math.degrees(math.atan(_DRIFT_MPS / speed)))
    return Reading(
        at_s=at_s,
        lat=lat,
        lon=lon,
        heading_deg=None if course is None else compass(course),
        speed_mps=speed,
        accuracy_m=told(accuracy_m) or None,  # 0 m is how devices say "not known"
        heading_sd_deg=sd_deg,
    )


def require_place(lat: float, lon: float) -> None:
    """Check a place.

    Raises:
        ValueError: outside the ranges of latitude and longitude.
    """
    if not abs(lat) <= _POLE_DEG:
        msg = f"got latitude {lat:g}, expected degrees from -90 to 90"
        raise ValueError(msg)
    if not abs(lon) <= _DATE_LINE_DEG:
        msg = f"got longitude {lon:g}, expected degrees from -180 to 180"
        raise ValueError(msg)


def told(value: float | None) -> float | None:
    """Return a value that cannot be negative, or None where it tells nothing."""
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def compass(angle_deg: float) -> float:
    """Return an angle as [0, 360): of a tiny negative one, `%` alone makes 360."""
    return angle_deg % 360.0 % 360.0
