"""The places near a camera: of a whole city few are looked at with each picture."""

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from vision.patrol.spot import Spot

LatLon: TypeAlias = tuple[float, float]

_NEAR_M = 200.0  # what is farther away is not even measured
_STRAY_M = 200.0  # until a camera has gone so far, only what was
_CLOSE_M = 500.0  # around where it was then is asked for
_DEG_M = 111_195.0  # a degree of latitude


class Nearby:
    """A short list that is made anew when the camera has gone on."""

    def __init__(self) -> None:
        """Start with no list."""
        self._spots: dict[str, Spot] = {}
        self._centre: LatLon | None = None

    def to(self, here: LatLon, spots: Mapping[str, Spot]) -> Iterable[Spot]:
        """Return all places that may be near a point, and some more.

        Args:
            here: (lat, lon) of the camera, or of what it sees.
            spots: all places; the camera has left those that are not in the list.
        """
        if self._centre is None or not is_around(self._centre, here, _STRAY_M):
            self._centre, self._spots = here, {}
            for key, spot in spots.items():
                if is_around((spot.latest.lat, spot.latest.lon), here, _CLOSE_M):
                    self._spots[key] = spot
                else:
                    spot.left = True
        return self._spots.values()

    def add(self, spot: Spot) -> None:
        """Take up a new place; the camera is near."""
        self._spots[spot.spot_id] = spot

    def drop(self, spot: Spot) -> None:
        """Forget a place."""
        self._spots.pop(spot.spot_id, None)


def is_around(there: LatLon, here: LatLon, reach_m: float = _NEAR_M) -> bool:
    """Return whether two places may be so near each other; asked often."""
    if abs(there[0] - here[0]) * _DEG_M > reach_m:
        return False
    turn = (there[1] - here[1] + 180.0) % 360.0 - 180.0  # over the date line
    return abs(turn) * _DEG_M * math.cos(math.radians(here[0])) <= reach_m
