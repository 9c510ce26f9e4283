"""The map of one moving camera: which places it knows, and which one this is."""

import logging
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np

from vision.core.position import LocalPlane
from vision.patrol.look import likeness
from vision.patrol.nearby import Nearby, is_around
from vision.patrol.params import PatrolKind, PatrolParams
from vision.patrol.pose import Matrix, Pose
from vision.patrol.records import SpotRecord, from_record, to_record
from vision.patrol.sighting import Sighting
from vision.patrol.spot import Pass, Spot, pass_of, spot_of

Worth: TypeAlias = Callable[[Spot], int]
"""Says how much a place is worth where there is no room for all."""

_log = logging.getLogger(__name__)

_OUTDATED_S = 60.0  # what nobody passed for weeks may go so much later
_AT_ONCE = 50  # one place in so many goes with the first: to choose takes its time
_WITHIN_M = 1.0  # by how much one thing's middle may differ within a drive


class SpotMap:
    """All places that were passed, bounded."""

    def __init__(self, camera_id: str, params: PatrolParams) -> None:
        """Start empty.

        Args:
            camera_id: whose view; part of new names.
            params: limits.
        """
        self._camera_id = camera_id
        self._params = params
        self.worth: Worth = worth_by_kind
        self.spots: dict[str, Spot] = {}
        self._nearby = Nearby()
        self._asked_at: datetime | None = None
        self._full = False
        self._records: dict[str, tuple[tuple[object, ...], SpotRecord]] = {}

    def join(
        self,
        sighting: Sighting,
        pose: Pose,
        plane: LocalPlane,
        taken: Collection[str | None],
    ) -> None:
        """Put a certain sighting on the map.

        Args:
            sighting: gets the name of its place.
            pose: where the camera is.
            plane: the map around, on which the sighting's metres are.
            taken: places that are seen elsewhere in the same picture.
        """
        one = pass_of(sighting, pose, plane)
        if sighting.spot_id is None:
            spot = self._same(sighting, one, taken)
            if spot is None:
                spot = spot_of(self._camera_id, sighting, one)
                spot.observed_s = sighting.observed_s
                self.spots[spot.spot_id] = spot
                self._nearby.add(spot)
            else:
                self._pass_again(spot, one)
            sighting.spot_id = spot.spot_id
        else:
            spot = self.spots.get(sighting.spot_id)
            if spot is None:
                return
            if one.ended_at > spot.seen_at:
                spot.go_on(one)
        spot.box = sighting.box

    def around(self, pose: Pose, plane: LocalPlane) -> list[Spot]:
        """Return the places near the camera; note which ones it has left."""
        near = []
        here, (east, north) = (pose.fix.lat, pose.fix.lon), pose.here.tolist()
        for spot in self._nearby.to(here, self.spots):
            if spot.ended_at is not None:
                continue
            latest, p = spot.latest, self._params
            distance_m = math.inf
            if is_around((latest.lat, latest.lon), here):
                there = plane.metres(latest.lat, latest.lon)
                distance_m = math.dist(there, (east, north))
            spot.left |= bool(distance_m > p.leave_m)
            if distance_m <= p.near_m:
                near.append(spot)
        return near

    def leave(self) -> None:
        """Note that the camera was away from all places."""
        for spot in self.spots.values():
            spot.left = True

    def alive(self) -> Iterator[Spot]:
        """Yield the places that have not ended."""
        return (spot for spot in self.spots.values() if spot.ended_at is None)

    def seen_until(self) -> datetime | None:
        """Return when something was seen or gone last, wall time; None: never."""
        times = (spot.ended_at or spot.seen_at for spot in self.spots.values())
        return max(times, default=None)

    def outdated(self, now: datetime) -> list[Spot]:
        """Let go of what nobody passed for long; return those that had not ended."""
        if self._asked_at is not None:
            gone_s = (now - self._asked_at) / timedelta(seconds=1)
            if 0 <= gone_s < _OUTDATED_S:
                return []
        self._asked_at = now
        long_ago = now - timedelta(seconds=self._params.forget_s)
        lost = []
        for spot in list(self.spots.values()):
            if (spot.ended_at or spot.seen_at) < long_ago:
                self._drop(spot)
                if spot.ended_at is None:
                    spot.end(now, "lost")
                    lost.append(spot)
        return lost

    def prune(self, now: datetime) -> list[Spot]:
        """Keep the map bounded; return those that go though they had not ended.

        What ended goes first, then what is worth least, of that what nobody saw for
        longest.
        """
        over = len(self.spots) - self._params.max_spots
        if over <= 0:
            return []
        ranks = {
            key: (-1 if spot.ended_at else self.worth(spot))
            for key, spot in self.spots.items()
        }
        order = sorted(self.spots.values(), key=lambda s: (ranks[s.spot_id], s.seen_at))
        more = order[over : over + self._params.max_spots // _AT_ONCE]
        least = ranks[order[over - 1].spot_id]
        gone = order[:over] + [s for s in more if ranks[s.spot_id] == least]
        for spot in gone:
            self._drop(spot)
        lost = [spot for spot in gone if spot.ended_at is None]
        for spot in lost:
            spot.end(now, "lost")
        if lost and not self._full:
            self._full = True
            _log.warning(
                "%s: its map is full (%d places), so it begins to forget those that "
                "matter least and were not passed for longest",
                self._camera_id,
                self._params.max_spots,
            )
        return lost

    def _drop(self, spot: Spot) -> None:
        del self.spots[spot.spot_id]
        self._nearby.drop(spot)

    def state(self) -> list[SpotRecord]:
        """Return all places as plain values; few of them are new since the last time.

        Nobody may change these values.
        """
        kept: dict[str, tuple[tuple[object, ...], SpotRecord]] = {}
        for key, spot in self.spots.items():
            stamp = spot.latest, spot.box, spot.clear_passes, spot.ended_at
            known = self._records.get(key)
            if known is None or known[0] != stamp:
                known = stamp, to_record(spot)
            kept[key] = known
        self._records = kept
        return [record for _, record in kept.values()]

    def restore(
        self, records: list[SpotRecord], kinds: Mapping[str, PatrolKind]
    ) -> None:
        """Take up stored places; those of kinds that nobody asks for are dropped.

        Raises:
            KeyError: a field is missing.
            ValueError: a field cannot be read.
        """
        spots = [
            from_record(one, kinds[one["kind"]])
            for one in records
            if one["kind"] in kinds
        ]
        self.spots = {spot.spot_id: spot for spot in spots}
        self._nearby, self._asked_at = Nearby(), None

    def _pass_again(self, spot: Spot, one: Pass) -> None:
        """Take another look at a known place: of a new pass, of this one, or of then.

        Footage of then, watched late or once more, changes nothing.
        """
        if one.began_at <= spot.seen_at:
            return
        gap_s = (one.began_at - spot.seen_at) / timedelta(seconds=1)
        if spot.left and gap_s >= self._params.pass_gap_s:
            spot.take(one)
        else:
            spot.go_on(one)

    def _same(
        self, sighting: Sighting, one: Pass, taken: Collection[str | None]
    ) -> Spot | None:
        """Return the place that a sighting is of; note the one that it took over."""
        same: list[tuple[float, Spot]] = []
        strangers: list[Spot] = []
        for spot in self._candidates(sighting, one, taken):
            distance = self._distance(spot, one)
            if distance <= self._gate(spot, one):
                alike = likeness(sighting.look, spot.latest.look)
                if alike is None or alike >= self._params.same_look:
                    same.append((distance, spot))
                else:
                    strangers.append(spot)
        if same:
            return min(same, key=lambda pair: pair[0])[1]
        # One bay, another vehicle: the one that stood there drove off, unless it comes
        # into view beside this one.
        if len(strangers) == 1 and strangers[0].left:
            (gone,) = strangers
            if gone.ended_at is None and gone.seen_at < one.began_at:
                sighting.instead_of = gone.spot_id
        return None

    def _drifted(self, spot: Spot, one: Pass) -> bool:
        """Return whether the receiver may err otherwise than at the latest look."""
        away_s = (one.began_at - spot.seen_at) / timedelta(seconds=1)
        return spot.left or away_s >= self._params.pass_gap_s

    def _gate(self, spot: Spot, one: Pass) -> float:
        """Return how far a sighting may be from a place that it is of."""
        p = self._params
        if not self._drifted(spot, one):
            return p.gate
        return p.individual_gate if spot.kind.is_individual else p.pass_gate

    def _candidates(
        self, sighting: Sighting, one: Pass, taken: Collection[str | None]
    ) -> Iterator[Spot]:
        """Yield the places that a sighting may be of.

        What ended before it began is another matter; what ended later had not then.
        """
        here = one.lat, one.lon
        for spot in self._nearby.to(here, self.spots):
            gone = spot.ended_at is not None and spot.ended_at <= one.began_at
            far = not is_around((spot.latest.lat, spot.latest.lon), here)
            other = spot.kind is not sighting.kind or spot.spot_id in taken
            if not (gone or far or other):
                yield spot

    def _distance(self, spot: Spot, one: Pass) -> float:
        """Return how far a pass puts a thing from a place, Mahalanobis squared."""
        spread: Matrix
        if self._drifted(spot, one):
            lat, lon, covariance = spot.where()
            spread = covariance + one.spread
        else:  # within one drive the vehicle's own error is the same for both
            lat, lon = spot.latest.lat, spot.latest.lon
            spread = spot.latest.within + one.within + np.eye(2) * _WITHIN_M**2
        off = np.array(LocalPlane(lat, lon).metres(one.lat, one.lon))
        return float(off @ np.linalg.inv(spread) @ off)


def worth_by_kind(spot: Spot) -> int:
    """Return what a place is worth: streets full of vehicles push out no refuse."""
    return 0 if spot.kind.is_individual else 1
