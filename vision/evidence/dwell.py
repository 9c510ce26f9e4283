"""How the observed dwell of each place grew: few points, however long it takes."""

from dataclasses import dataclass

from vision.core.observation import Observation
from vision.core.places import Place, PlaceState

_MOST_POINTS = 64
_FIRST_STEP_S = 1.0

Point = tuple[float, float]
"""Media time and observed dwell until then, both in seconds."""


@dataclass(slots=True)
class _Growth:
    """Points of one place; when there are many, every second one is let go."""

    points: list[Point]
    state: PlaceState
    step_s: float = _FIRST_STEP_S

    def add(self, place: Place, at_s: float) -> None:
        if place.state is self.state and at_s - self.points[-1][0] < self.step_s:
            return
        self.state = place.state
        self.points.append((at_s, place.observed_s))
        if len(self.points) > _MOST_POINTS:
            self.points[1:-1] = self.points[2:-1:2]
            self.step_s *= 2


class DwellRecord:
    """Remembers for every place of every camera how its dwell grew."""

    def __init__(self) -> None:
        """Start with no places."""
        self._cameras: dict[str, dict[str, _Growth]] = {}

    def observe(self, observation: Observation) -> None:
        """Take the places of one picture and forget those that are gone."""
        frame = observation.frame
        known = self._cameras.get(frame.camera_id, {})
        alive: dict[str, _Growth] = {}
        for place in observation.places:
            growth = known.get(place.place_id)
            if growth is None or growth.points[-1][0] > frame.media_time_s:
                # New here, or the stream's clock began anew.
                growth = _Growth([(place.first_seen_s, 0.0)], place.state)
            growth.add(place, frame.media_time_s)
            alive[place.place_id] = growth
        self._cameras[frame.camera_id] = alive

    def of(self, place: Place) -> tuple[Point, ...]:
        """Return how a place's dwell grew, first sight and latest included."""
        growth = self._cameras.get(place.camera_id, {}).get(place.place_id)
        points = [(place.first_seen_s, 0.0)] if growth is None else growth.points
        last = (place.last_seen_s, place.observed_s)
        return (*(point for point in points if point[0] < last[0]), last)
