"""Where things are when: smooth paths and a car-following model."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from datasets.street_scene.schema import Traffic, Waypoint

_MOVED_M = 0.01
_CREEP_MS = 0.1
_STEP_S = 0.1
_EVERY = 5
_WARM_UP_S = 60.0
_REACH_M = 42.0
_CAR_M = 5.0
_FRONT_M = 2.6
_FREE_M = 1e6
_REST_GAP_M = 2.0
_HEADWAY_S = 1.2


@dataclass(frozen=True, slots=True)
class Pose:
    """A place on the ground (metres), a heading (radians) and a speed (m/s)."""

    x: float
    y: float
    heading: float
    speed_ms: float


def _slopes(t: Sequence[float], v: Sequence[float]) -> list[float]:
    """Return monotone cubic slopes (Fritsch and Carlson 1980), no overshoot."""
    d = [(v[i + 1] - v[i]) / (t[i + 1] - t[i]) for i in range(len(t) - 1)]
    inner = [0.0 if a * b <= 0 else 2 * a * b / (a + b) for a, b in pairwise(d)]
    return [d[0], *inner, d[-1]]


class SmoothPath:
    """A path through way points that stands still where they agree."""

    def __init__(self, points: Sequence[Waypoint]) -> None:
        """Prepare the slopes.

        Args:
            points: (t seconds, x metres, y metres), times rising, at least one.
        """
        self._t = [p[0] for p in points]
        self._v = [[p[1] for p in points], [p[2] for p in points]]
        many = len(points) > 1
        self._m = [_slopes(self._t, v) if many else [0.0] for v in self._v]

    def position(self, t: float) -> tuple[float, float]:
        """Return (x, y) in metres at ``t`` seconds; the ends are held."""
        t = min(max(t, self._t[0]), self._t[-1])
        k = min(bisect_right(self._t, t) - 1, len(self._t) - 2)
        if k < 0:
            return self._v[0][0], self._v[1][0]
        h = self._t[k + 1] - self._t[k]
        s = (t - self._t[k]) / h
        x, y = (
            v[k] * (1 + 2 * s) * (1 - s) ** 2
            + m[k] * h * s * (1 - s) ** 2
            + v[k + 1] * s * s * (3 - 2 * s)
            + m[k + 1] * h * s * s * (s - 1)
            for v, m in zip(self._v, self._m, strict=True)
        )
        return x, y

    def pose(self, t: float, rest_heading: float = 0.0) -> Pose:
        """Return place, heading and speed.

        Args:
            t: media time, seconds.
            rest_heading: radians, used while nothing has moved yet.

        Returns:
            The pose; a standing thing keeps the heading it came with.
        """
        x, y = self.position(t)
        before = self.position(t - 0.1)
        speed = math.hypot(x - before[0], y - before[1]) / 0.1
        for end in (t, *(w for w in reversed(self._t) if w < t)):
            a, b = self.position(end - 0.5), self.position(end)
            if math.dist(a, b) > _MOVED_M:
                return Pose(x, y, math.atan2(b[1] - a[1], b[0] - a[0]), speed)
        return Pose(x, y, rest_heading, speed)

    def present(self, t: float) -> bool:
        """Tell whether ``t`` lies between the first and the last way point."""
        return self._t[0] <= t <= self._t[-1]

    def stands(self) -> tuple[float, float] | None:
        """Return start and end of the longest stand, seconds, or None."""
        best: tuple[float, float] | None = None
        for k in range(len(self._t) - 1):
            same = all(abs(v[k + 1] - v[k]) < _MOVED_M for v in self._v)
            span = (self._t[k], self._t[k + 1])
            if same and (best is None or span[1] - span[0] > best[1] - best[0]):
                best = span
        return best


@dataclass(slots=True)
class _Driver:
    """One vehicle of a lane: place along it (metres) and speed (m/s)."""

    place_m: float
    speed_ms: float
    track: list[Waypoint]

    def step(self, wish_ms: float, gap_m: float, closing_ms: float) -> None:
        """Advance by the intelligent driver model (Treiber et al. 2000).

        Args:
            wish_ms: speed on a free road.
            gap_m: free way to what is ahead.
            closing_ms: how much faster than that it goes.
        """
        v = self.speed_ms
        keep = _REST_GAP_M + max(0.0, v * _HEADWAY_S + v * closing_ms / 4.5)
        pull = 1 - (v / wish_ms) ** 4 - (keep / max(gap_m, 0.3)) ** 2
        self.speed_ms = max(0.0, v + max(-6.0, 1.6 * pull) * _STEP_S)
        self.place_m += self.speed_ms * _STEP_S


def _ahead(
    driver: _Driver, leader: _Driver | None, stop_m: float | None
) -> tuple[float, float]:
    """Return gap (metres) and closing speed (m/s) to leader or red light."""
    gap, closing = _FREE_M, 0.0
    if leader is not None:
        gap = leader.place_m - driver.place_m - _CAR_M
        closing = driver.speed_ms - leader.speed_ms
    if stop_m is not None and driver.place_m < stop_m - 1.0:
        to_line = stop_m - driver.place_m - _FRONT_M
        can_brake = to_line > driver.speed_ms**2 / 12.0 - 0.5
        if can_brake and to_line < gap:
            gap, closing = to_line, driver.speed_ms
    return gap, closing


def follow(traffic: Traffic, until_s: float) -> list[tuple[Waypoint, ...]]:
    """Drive a lane: vehicles follow, queue at red and discharge in order.

    Args:
        traffic: the lane: entry times, wished speed, light.
        until_s: end of the simulation, seconds.

    Returns:
        One path per vehicle, a way point every 0.5 s, from its entry on.
    """
    sign = traffic.direction
    waiting = sorted(traffic.enter_s)
    lane: list[_Driver] = []
    for step in range(round((until_s + _WARM_UP_S) / _STEP_S)):
        t = step * _STEP_S - _WARM_UP_S
        while waiting and waiting[0] <= t:
            waiting.pop(0)
            lane.append(_Driver(-_REACH_M, traffic.speed_ms, []))
        red = any(a <= t < b for a, b in traffic.red_s)
        stop_m = traffic.stop_x * sign if red and traffic.stop_x is not None else None
        for k, driver in enumerate(lane):
            gap, closing = _ahead(driver, lane[k - 1] if k else None, stop_m)
            driver.step(traffic.speed_ms, gap, closing)
            if step % _EVERY == 0 and driver.place_m < _REACH_M:
                driver.track.append((t, driver.place_m * sign, traffic.lane_y))
    return [tuple(d.track) for d in lane if len(d.track) > 1]


def standing(track: Sequence[Waypoint]) -> list[tuple[float, float]]:
    """Return the intervals (start, end; seconds) in which a track stands still."""
    found: list[tuple[float, float]] = []
    for a, b in pairwise(track):
        if math.dist(a[1:], b[1:]) > _CREEP_MS * (b[0] - a[0]):
            continue
        if found and found[-1][1] == a[0]:
            found[-1] = (found[-1][0], b[0])
        else:
            found.append((a[0], b[0]))
    return found
