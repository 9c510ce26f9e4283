"""Whether a pass shows places without what stood there."""

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


@dataclass(frozen=True, slots=True)
class PlaceView:
    """One picture in which a place should be seen.

    Attributes:
        lens: where the camera was, metres.
        hidden: whether something nearer stood before it.
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
        clearing = self._of.get(spot.spot_id)
        gap = timedelta(seconds=self._params.pass_gap_s)
        if clearing is not None and now - clearing.at >= gap:
            clearing = None  # of an earlier pass
        lat, lon, covariance = spot.where()
        point = np.array(plane.metres(lat, lon))
        expected = pose.seen_at(point, spot.latest.size_m)
        passed = True
        if expected is not None and self._shows(pose, point, expected):
            clearing = clearing or Clearing(now)
            self._of[spot.spot_id] = clearing
            spread = covariance + pose.covariance(point)
            suspects = seen.suspects(spot, point, spread, self._params.gate)
            view = PlaceView(pose.lens, hidden(expected, seen.boxes), suspects)
            clearing.note(view, now)
            passed = self._last_chance(pose, point, spot.latest.size_m)
        if clearing is None or clearing.done or not passed:
            return None
        other = seen.instead_of(spot, now)
        watched = len(clearing.views) >= self._params.clear_looks
        if other is not None and watched and clearing.empty(spot):
            spot.box = other.box
            return "replaced"
        if clearing.at != now or not clearing.proves(spot, self._params):
            return None
        clearing.done = True
        spot.clear_passes += 1
        assert expected is not None  # noqa: S101 it is in view
        spot.box = expected
        return "exposed" if spot.clear_passes >= spot.kind.clear_passes else None

    def _shows(self, pose: Pose, point: Vector, expected: Xyxy | None) -> bool:
        """Return whether a place is in view, and near enough to be found."""
        away_m = float(np.hypot(*(point - pose.lens)))
        return away_m <= self._params.clear_range_m and in_view(pose, expected)

    def _last_chance(
        self, pose: Pose, point: Vector, size_m: tuple[float, float]
    ) -> bool:
        """Return whether what is shown now will not be so in a moment."""
        heading = np.radians(pose.fix.heading_deg or 0.0)
        way_m = pose.fix.speed_mps * _AHEAD_S
        way = np.array([np.sin(heading), np.cos(heading)]) * way_m
        soon = replace(pose, here=pose.here + way)
        return not self._shows(soon, point, soon.seen_at(point, size_m))


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

    def suspects(
        self, spot: Spot, point: Vector, spread: Matrix, gate: float
    ) -> tuple[Sighting | None, ...]:
        """Return which sightings may be of what stands at a spot.

        Args:
            spot: which spot,
            point: where it is, (2,) metres,
            spread: and how exactly that is known here, (2, 2) metres squared.
            gate: squared Mahalanobis distance up to which they may.
        """
        near = []
        for index, one in enumerate(self.found):
            if one.kind is not spot.kind or one.ray is None:
                continue
            off = one.ray.foot - point
            if float(off @ np.linalg.inv(spread + one.ray.spread) @ off) <= gate:
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
