"""Parked, or waiting in a queue? What the other vehicles do tells.

Who parks stays while neighbours leave and others pass. Who queues stands with others
and leaves with them. No lane has to be drawn; where `lane` zones are, they are used.
"""

import math
from collections import deque
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vision.core.geometry import Xyxy, foot_in_sizes
from vision.core.observation import Observation, View
from vision.core.places import Place, PlaceState
from vision.core.tracks import Track
from vision.core.violations import Fact, Params
from vision.rules.facts import named
from vision.rules.lanes import LaneMap
from vision.rules.ledger import PlaceTable
from vision.rules.passers import Evidence, Footprints, PassParams
from vision.rules.street import StreetRecord, finite
from vision.rules.zones import zones_under

_STOPS_LEARNED = 32


class Traffic(StrEnum):
    """What the traffic around a standing vehicle says about it."""

    PARKED = "parked"
    QUEUE = "queue"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class TrafficParams(PassParams):
    """How traffic is read; distances in sizes of the standing vehicle's box.

    Attributes:
        vehicle_labels: what counts as traffic.
        mate_reach: how far away a queue mate may stand.
        lane_half: how far beside the line of the traffic, once that is known.
        min_passed: vehicles that must pass a parked one.
        together_s: queue mates stopped within this time of each other, seconds.
        discharge_s: a queue mate that has gone for no longer may be followed, seconds.
        move_up_s: in a queue all move so soon after a neighbour has left, seconds.
        red_s: longest red light: who stands longer while others pass waits for no
            light, seconds. Only time in which they pass counts: in a jam nobody does.
        kerb_passes: vehicles that drove past a spot from which it can be a kerb,
        kerb_share: if at most so many of them, as a share, drove over it; not before
            `red_s` were watched: at a red light only the other lane drives.
        jam_s: how long a standstill without passers is still a queue, seconds.
    """

    vehicle_labels: frozenset[str] = frozenset({"car", "truck", "bus"})
    mate_reach: float = 2.0
    lane_half: float = 0.7
    min_passed: int = 3
    together_s: float = 60.0
    discharge_s: float = 15.0
    move_up_s: float = 30.0
    red_s: float = 150.0
    jam_s: float = 600.0
    kerb_passes: int = 4
    kerb_share: float = 0.2


