"""Whether a pass shows places without what stood there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from vision.core.geometry import Xyxy, box_area, shared_area
from vision.core.position import LocalPlane
from vision.patrol.params import PatrolKind, PatrolParams
from vision.patrol.pose import Matrix, Pose, Vector
from vision.patrol.pursuit import Found, Pursuit, in_view
from vision.patrol.spot import Spot

_AHEAD_S = 0.6  # whether it will still be in view then
_HIDDEN = 0.4  # share of the expected box behind something nearer


@dataclass(slots=True)
class Clearing:
    """What one pass has shown so far of a place where nothing was found.

    Attributes:
        lens: where the camera was at the first picture that shows the place, metres.
        expected: pictures in which it should have been found.
        looks: those that showed the place without it.
        found: those in which something of its kind was found there.
        moved_m: how far the camera moved meanwhile, metres.
        done: whether this pass has had its say.
        at: wall time of the latest of these pictures.
    """

    lens: Vector
    at: datetime
    expected: int = 0
    looks: int = 0
    found: int = 0
    moved_m: float = 0.0
    done: bool = False

    def note(self, pose: Pose, at: datetime, *, hidden: bool, found: bool) -> None:
        """Take one picture in which it should have been found."""
        self.at = at
        self.expected += 1
        self.moved_m = float(np.hypot(*(pose.lens - self.lens)))
        self.found += found
        self.looks += not hidden and not found

    def proves(self, kind: PatrolKind, params: PatrolParams) -> bool:
        """Return whether the place is demonstrably clean."""
        return (
            self.found <= kind.clear_found * self.expected
            and self.looks >= params.clear_looks
            and self.looks >= params.clear_share * self.expected
            and self.moved_m >= params.min_moved_m
        )


class Clearings:
    """What the present pass shows of places where nothing is found any more."""

    def __init__(self, params: PatrolParams) -> None:
        """Start with no place watched."""
        self._params = params
        self._of: dict[str, Clearing] = {}

    def keep(self, spots: Sequence[Spot]) -> None:
        """Forget what is not around any more, or was seen again."""
        around = {spot.spot_id for spot in spots if spot.left}
        self._of = {key: one for key, one in self._of.items() if key in around}

    def proven(
        self, spot: Spot, pose: Pose, plane: LocalPlane, now: datetime, seen: "Seen"
    ) -> bool:
        """Return whether this picture ends a place: it is demonstrably clean.

        The last picture that shows the place decides, so that it proves what it says.

        Args:
            spot: known, and not ended.
            pose: where the camera is.
            plane: the map around.
            now: wall time of the picture.
            seen: what was found in it.
        """
        away_s = (now - spot.seen_at) / timedelta(seconds=1)
        if not spot.left or away_s < self._params.pass_gap_s:
            return False
        lat, lon, covariance = spot.where()
        point = np.array(plane.metres(lat, lon))
        expected = pose.seen_at(point, spot.latest.size_m)
        near = np.hypot(*(point - pose.lens)) <= self._params.clear_range_m
        if expected is None or not near or not in_view(pose, expected):
            return False
        clearing = self._of.get(spot.spot_id)
        gap = timedelta(seconds=self._params.pass_gap_s)
        if clearing is None or now - clearing.at >= gap:  # a pass of its own
            self._of[spot.spot_id] = clearing = Clearing(pose.lens, now)
        spread = covariance + pose.covariance(point)
        found = any(
            seen.may_be(index, spot, point, spread, self._params.gate)
            for index in range(len(seen.found))
        )
        clearing.note(pose, now, hidden=hidden(expected, seen.boxes), found=found)
        if clearing.done or not last_chance(pose, point, spot.latest.size_m):
            return False
        if not clearing.proves(spot.kind, self._params):
            return False
        clearing.done = True
        spot.clear_passes += 1
        spot.box = expected
        return spot.clear_passes >= spot.kind.clear_passes


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in one picture.

    Attributes:
        found: detections that concern this memory.
        boxes: of all that may hide something, pixels.
        pursuit: whose sightings the detections belong to.
    """

    found: Sequence[Found]
    boxes: list[Xyxy]
    pursuit: Pursuit

    def may_be(
        self, index: int, spot: Spot, point: Vector, spread: Matrix, gate: float
    ) -> bool:
        """Return whether a detection may be what stands at a spot.

        Args:
            index: of the detection.
            spot: which spot,
            point: where it is, (2,) metres,
            spread: and how exactly that is known here, (2, 2) metres squared.
            gate: squared Mahalanobis distance up to which it may.
        """
        one = self.found[index]
        if one.kind is not spot.kind or one.ray is None:
            return False
        sighting = self.pursuit.of.get(index)
        if sighting is not None and (
            sighting.moves or sighting.spot_id not in {None, spot.spot_id}
        ):
            return False  # it is known to be another
        off = one.ray.lens + one.ray.away - point
        total = spread + one.ray.spread
        return float(off @ np.linalg.inv(total) @ off) <= gate


def last_chance(pose: Pose, point: Vector, size_m: tuple[float, float]) -> bool:
    """Return whether what is in view now will not be so in a moment."""
    heading = np.radians(pose.fix.heading_deg or 0.0)
    way = np.array([np.sin(heading), np.cos(heading)]) * pose.fix.speed_mps * _AHEAD_S
    soon = replace(pose, here=pose.here + way)
    return not in_view(soon, soon.seen_at(point, size_m))


def hidden(expected: Xyxy, boxes: list[Xyxy]) -> bool:
    """Return whether something nearer stands before an expected box."""
    x1, y1, x2, y2 = expected
    lower = x1, (y1 + y2) / 2, x2, y2
    enough = _HIDDEN * box_area(lower)
    return any(box[3] > y2 and shared_area(lower, box) >= enough for box in boxes)
