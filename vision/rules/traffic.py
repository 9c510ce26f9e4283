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
    jam_s: float = 600.0


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
        now_s = observation.frame.media_time_s
        seen = [
            track
            for track in observation.tracks
            if track.label in self._params.vehicle_labels and track.last_seen_s == now_s
        ]
        boxes = np.array([track.xyxy for track in seen], np.float32).reshape(-1, 4)
        near = relative(places, bottom_center(observation.view.to_reference(boxes)))
        # A track on a known footprint is that vehicle itself.
        driving = ~(np.linalg.norm(near, axis=2) <= _OWN).any(axis=0)
        ids = [t.track_id for t, drives in zip(seen, driving, strict=True) if drives]
        mates = self._mates(places, observation)
        for place, spots, beside in zip(places, near[:, driving], mates, strict=True):
            evidence = self._evidence.setdefault(place.place_id, Evidence())
            evidence.note(dict(zip(ids, spots, strict=True)), now_s, self._params)
            if place.state is PlaceState.STANDING:
                gone = [o for o in places if o.state is PlaceState.ENDED]
                evidence.left += sum(o.place_id in evidence.mates for o in gone)
                evidence.mates = beside
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

    def _mates(
        self, places: Sequence[Place], observation: Observation
    ) -> list[frozenset[str]]:
        """Return who stopped near each vehicle at about the same time."""
        p = self._params
        boxes = np.array([place.xyxy for place in places], np.float32).reshape(-1, 4)
        apart = np.linalg.norm(relative(places, bottom_center(boxes)), axis=2)
        came_s = np.array([place.first_seen_s for place in places], np.float64)
        # When vehicles of the start came nobody knows: no sign that they came together.
        came_s[[place.baseline for place in places]] = np.nan
        together = np.abs(came_s[:, None] - came_s) <= p.together_s
        lanes = [(lane_of(o, observation), o.preset) for o in places]
        return [
            frozenset(
                places[j].place_id
                for j in np.flatnonzero(near & soon).tolist()
                if i != j
                and places[j].state is not PlaceState.ENDED
                and lanes[i] == lanes[j]
            )
            for i, (near, soon) in enumerate(
                zip(apart <= p.mate_reach, together, strict=True)
            )
        ]

    def _learn(self, place: Place, places: Sequence[Place]) -> None:
        """Remember how long a queue stood: its vehicles are gone together."""
        mates = self._evidence[place.place_id].mates
        stay = any(
            o.place_id in mates and o.state is PlaceState.STANDING for o in places
        )
        if mates and not stay and place.elapsed_s <= 2 * self._params.red_s:
            self._stops_s.append(place.elapsed_s)


def relative(places: Sequence[Place], feet: FloatArray) -> FloatArray:
    """Return ground contacts as seen from places, in their box sizes.

    Args:
        places: P of them.
        feet: (N, 2) reference-view pixels.

    Returns:
        (P, N, 2) float32.
    """
    boxes = np.array([place.xyxy for place in places], np.float32).reshape(-1, 4)
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], 1.0)
    between = feet[None] - bottom_center(boxes)[:, None]
    return np.asarray(between / size[:, None], np.float32)


def lane_of(place: Place, observation: Observation) -> str | None:
    """Return the `lane` zone that has most of a vehicle, or None."""
    zone, _ = best_zone(place, observation, "lane")
    return None if zone is None else zone.zone_id
