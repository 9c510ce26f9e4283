"""Positions in order of time, and where the vehicle was between them."""

import math
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from vision.core.position import Fix, LocalPlane, distance_m
from vision.positions.reading import Reading, compass

_ACCURACY_M = 4.0  # where the source tells none: a receiver under open sky
_MOVED_M = 3.0  # a shorter way tells no course
_STEP_SD_M = 0.5  # between two positions seconds apart: their errors are shared
_LOOK_S = 4.0  # what takes longer for `_MOVED_M` is a receiver that wanders
_STANDS_MPS = 0.3
_SWAY_MPS2 = 2.0  # how hard drivers brake and steer in town
_TURN_DEG_PER_S = 10.0  # likewise, where nothing tells of a turn
_LEAST_SD_DEG = 2.0


@dataclass(frozen=True, slots=True)
class _Point:
    """One position with its heading and speed, wherever they come from."""

    at_s: float
    fix: Fix


class Track:
    """Where a vehicle was over time; interpolates, and hardly extrapolates.

    Speed and heading are those that the source tells; else they come from the movement
    over at least 3 m within 4 s. A heading is held while the vehicle stands. From
    positions alone nobody can tell a vehicle that reverses from one that has turned.
    """

    def __init__(
        self,
        *,
        max_gap_s: float = 3.0,
        beyond_s: float = 1.0,
        keep_s: float = math.inf,
    ) -> None:
        """Begin without positions.

        Args:
            max_gap_s: between positions further apart nothing is known, seconds.
            beyond_s: how long before the first and after the last one it goes on.
            keep_s: older positions than that before the latest are forgotten.
        """
        self._max_gap_s = max_gap_s
        self._beyond_s = beyond_s
        self._keep_s = keep_s
        self._times_s: list[float] = []
        self._readings: list[Reading] = []
        self._points: list[_Point] = []

    def __len__(self) -> int:
        """Return the number of positions."""
        return len(self._points)

    @property
    def span_s(self) -> tuple[float, float] | None:
        """Times of the first and the last position, or None."""
        return (self._times_s[0], self._times_s[-1]) if self._times_s else None

    @property
    def driven_m(self) -> float:
        """Way from the first to the last position, metres; standing adds nothing."""
        driven_m, last = 0.0, None
        for reading in self._readings:
            here = reading.lat, reading.lon
            step_m = 0.0 if last is None else distance_m(last, here)
            if last is None or step_m >= _MOVED_M:
                driven_m += step_m
                last = here
        return driven_m

    @property
    def gaps(self) -> int:
        """How many steps are so long that nothing is known in between."""
        return sum(b - a > self._max_gap_s for a, b in pairwise(self._times_s))

    def append(self, reading: Reading) -> None:
        """Add the newest position; only what came before it tells its heading.

        Raises:
            ValueError: it is not newer than the latest.
        """
        if self._times_s and reading.at_s <= self._times_s[-1]:
            msg = (
                f"got a position at {reading.at_s:.3f} s after {self._times_s[-1]:.3f}"
            )
            raise ValueError(msg)
        self._times_s.append(reading.at_s)
        self._readings.append(reading)
        point = self._point(len(self._readings) - 1, ahead=False)
        self._points.append(self._held(point, self._points[-1:]))
        self._forget()

    def extend(self, readings: Iterable[Reading]) -> None:
        """Add a whole recording, in order; what follows helps to tell a heading."""
        first = len(self._readings)
        self._readings.extend(readings)
        self._times_s.extend(reading.at_s for reading in self._readings[first:])
        for k in range(first, len(self._readings)):
            point = self._point(k, ahead=True)
            self._points.append(self._held(point, self._points[-1:]))
        for k in reversed(range(first, len(self._points) - 1)):
            self._points[k] = self._held(self._points[k], self._points[k + 1 : k + 2])

    def clear(self) -> None:
        """Forget everything."""
        self._times_s.clear()
        self._readings.clear()
        self._points.clear()

    def at(self, at_s: float) -> Fix | None:
        """Return where the vehicle was, or None where no position is near enough."""
        i = bisect_right(self._times_s, at_s)
        before = self._points[i - 1] if i else None
        after = self._points[i] if i < len(self._points) else None
        if before is None or after is None:
            end = before or after
            if end is None or abs(at_s - end.at_s) > self._beyond_s:
                return None
            return _beyond(end, at_s - end.at_s)
        if before.at_s == at_s:
            return before.fix
        if after.at_s - before.at_s > self._max_gap_s:
            return None
        return _between(before, after, at_s)

    def nearest_gap_s(self, at_s: float) -> float:
        """Return how far in time the nearest position is, seconds; inf without any."""
        i = bisect_right(self._times_s, at_s)
        near = self._times_s[max(i - 1, 0) : i + 1]
        return min((abs(at_s - near_s) for near_s in near), default=math.inf)

    def _forget(self) -> None:
        oldest_s = self._times_s[-1] - self._keep_s
        gone = bisect_right(self._times_s, oldest_s)
        if gone > len(self._times_s) // 8:  # seldom, for all that follows moves up
            del self._times_s[:gone], self._readings[:gone], self._points[:gone]

    def _point(self, k: int, *, ahead: bool) -> _Point:
        """Return a position with the speed and the heading that its movement tells."""
        told = self._readings[k]
        speed_mps, heading_deg = told.speed_mps, told.heading_deg
        sd_deg = told.heading_sd_deg
        if speed_mps is None or (heading_deg is None and speed_mps >= _STANDS_MPS):
            east, north, span_s = self._movement(k, ahead=ahead)
            way_m = math.hypot(east, north)
            if speed_mps is None:
                speed_mps = way_m / span_s if span_s else 0.0
            if heading_deg is None and way_m >= _MOVED_M:
                heading_deg = compass(math.degrees(math.atan2(east, north)))
                sd_deg = math.degrees(math.atan(_STEP_SD_M / way_m))
                sd_deg = max(sd_deg, _LEAST_SD_DEG)
        return _Point(
            told.at_s,
            Fix(
                lat=told.lat,
                lon=told.lon,
                heading_deg=heading_deg,
                speed_mps=speed_mps,
                accuracy_m=told.accuracy_m or _ACCURACY_M,
                heading_sd_deg=sd_deg,
            ),
        )

    def _movement(self, k: int, *, ahead: bool) -> tuple[float, float, float]:
        """Return (east, north, seconds) of the shortest way around one position.

        The way grows until it is `_MOVED_M` long or nothing more is near in time.
        """
        first = last = k
        plane = LocalPlane(self._readings[k].lat, self._readings[k].lon)
        start = end = (0.0, 0.0)
        while math.dist(start, end) < _MOVED_M:
            grown = False
            if first > 0 and self._joined(first - 1, first, last):
                first, grown = first - 1, True
                start = plane.metres(*self._place(first))
            if ahead and self._joined(last, last + 1, first):
                last, grown = last + 1, True
                end = plane.metres(*self._place(last))
            if not grown:
                break
        span_s = self._times_s[last] - self._times_s[first]
        return end[0] - start[0], end[1] - start[1], span_s

    def _joined(self, i: int, j: int, other: int) -> bool:
        """Return whether a way may grow by the step from i to j; `other`: its end."""
        times_s = self._times_s
        if j >= len(times_s) or times_s[j] - times_s[i] > self._max_gap_s:
            return False
        way_s = max(times_s[j] - times_s[other], times_s[other] - times_s[i])
        return other in {i, j} or way_s <= _LOOK_S

    def _place(self, i: int) -> tuple[float, float]:
        return self._readings[i].lat, self._readings[i].lon

    def _held(self, point: _Point, beside: list[_Point]) -> _Point:
        """Return a point with the heading of the one beside it if it has none."""
        if point.fix.heading_deg is not None or not beside:
            return point
        near, here = beside[0].fix, point.fix
        gap_s = abs(point.at_s - beside[0].at_s)
        moved_m = distance_m((near.lat, near.lon), (here.lat, here.lon))
        if gap_s > self._max_gap_s and moved_m >= _MOVED_M:
            return point
        return replace(
            point,
            fix=replace(
                here, heading_deg=near.heading_deg, heading_sd_deg=near.heading_sd_deg
            ),
        )


