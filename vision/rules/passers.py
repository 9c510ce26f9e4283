"""Which vehicles went by a standing one."""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vision.core.geometry import Point, Xyxy

_FAR = 5.0  # box sizes: nobody farther away is followed
_BEYOND = 0.4  # box sizes behind the standing one to have passed it
_SHORTEST = 0.5  # box sizes that a vehicle must move between two sights to be driving
_OWN = 0.35  # box sizes: nearer than this to a standing vehicle is that vehicle
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

    start: Point
    now: Point
    nearest: float
    since_s: float
    last_s: float
    sights: int = 1
    counted: bool = False

    def went_by(self, params: PassParams) -> bool:
        """Return whether it came from one side and is on the other."""
        (x, y), (to_x, to_y) = self.start, self.now
        dx, dy = to_x - x, to_y - y
        length = math.hypot(dx, dy)
        if self.counted or length < 2 * _BEYOND:
            return False
        along = -(x * dx + y * dy) / length
        beside = abs(x * dy - y * dx) / length
        return _BEYOND <= along <= length - _BEYOND and beside <= params.reach

    def flashed(self, params: PassParams) -> bool:
        """Return whether it was near for a moment only and is gone."""
        moved = math.dist(self.start, self.now) >= _SHORTEST
        brief = self.last_s - self.since_s <= params.flash_s
        near = self.nearest <= params.reach
        return not self.counted and brief and near and (moved or self.sights == 1)


@dataclass(frozen=True, eq=False, slots=True)
class _Leaver:
    """A neighbour that has left: where it stood, in box sizes, and until when."""

    spot: Point
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
    _flow: tuple[float, float, float] = (0.0, 0.0, 0.0)  # sums of xx, xy, yy

    def note(self, near: Mapping[int, Point], now_s: float, params: PassParams) -> None:
        """Take the vehicles of one picture.

        Args:
            near: ground contact by track, in the standing one's box sizes.
            now_s: media time, seconds.
            params: what counts.
        """
        for track_id, spot in near.items():
            distance = math.hypot(*spot)
            passer = self._passers.get(track_id)
            if passer is None:
                if distance <= _FAR:
                    new = _Passer(spot, spot, distance, now_s, now_s)
                    self._passers[track_id] = new
                continue
            dx, dy = spot[0] - passer.now[0], spot[1] - passer.now[1]
            xx, xy, yy = self._flow
            self._flow = xx + dx * dx, xy + dx * dy, yy + dy * dy
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
        return [*self._flow, self.flowed_s]

    def follow(self, flow: Sequence[float]) -> None:
        """Take up what `flow` returned before a restart.

        Raises:
            ValueError: they are not four.
        """
        xx, xy, yy, self.flowed_s = (float(part) for part in flow)
        self._flow = xx, xy, yy

    def leave(self, spot: Point, at_s: float) -> None:
        """Note that a neighbour which stopped with it has left.

        Args:
            spot: where it stood, in the standing one's box sizes.
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
            one.at_s for one in self._leavers if self.beside_lane(one.spot) <= lane_half
        ]
        return self.left_before + len(times_s), max(times_s, default=-math.inf)

    def beside_lane(self, spot: Point) -> float:
        """Return how far a point is from the line in which the traffic here flows.

        Args:
            spot: in the standing one's box sizes.

        Returns:
            Box sizes; 0 until the direction of the traffic is known.
        """
        across = self._across()
        if across is None:
            return 0.0
        return abs(spot[0] * across[0] + spot[1] * across[1])

    @property
    def has_direction(self) -> bool:
        """Whether the direction of the traffic is known."""
        return self._across() is not None

    def _across(self) -> Point | None:
        """Return the unit vector across the traffic, or None if not known."""
        xx, xy, yy = self._flow
        # Principal axes of a symmetric 2 x 2 matrix, in closed form.
        middle, radius = (xx + yy) / 2, math.hypot((xx - yy) / 2, xy)
        along, across = middle + radius, middle - radius
        if along < _KNOWN_FLOW or across > _SCATTER * along:
            return None
        angle = math.atan2(2 * xy, xx - yy) / 2
        return -math.sin(angle), math.cos(angle)


class Footprints:
    """Where all standing vehicles are, as every track asks."""

    def __init__(self, anchors: Sequence[Xyxy]) -> None:
        """Take their footprints."""
        self._spots = [
            ((x1 + x2) / 2, y2, max(x2 - x1, 1.0), max(y2 - y1, 1.0))
            for x1, y1, x2, y2 in anchors
        ]

    def __contains__(self, box: Xyxy) -> bool:
        """Return whether a box is the vehicle on one of the footprints."""
        x, y = (box[0] + box[2]) / 2, box[3]
        for foot_x, foot_y, width, height in self._spots:
            across = (x - foot_x) / width
            if -_OWN <= across <= _OWN:  # most are elsewhere
                along = (y - foot_y) / height
                if across * across + along * along <= _OWN * _OWN:
                    return True
        return False
