"""Follows what a passing camera sees in the picture, however wrong its mount is told.

On the ground nothing can be followed by a mount that is wrong; from one picture to the
next the same error is in both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vision.core.geometry import Xyxy
from vision.patrol.params import PatrolKind
from vision.patrol.pose import Pose
from vision.patrol.pursuit import Found, Pursuit

_FORGET_S = 1.5  # unseen: it is behind, or hidden
_REACH = 0.5  # how far off one thing's box may be, in shares of its size,
_SLACK = 0.02  # and of the picture's width besides
_STEP_M = 0.3  # between two looks that tell where it is
_LEAP_M = 50.0  # between two pictures: another place, or another map
_MOST_LOOKS = 12
_MOST_TRAILS = 64


@dataclass(frozen=True, slots=True)
class TrailLook:
    """One box in the picture, and where the vehicle was said to be.

    Attributes:
        x: of the middle of its lower edge, pixels.
        y: likewise.
        width: of the box, pixels.
        east: of the vehicle, metres.
        north: likewise.
        heading_deg: of the vehicle.
    """

    x: float
    y: float
    width: float
    east: float
    north: float
    heading_deg: float


@dataclass(eq=False, slots=True)
class Trail:
    """One thing while it is in the picture.

    Attributes:
        kind: what it is taken for.
        box: latest box, pixels.
        pose: where the camera was then.
        way: by how much its foot went in the picture last, pixels; None: once seen.
        looks: from different spots, thinned evenly when there are many.
        count: how many there were.
        nearest_m: how near it came, as the mount is told, metres.
        best_score: the greatest.
        certain: whether it became a place.
    """

    kind: PatrolKind
    box: Xyxy
    pose: Pose
    way: tuple[float, float] | None = None
    looks: list[TrailLook] = field(default_factory=list)
    count: int = 0
    nearest_m: float = float("inf")
    best_score: float = 0.0
    certain: bool = False

    @property
    def moved_m(self) -> float:
        """How far the vehicle moved between the first look and the latest, metres."""
        first, last = self.looks[0], self.looks[-1]
        return float(np.hypot(last.east - first.east, last.north - first.north))

    @property
    def went(self) -> float:
        """How far its foot went in the picture, in shares of the picture's width."""
        first, last = self.looks[0], self.looks[-1]
        way_px = np.hypot(last.x - first.x, last.y - first.y)
        return float(way_px / self.pose.size_px[0])

    def off(self, box: Xyxy, pose: Pose) -> float:
        """Return how far a box is from where this should be; up to 1 it may be this.

        Where it should be its place on the ground tells, and its way in the picture.
        """
        (x, y), (w, h) = _foot(self.box), _size(self.box)
        (at_x, at_y), (wide, tall) = _foot(box), _size(box)
        slack = _SLACK * pose.size_px[0]
        reach = _REACH * max(w, wide) + slack, _REACH * max(h, tall) + slack
        guesses = []
        if self.way is not None:
            guesses.append((x + self.way[0], y + self.way[1]))
        there = self.pose.foot_of(self.box)
        expected = None if there is None else pose.seen_at(there, (0.0, 0.0))
        if expected is not None:
            guesses.append(_foot(expected))
        return min(
            (
                max(abs(at_x - to_x) / reach[0], abs(at_y - to_y) / reach[1])
                for to_x, to_y in guesses
            ),
            default=np.inf,
        )

    def see(self, found: Found, pose: Pose, range_m: float) -> None:
        """Take one look."""
        x, y = _foot(found.box)
        if self.count:
            before = _foot(self.box)
            self.way = x - before[0], y - before[1]
        self.box, self.pose = found.box, pose
        self.count += 1
        self.nearest_m = min(self.nearest_m, range_m)
        self.best_score = max(self.best_score, found.score)
        look = TrailLook(
            x=x,
            y=y,
            width=found.box[2] - found.box[0],
            east=float(pose.here[0]),
            north=float(pose.here[1]),
            heading_deg=pose.fix.heading_deg or 0.0,
        )
        last = self.looks[-1] if self.looks else None
        way_m = (
            np.inf
            if last is None
            else np.hypot(look.east - last.east, look.north - last.north)
        )
        if way_m >= _STEP_M:
            self.looks.append(look)
            if len(self.looks) > _MOST_LOOKS:
                self.looks = [*self.looks[:-1:2], self.looks[-1]]


class Trails:
    """All that is in the picture now."""

    def __init__(self) -> None:
        """Start with nothing in sight."""
        self._open: list[Trail] = []

    def update(
        self, pose: Pose, found: Mapping[int, Found], pursuit: Pursuit
    ) -> list[Trail]:
        """Take one picture; return what is out of sight by now.

        Args:
            pose: where the camera was said to be.
            found: what was detected and is to be followed, by its number.
            pursuit: knows which detection is of what became a place.
        """
        over = [trail for trail in self._open if _over(trail, pose)]
        self._open = [trail for trail in self._open if trail not in over]
        of = self._assign(found, pose)
        for index, one in found.items():
            if one.ray is None:
                continue
            trail = of.get(index)
            if trail is None:
                if len(self._open) >= _MOST_TRAILS:
                    continue
                trail = Trail(one.kind, one.box, pose)
                self._open.append(trail)
            trail.see(one, pose, one.ray.range_m)
            sighting = pursuit.of.get(index)
            trail.certain |= sighting is not None and sighting.spot_id is not None
        return over

    def end(self) -> list[Trail]:
        """Return what was still in sight, and let go of it."""
        over, self._open = self._open, []
        return over

    def _assign(self, found: Mapping[int, Found], pose: Pose) -> dict[int, Trail]:
        """Return the trail that each detection goes on, by its number."""
        pairs = sorted(
            (off, index, place)
            for place, trail in enumerate(self._open)
            for index, one in found.items()
            if one.ray is not None
            and one.kind is trail.kind
            and (off := trail.off(one.box, pose)) <= 1
        )
        taken: dict[int, Trail] = {}
        busy: set[int] = set()
        for _, index, place in pairs:
            if index not in taken and place not in busy:
                taken[index] = self._open[place]
                busy.add(place)
        return taken


def _over(trail: Trail, pose: Pose) -> bool:
    """Return whether it is out of sight, or the clock or the map is another."""
    leapt_m = float(np.hypot(*(pose.here - trail.pose.here)))
    return abs(pose.at_s - trail.pose.at_s) > _FORGET_S or leapt_m > _LEAP_M


def _foot(box: Xyxy) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, box[3]


def _size(box: Xyxy) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]
