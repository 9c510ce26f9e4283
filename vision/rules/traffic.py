"""Parked, or waiting in a queue? What the other vehicles do tells.

Who parks stays while neighbours leave and others pass. Who queues stands with others
and leaves with them. No lane has to be drawn; where `lane` zones are, they are used.
"""

from collections import deque
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.geometry import bottom_center
from vision.core.observation import Observation
from vision.core.places import Place, PlaceState
from vision.core.violations import Fact
from vision.rules.ledger import PlaceTable
from vision.rules.passers import Evidence, PassParams
from vision.rules.zones import best_zone

_STOPS_LEARNED = 32
_OWN = 0.35  # box sizes: nearer than this to a standing vehicle is that vehicle


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
        min_passed: vehicles that must pass a parked one.
        together_s: queue mates stopped within this time of each other, seconds.
        red_s: longest red light: who stands longer while others pass waits for no
            light, seconds.
        jam_s: how long a standstill without passers is still a queue, seconds.
    """

    vehicle_labels: frozenset[str] = frozenset({"car", "truck", "bus"})
    mate_reach: float = 2.0
    min_passed: int = 3
    together_s: float = 60.0
    red_s: float = 150.0
    jam_s: float = 900.0


class TrafficWatch:
    """Reads the traffic around every standing vehicle of one camera."""

    def __init__(self, params: TrafficParams | None = None) -> None:
        """Start with no evidence.

        Args:
            params: how traffic is read.
        """
        self._params = params or TrafficParams()
        self._evidence: dict[str, Evidence] = {}
        self._stops_s: deque[float] = deque(maxlen=_STOPS_LEARNED)

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
        p = self._params
        now_s = observation.frame.media_time_s
        seen = [
            track
            for track in observation.tracks
            if track.label in p.vehicle_labels and track.last_seen_s == now_s
        ]
        boxes = np.array([track.xyxy for track in seen], np.float32).reshape(-1, 4)
        feet = bottom_center(observation.view.to_reference(boxes))
        ids = [track.track_id for track in seen]
        parked = [place for place in places if place.state is not PlaceState.ENDED]
        for place in parked:  # a track on a known footprint is that vehicle itself
            elsewhere = np.linalg.norm(relative(place, feet), axis=1) > _OWN
            feet = feet[elsewhere]
            ids = [i for i, other in zip(ids, elsewhere, strict=True) if other]
        for place in places:
            evidence = self._evidence.setdefault(place.place_id, Evidence())
            near = relative(place, feet)
            evidence.note(dict(zip(ids, near, strict=True)), now_s, p)
            if place.state is PlaceState.STANDING:
                self._note_mates(evidence, place, places, observation)
        for place in places:
            if place.state is PlaceState.ENDED:
                self._learn(place, places)

    def judge(self, place: Place) -> tuple[Traffic, tuple[Fact, ...]]:
        """Return what the traffic says about a standing vehicle, with reasons."""
        p = self._params
        evidence = self._evidence.get(place.place_id, Evidence())
        facts = (
            Fact("passed_vehicles", evidence.passed, "1"),
            Fact("neighbours_left", evidence.left, "1"),
            Fact("queue_mates", len(evidence.mates), "1"),
        )
        flows = evidence.passed >= p.min_passed
        waits = bool(evidence.mates) and place.observed_s < p.red_s
        if evidence.left > 0 or (flows and not waits):
            return Traffic.PARKED, facts
        if evidence.mates and place.observed_s < p.jam_s:
            return Traffic.QUEUE, facts
        return Traffic.UNDECIDED, facts

    def keep(self, place_ids: Container[str]) -> None:
        """Forget places that no longer exist."""
        for place_id in [key for key in self._evidence if key not in place_ids]:
            del self._evidence[place_id]

    def state(self) -> PlaceTable:
        """Return what counts after a restart as plain values."""
        return {key: (e.passed, e.left) for key, e in self._evidence.items()}

    def restore(self, record: PlaceTable) -> None:
        """Take up stored evidence."""
        self._evidence = {
            key: Evidence(passed=int(passed), left=int(left))
            for key, (passed, left) in record.items()
        }

    def _note_mates(
        self,
        evidence: Evidence,
        place: Place,
        places: Sequence[Place],
        observation: Observation,
    ) -> None:
        """See who stands in line with a vehicle, and who of them has left."""
        for other in places:
            if other.state is PlaceState.ENDED and other.place_id in evidence.mates:
                evidence.left += 1
        evidence.mates = frozenset(
            other.place_id
            for other in places
            if other.place_id != place.place_id
            and other.state is not PlaceState.ENDED
            and self._together(place, other)
            and lane_of(place, observation) == lane_of(other, observation)
        )

    def _together(self, place: Place, other: Place) -> bool:
        """Return whether two vehicles stopped near each other at about one time."""
        p = self._params
        apart_s = abs(place.first_seen_s - other.first_seen_s)
        if apart_s > p.together_s or place.baseline is not other.baseline:
            return False
        foot = bottom_center(np.array([other.xyxy], np.float32))
        return float(np.linalg.norm(relative(place, foot)[0])) <= p.mate_reach

    def _learn(self, place: Place, places: Sequence[Place]) -> None:
        """Remember how long a queue stood: its vehicles are gone together."""
        mates = self._evidence[place.place_id].mates
        stay = any(
            o.place_id in mates and o.state is PlaceState.STANDING for o in places
        )
        if mates and not stay and place.elapsed_s <= 2 * self._params.red_s:
            self._stops_s.append(place.elapsed_s)


def relative(place: Place, feet: FloatArray) -> FloatArray:
    """Return (N, 2) ground contacts as seen from a place, in its box sizes."""
    x1, y1, x2, y2 = place.xyxy
    size = np.maximum(np.array((x2 - x1, y2 - y1), np.float32), 1.0)
    foot = np.array(((x1 + x2) / 2, y2), np.float32)
    return np.asarray((feet - foot) / size, np.float32)


def lane_of(place: Place, observation: Observation) -> str | None:
    """Return the `lane` zone that has most of a vehicle, or None."""
    zone, _ = best_zone(place, observation, "lane")
    return None if zone is None else zone.zone_id