def _between(before: _Point, after: _Point, at_s: float) -> Fix:
    """Interpolate; the accuracy allows for braking and steering in between."""
    one, two = before.fix, after.fix
    gap_s = after.at_s - before.at_s
    share = (at_s - before.at_s) / gap_s
    plane = LocalPlane(one.lat, one.lon)
    east, north = plane.metres(two.lat, two.lon)
    lat, lon = plane.degrees(share * east, share * north)
    sway_m = _SWAY_MPS2 / 2 * share * (1 - share) * gap_s**2
    accuracy_m = one.accuracy_m + share * (two.accuracy_m - one.accuracy_m)
    heading_deg, sd_deg = _turning(one, two, share)
    return Fix(
        lat=lat,
        lon=lon,
        heading_deg=heading_deg,
        speed_mps=one.speed_mps + share * (two.speed_mps - one.speed_mps),
        accuracy_m=math.hypot(accuracy_m, sway_m),
        heading_sd_deg=sd_deg,
    )


def _turning(one: Fix, two: Fix, share: float) -> tuple[float | None, float]:
    """Return heading and its deviation on the way; vehicles turn the short way."""
    if one.heading_deg is None:
        return two.heading_deg, two.heading_sd_deg
    if two.heading_deg is None:
        return one.heading_deg, one.heading_sd_deg
    turn_deg = (two.heading_deg - one.heading_deg + 180.0) % 360.0 - 180.0
    sd_deg = max(one.heading_sd_deg, two.heading_sd_deg)
    uneven_deg = turn_deg * share * (1 - share)  # nobody turns at a constant rate
    heading_deg = compass(one.heading_deg + share * turn_deg)
    return heading_deg, math.hypot(sd_deg, uneven_deg)


def _beyond(end: _Point, after_s: float) -> Fix:
    """Go on as at the end, or, for a negative time, as before the start."""
    fix = end.fix
    sway_m = _SWAY_MPS2 / 2 * after_s**2
    lat, lon = fix.lat, fix.lon
    if fix.heading_deg is None:
        sway_m += fix.speed_mps * abs(after_s)
    else:
        way_m = fix.speed_mps * after_s
        angle = math.radians(fix.heading_deg)
        plane = LocalPlane(lat, lon)
        lat, lon = plane.degrees(way_m * math.sin(angle), way_m * math.cos(angle))
    return replace(
        fix,
        lat=lat,
        lon=lon,
        accuracy_m=math.hypot(fix.accuracy_m, sway_m),
        heading_sd_deg=math.hypot(fix.heading_sd_deg, _TURN_DEG_PER_S * after_s),
    )
