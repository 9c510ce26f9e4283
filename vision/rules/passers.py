"""Which vehicles went by a standing one."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vision.core.arrays import FloatArray

_FAR = 5.0  # box sizes: nobody farther away is followed
_BEYOND = 0.4  # box sizes behind the standing one to have passed it
_SHORTEST = 0.5  # box sizes that a vehicle must move between two sights to be driving
_FORGET_S = 3.0
_KNOWN_FLOW = 4.0  # squared box sizes driven past until a direction counts
_LEAVERS_KEPT = 16
_SCATTER = 0.25  # across over along: above it the traffic has no one direction


@dataclass(frozen=True, slots=True)
class PassParams:
    """What counts as going by.

    Attributes:
        reach: how far beside the standing vehicle, in its box sizes.
        flash_s: a vehicle nearby that was not seen longer than this drove by, seconds:
            at one picture a second a car is seen once.
        lull_s: traffic in which nobody passes for longer does not flow, seconds.
    """

    reach: float = 1.6
    flash_s: float = 2.5
    lull_s: float = 30.0


@dataclass(slots=True)
class _Passer:
    """A vehicle near a standing one, in the standing one's box sizes.

    Attributes:
        start: (x, y) where it came near, from the standing one's ground contact.
        now: where it was last seen.
        nearest: smallest distance so far.
        since_s: when it came near.
        last_s: when it was last seen.
        sights: in how many pictures.
        counted: it has gone by.
    """

    start: FloatArray
    now: FloatArray
    nearest: float
    since_s: float
    last_s: float
    sights: int = 1
    counted: bool = False

    def went_by(self, params: PassParams) -> bool:
        """Return whether it came from one side and is on the other."""
        way = self.now - self.start
        length = float(np.linalg.norm(way))
        if self.counted or length < 2 * _BEYOND:
            return False
        along = float(-self.start @ way) / length
        beside = abs(float(self.start[0] * way[1] - self.start[1] * way[0])) / length
        return _BEYOND <= along <= length - _BEYOND and beside <= params.reach

    def flashed(self, params: PassParams) -> bool:
        """Return whether it was near for a moment only and is gone."""
        moved = float(np.linalg.norm(self.now - self.start)) >= _SHORTEST
        brief = self.last_s - self.since_s <= params.flash_s
        near = self.nearest <= params.reach
        return not self.counted and brief and near and (moved or self.sights == 1)


@dataclass(frozen=True, eq=False, slots=True)
class _Leaver:
    """A neighbour that has left: where it stood, (2,) box sizes, and until when."""

    spot: FloatArray
    at_s: float


@dataclass(slots=True)
class Evidence:
    """What was seen around one standing vehicle since it came.

    Attributes:
        passed: vehicles that went by.
        flowed_s: time in which they did; a standstill of all is no part of it, seconds.
        left_before: neighbours that had left before a restart.
        mates: places of the vehicles that stopped in line with it and have not ended.
        waiting: how many of them stand there still.
    """

    passed: int = 0
    flowed_s: float = 0.0
    left_before: int = 0
    mates: frozenset[str] = frozenset()
    waiting: int = 0
    _leavers: deque[_Leaver] = field(
        default_factory=lambda: deque(maxlen=_LEAVERS_KEPT)
    )
    _passers: dict[int, _Passer] = field(default_factory=dict)
    _passed_s: float | None = None
    _flow: FloatArray = field(default_factory=lambda: np.zeros((2, 2), np.float32))

    def note(
        self, near: Mapping[int, FloatArray], now_s: float, params: PassParams
    ) -> None:
        """Take the vehicles of one picture.

        Args:
            near: (2,) ground contact by track, in the standing one's box sizes.
            now_s: media time, seconds.
            params: what counts.
        """
        for track_id, spot in near.items():
            distance = math.hypot(float(spot[0]), float(spot[1]))
            passer = self._passers.get(track_id)
            if passer is None:
                if distance <= _FAR:
                    new = _Passer(spot, spot, distance, now_s, now_s)
                    self._passers[track_id] = new
                continue
            step = spot - passer.now
            self._flow += np.outer(step, step)
            passer.now, passer.last_s = spot, now_s
            passer.nearest = min(passer.nearest, distance)
            passer.sights += 1
            if passer.went_by(params):
                passer.counted = True
                self._pass(now_s, params)
        for track_id, passer in list(self._passers.items()):
            if not 0 <= now_s - passer.last_s <= _FORGET_S:
                if passer.flashed(params):
                    self._pass(passer.last_s, params)
                del self._passers[track_id]

    def _pass(self, at_s: float, params: PassParams) -> None:
        self.passed += 1
        if self._passed_s is not None:
            self.flowed_s += min(max(at_s - self._passed_s, 0.0), params.lull_s)
        self._passed_s = at_s

    def flow(self) -> list[float]:
        """Return the sums of squares of the steps around it, and how long it flowed."""
        (xx, xy), (_, yy) = self._flow.tolist()
        return [xx, xy, yy, self.flowed_s]

    def follow(self, flow: Sequence[float]) -> None:
        """Take up what `flow` returned before a restart.

        Raises:
            ValueError: they are not four.
        """
        xx, xy, yy, self.flowed_s = (float(part) for part in flow)
        self._flow = np.array(((xx, xy), (xy, yy)), np.float32)

    def leave(self, spot: FloatArray, at_s: float) -> None:
        """Note that a neighbour which stopped with it has left.

        Args:
            spot: (2,) where it stood, in the standing one's box sizes.
            at_s: when it left, media time, seconds.
        """
        self._leavers.append(_Leaver(spot, at_s))

    def left(self, lane_half: float) -> tuple[int, float]:
        """Return how many neighbours of its line left while it stayed, and when last.

        The direction of the traffic may show only later: who stood beside the line was
        no neighbour in a queue.

        Args:
            lane_half: half a line's breadth, box sizes.

        Returns:
            Count, and media time of the latest, seconds; minus infinity: none.
        """
        times_s = [
            one.at_s
            for one in self._leavers
            if float(self.beside_lane(one.spot[None])[0]) <= lane_half
        ]
        return self.left_before + len(times_s), max(times_s, default=-math.inf)

    def beside_lane(self, spots: FloatArray) -> FloatArray:
        """Return how far points are from the line in which the traffic here flows.

        Args:
            spots: (N, 2) in the standing one's box sizes.

        Returns:
            (N,) box sizes; 0 until the direction of the traffic is known.
        """
        across = self._across()
        if across is None:
            return np.zeros(len(spots), np.float32)
        return np.asarray(np.abs(spots @ across), np.float32)

    @property
    def has_direction(self) -> bool:
        """Whether the direction of the traffic is known."""
        return self._across() is not None

    def _across(self) -> FloatArray | None:
        """Return the unit vector across the traffic, (2,), or None if not known."""
        (xx, xy), (_, yy) = self._flow.tolist()
        # Principal axes of a symmetric 2 x 2 matrix, in closed form.
        middle, radius = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
        along, across = middle + radius, middle - radius
        if along < _KNOWN_FLOW or across > _SCATTER * along:
            return None
        angle = math.atan2(2 * xy, xx - yy) / 2
        return np.array((-math.sin(angle), math.cos(angle)), np.float32)