class TrafficWatch:
    """Reads the traffic around every standing vehicle of one camera."""

    def __init__(self, params: TrafficParams | None = None) -> None:
        """Start with no evidence.

        Args:
            params: how traffic is read.
        """
        self._params = params or TrafficParams()
        self._evidence: dict[str, Evidence] = {}
        self._lanes = LaneMap()
        self._size = (1, 1)
        self._stops_s: deque[float] = deque(maxlen=_STOPS_LEARNED)

    @property
    def limits(self) -> Params:
        """How traffic is read, as evidence names it."""
        return named(self._params, "traffic_")

    @property
    def longest_stop_s(self) -> float:
        """Longest recent stop of a vehicle that left together with others, seconds."""
        return max(self._stops_s, default=0.0)

    def observe(self, observation: Observation, places: Sequence[Place]) -> None:
        """Take one picture's traffic.

        Args:
            observation: tracks, view and scene.
            places: the standing vehicles, those that ended with this picture included.
        """
        now_s = observation.frame.media_time_s
        seen = [
            track
            for track in observation.tracks
            if track.label in self._params.vehicle_labels and track.last_seen_s == now_s
        ]
        boxes = _laid(seen, observation)
        self._size = (observation.frame.width, observation.frame.height)
        if observation.view.view is View.CLEAR:
            self._lanes.observe(
                zip(seen, boxes, strict=True),
                now_s,
                preset=observation.view.preset,
                size=self._size,
            )
        # What another preset's picture shows says nothing about a place.
        shown = {place.place_id for place in places if observation.shows(place)}
        # A track on a known footprint is that vehicle itself.
        standing = Footprints([p.xyxy for p in places if p.place_id in shown])
        driving = {
            track.track_id: box
            for track, box in zip(seen, boxes, strict=True)
            if box not in standing
        }
        for place in places:
            evidence = self._evidence.setdefault(place.place_id, Evidence())
            anchor, seen_there = place.xyxy, place.place_id in shown
            by = driving.items() if seen_there else ()
            near = {one: foot_in_sizes(anchor, box) for one, box in by}
            evidence.note(near, now_s, self._params)
        ended = [place for place in places if place.state is PlaceState.ENDED]
        gone = {place.place_id for place in ended}
        away = {
            o.place_id
            for o in places
            if o.state is PlaceState.MISSING
            and now_s - o.last_seen_s > self._params.discharge_s
        }
        for place, mates in zip(places, self._mates(places, observation), strict=True):
            if place.state is PlaceState.STANDING:
                evidence = self._evidence[place.place_id]
                for mate in ended:
                    if mate.place_id in evidence.mates:
                        spot = foot_in_sizes(place.xyxy, mate.xyxy)
                        evidence.leave(spot, mate.last_seen_s)
                evidence.mates = mates - gone
                evidence.waiting = len(evidence.mates - away)
        for place in ended:
            self._learn(place, places)

    def judge(self, place: Place) -> tuple[Traffic, tuple[Fact, ...]]:
        """Return what the traffic says about a standing vehicle, with reasons."""
        p = self._params
        evidence = self._evidence.get(place.place_id, Evidence())
        left, left_s = evidence.left(p.lane_half)
        lane = self._lanes.passes(place, self._size)
        facts = (
            Fact("passed_vehicles", evidence.passed, "1"),
            Fact("neighbours_left", left, "1"),
            Fact("queue_mates", evidence.waiting, "1"),
            Fact("lane_beside", lane.beside, "1"),
            Fact("lane_here", lane.over, "1"),
        )
        # Where all drive past and nobody drives, no queue can stand: a kerb. Who has
        # watched for less than a red light may not have seen this lane drive yet.
        learned = self._lanes.watched_s(place.preset) >= p.red_s
        empty = lane.over <= p.kerb_share * lane.beside
        if learned and empty and lane.beside >= p.kerb_passes:
            return Traffic.PARKED, facts
        flows = evidence.passed >= p.min_passed
        # Who stands alone where all drive may be the first at a light, or in a jam.
        in_lane = learned and not empty and lane.over >= p.kerb_passes
        stood_s = min(place.observed_s, evidence.flowed_s)
        waits = (evidence.waiting > 0 or in_lane) and stood_s < p.red_s
        # In a queue all move up when those ahead leave; who does not is no part of it.
        alone = evidence.waiting == 0
        unmoved = place.last_seen_s - left_s >= p.move_up_s
        stayed = left > 0 and (alone or (evidence.has_direction and unmoved))
        if stayed or (flows and not waits):
            return Traffic.PARKED, facts
        if evidence.waiting > 0 and place.observed_s < p.jam_s:
            return Traffic.QUEUE, facts
        return Traffic.UNDECIDED, facts

    def keep(self, place_ids: Container[str]) -> None:
        """Forget places that no longer exist."""
        for place_id in [key for key in self._evidence if key not in place_ids]:
            del self._evidence[place_id]

    def state(self) -> PlaceTable:
        """Return what counts after a restart as plain values."""
        return {
            key: (e.passed, e.left(self._params.lane_half)[0])
            for key, e in self._evidence.items()
        }

    def restore(self, record: PlaceTable) -> None:
        """Take up stored evidence."""
        self._evidence = {
            key: Evidence(passed=int(passed), left_before=int(left))
            for key, (passed, left) in record.items()
        }

    def street(self) -> StreetRecord:
        """Return what was learned of the street as plain values."""
        return {
            "lanes": self._lanes.state(),
            "flows": {key: e.flow() for key, e in self._evidence.items()},
            "stops_s": list(self._stops_s),
        }

    def recall(self, record: StreetRecord) -> None:
        """Take up what was learned of the street; after `restore`.

        Raises:
            KeyError: a field is missing.
            ValueError: a field cannot be read.
        """
        self._lanes.restore(record["lanes"])
        self._stops_s.clear()
        self._stops_s.extend(finite(stop_s) for stop_s in record["stops_s"])
        for place_id, flow in record["flows"].items():
            if place_id in self._evidence:
                self._evidence[place_id].follow(flow)

    def forget_street(self, kept: Container[str | None] = ()) -> None:
        """Forget where vehicles drive: the camera shows something else.

        Args:
            kept: presets that show the same.
        """
        self._lanes.forget(kept)

    def _mates(
        self, places: Sequence[Place], observation: Observation
    ) -> list[frozenset[str]]:
        """Return who stopped near each vehicle at about the same time."""
        # When vehicles of the start came nobody knows: no sign that they came together.
        arrived = [place for place in places if not place.baseline]
        return [
            frozenset(
                mate.place_id
                for mate in arrived
                if mate is not place and self._is_mate(place, mate, observation)
            )
            if not place.baseline
            else frozenset[str]()
            for place in places
        ]

    def _is_mate(self, place: Place, mate: Place, observation: Observation) -> bool:
        """Return whether a vehicle stopped in line with another, at about its time."""
        p = self._params
        if abs(mate.first_seen_s - place.first_seen_s) > p.together_s:
            return False
        spot = foot_in_sizes(place.xyxy, mate.xyxy)
        if math.hypot(*spot) > p.mate_reach or mate.preset != place.preset:
            return False
        if self._evidence[place.place_id].beside_lane(spot) > p.lane_half:
            return False
        return lane_of(mate, observation) == lane_of(place, observation)

    def _learn(self, place: Place, places: Sequence[Place]) -> None:
        """Remember how long a queue stood: its vehicles are gone together."""
        mates = self._evidence[place.place_id].mates
        stay = any(
            o.place_id in mates and o.state is PlaceState.STANDING for o in places
        )
        if mates and not stay and place.elapsed_s <= 2 * self._params.red_s:
            self._stops_s.append(place.elapsed_s)


def _laid(tracks: Sequence[Track], observation: Observation) -> list[Xyxy]:
    """Return the boxes of tracks in the reference view, pixels."""
    if observation.view.in_place:
        return [track.xyxy for track in tracks]
    boxes = np.array([track.xyxy for track in tracks], np.float32).reshape(-1, 4)
    laid = observation.view.to_reference(boxes).tolist()
    return [(x1, y1, x2, y2) for x1, y1, x2, y2 in laid]


def lane_of(place: Place, observation: Observation) -> str | None:
    """Return the `lane` zone that has most of a vehicle, or None."""
    lanes = zones_under(place, observation, "lane")
    return lanes[0][0].zone_id if lanes else None
