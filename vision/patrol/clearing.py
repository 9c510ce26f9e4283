"""Whether a pass shows places without what stood there."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np

from vision.core.geometry import Xyxy
from vision.core.position import LocalPlane
from vision.patrol.params import PatrolParams
from vision.patrol.pose import Matrix, Pose, Vector
from vision.patrol.pursuit import Found, Pursuit, hidden, in_view
from vision.patrol.sighting import Sighting
from vision.patrol.spot import Spot

_AHEAD_S = 0.6  # whether it will still be in view then
_STEP_M = 0.3  # between two pictures that tell
_MOST_VIEWS = 128
_ALONG_SDS, _ASIDE_SDS = 1.0, 1.5  # by so much a place may lie elsewhere


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One picture in which a place should be seen.

    Attributes:
        lens: where the camera was, metres.
        hidden: whether something nearer stood before it, or before where it may lie.
        suspects: what was found in it that may be what stands there; None: nobody
            follows it.
    """

    lens: Vector
    hidden: bool
    suspects: tuple[Sighting | None, ...]

    def found(self, spot: Spot) -> bool:
        """Return whether it may have been found, as far as is known by now."""
        return any(one is None or one.may_be(spot.spot_id) for one in self.suspects)


@dataclass(slots=True)
class Clearing:
    """What one pass has shown so far of a place where nothing was found.

    Attributes:
        at: wall time of the latest picture in which it should have been found.
        views: these pictures, each from another spot.
        done: whether this pass has had its say.
    """

    at: datetime
    views: deque[PlaceView] = field(default_factory=lambda: deque(maxlen=_MOST_VIEWS))
    done: bool = False

    def note(self, view: PlaceView, at: datetime) -> None:
        """Take one picture; from where the last one was taken, it tells nothing new."""
        self.at = at
        if not self.views or _apart_m(view, self.views[-1]) >= _STEP_M:
            self.views.append(view)

    def empty(self, spot: Spot) -> bool:
        """Return whether nothing was found there but what is known to be another."""
        found = sum(view.found(spot) for view in self.views)
        return found <= spot.kind.clear_found * len(self.views)

    def proves(self, spot: Spot, params: PatrolParams) -> bool:
        """Return whether the place is demonstrably clean."""
        looks = sum(not view.hidden and not view.found(spot) for view in self.views)
        return (
            self.empty(spot)
            and looks >= params.clear_looks
            and looks >= params.clear_share * len(self.views)
            and _apart_m(self.views[0], self.views[-1]) >= params.min_moved_m
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

    def ended(
        self, spot: Spot, pose: Pose, plane: LocalPlane, now: datetime, seen: "Seen"
    ) -> str | None:
        """Return why a place is over as this picture shows, or None.

        The last picture that shows the place decides, so that it proves what it says:
        before, what stood there may still come into view.

        Args:
            spot: known, and not ended.
            pose: where the camera is.
            plane: the map around.
            now: wall time of the picture.
            seen: what was found in it.

        Returns:
            `exposed`, `replaced` or None.
        """
        away_s = (now - spot.seen_at) / timedelta(seconds=1)
        if not spot.left or away_s < self._params.pass_gap_s:
            return None
        clearing, passed = self._begun(spot, now), True
        there = whereabouts(spot, pose, plane)
        if there.shown(pose, self._params.clear_range_m):
            clearing = clearing or Clearing(now)
            self._of[spot.spot_id] = clearing
            suspects = seen.suspects(there, self._params.gate)
            behind = there.hidden(pose, seen.boxes)
            clearing.note(PlaceView(pose.lens, behind, suspects), now)
            passed = not there.shown(_soon(pose), self._params.clear_range_m)
        if clearing is None or clearing.done or not passed:
            return None
        other = seen.instead_of(spot, now)
        watched = len(clearing.views) >= self._params.clear_looks
        if other is not None and watched and clearing.empty(spot):
            spot.box = other.box
            return "replaced"
        return self._judge(clearing, there, pose) if clearing.at == now else None

    def _begun(self, spot: Spot, now: datetime) -> Clearing | None:
        """Return what this pass has shown so far, or None."""
        clearing = self._of.get(spot.spot_id)
        gap = timedelta(seconds=self._params.pass_gap_s)
        return None if clearing is None or now - clearing.at >= gap else clearing

    def _judge(
        self, clearing: Clearing, there: "Whereabouts", pose: Pose
    ) -> str | None:
        """Return why a place is over that was in view for the last time."""
        spot = there.spot
        if not clearing.empty(spot):
            spot.clear_passes = 0  # no row any more
        if not clearing.proves(spot, self._params):
            return None
        clearing.done = True
        spot.clear_passes += 1
        (box,) = there.boxes(pose)
        assert box is not None  # noqa: S101 it is in view
        spot.box = box
        return "exposed" if spot.clear_passes >= spot.kind.clear_passes else None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a place lies, as exactly as that is known for a camera.

    Attributes:
        spot: which one.
        point: where it most likely is, (2,) metres.
        spread: covariance, what the camera's own place adds with it, (2, 2) metres
            squared.
    """

    spot: Spot
    point: Vector
    spread: Matrix

    def shown(self, pose: Pose, range_m: float) -> bool:
        """Return whether a picture shows it, from no farther away than `range_m`.

        Who drives as they drove when it was found has it on the same side, however the
        receiver errs. For others all of where it may lie must be in view.
        """
        if float(np.hypot(*(self.point - pose.lens))) > range_m:
            return False
        boxes = self.boxes(pose)
        if self.spot.found_from(pose.fix.heading_deg) is None:
            boxes += self.boxes(pose, pose.aside, _ASIDE_SDS)
        return all(in_view(pose, box) for box in boxes)

    def hidden(self, pose: Pose, nearer: Sequence[Xyxy]) -> bool:
        """Return whether something may stand before it, as far along as it may lie.

        As far aside as the map has it, and as who drove alike found it: for a receiver
        that errs to the side it lies before or beyond what hides it.
        """
        boxes: list[Xyxy | None] = []
        for there in (self, self._as_found(pose)):
            boxes += there.boxes(pose) + there.boxes(pose, pose.ahead, _ALONG_SDS)
        return any(box is not None and hidden(box, nearer) for box in boxes)

    def _as_found(self, pose: Pose) -> "Whereabouts":
        """Return it as far aside from the camera as when it was found."""
        found = self.spot.found_from(pose.fix.heading_deg)
        if found is None or found.aside_m is None:
            return self
        off_m = found.aside_m - float((self.point - pose.lens) @ pose.aside)
        return replace(self, point=self.point + pose.aside * off_m)

    def boxes(
        self, pose: Pose, way: Vector | None = None, sds: float = 0.0
    ) -> list[Xyxy | None]:
        """Return in which box it would be seen, or in which two.

        Args:
            pose: where the camera is.
            way: of length 1; it lies off on it, or on its opposite,
            sds: by so many standard deviations.
        """
        points = [self.point]
        if way is not None:
            off = way * math.sqrt(float(way @ self.spread @ way)) * sds
            points = [self.point + off, self.point - off]
        return [pose.seen_at(point, self.spot.latest.size_m) for point in points]


def whereabouts(spot: Spot, pose: Pose, plane: LocalPlane) -> Whereabouts:
    """Return where a spot lies for a camera; `plane` is the map around."""
    lat, lon, covariance = spot.where()
    point = np.array(plane.metres(lat, lon))
    return Whereabouts(spot, point, covariance + pose.covariance(point))


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

    def suspects(self, there: Whereabouts, gate: float) -> tuple[Sighting | None, ...]:
        """Return which sightings may be of what stands at a spot.

        Args:
            there: where it is.
            gate: squared Mahalanobis distance up to which they may.
        """
        near = []
        for index, one in enumerate(self.found):
            if one.kind is not there.spot.kind or one.ray is None:
                continue
            off, spread = one.ray.foot - there.point, there.spread + one.ray.spread
            if float(off @ np.linalg.inv(spread) @ off) <= gate:
                near.append(self.pursuit.of.get(index))
        return tuple(near)

    def instead_of(self, spot: Spot, now: datetime) -> Sighting | None:
        """Return what is seen in this picture and seems to have taken a place over."""
        for one in self.pursuit.sightings:
            if one.instead_of == spot.spot_id and one.seen_at == now:
                return one
        return None


def _apart_m(one: PlaceView, other: PlaceView) -> float:
    return float(np.hypot(*(one.lens - other.lens)))


def _soon(pose: Pose) -> Pose:
    """Return where the camera will be in a moment."""
    way_m = pose.ahead * pose.fix.speed_mps * _AHEAD_S
    return replace(pose, here=pose.here + way_m)
