"""The street that the patrol drives along, and what stands and moves on it.

A point of it is `along` (metres, the way we drive) and `across` (metres to the right
of our lane's middle). Its looks are the same in every drive.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from vision.core.position import LocalPlane

MAP = LocalPlane(30.5931, 114.3054)
BEARING_DEG = 65.0
LENGTH_M = 260.0
#: Across: where the far fronts, far kerb, our kerb and our fronts are.
FAR_FRONTS_M, FAR_KERB_M, KERB_M, FRONTS_M = -12.0, -7.75, 4.25, 8.5
LANE_M, FAR_LANE_M, BAY_M = 0.0, -3.5, 3.1
#: No parking from there to there, along; from the middle of the street to the fronts:
#: a zone on the map must be wider than receivers err.
FORBIDDEN_M = (50.0, 112.0)
ZONE = "no-parking-south"


@dataclass(frozen=True, slots=True)
class Thing:
    """What stands or moves on the street.

    Attributes:
        name: unique.
        kind: `heap`, `full_bin`, `bin`, `car`, `person`, `cabinet`, `tree` or `pole`.
        look: a name in `cutouts.SHOTS` or `drawn.DRAWN`.
        from_m: how far along it is when a drive begins.
        across_m: where it is across.
        height_m: how tall it is.
        drives: numbers of the drives in which it is there.
        speed_mps: along; below 0 it comes towards us.
        follows: how far along it is, seconds to metres, of what moves otherwise.
        event: slug of the event that it is.
    """

    name: str
    kind: str
    look: str
    from_m: float
    across_m: float
    height_m: float
    drives: tuple[int, ...]
    speed_mps: float = 0.0
    follows: Callable[[float], float] | None = None
    event: str | None = None

    @property
    def moves(self) -> bool:
        """It does not stand still."""
        return self.speed_mps != 0 or self.follows is not None

    def along_m(self, time_s: float) -> float:
        """Return how far along it is, seconds after a drive began."""
        if self.follows is not None:
            return self.follows(time_s)
        return self.from_m + self.speed_mps * time_s


def to_map(along_m: float, across_m: float) -> tuple[float, float]:
    """Return a point's (lat, lon), WGS-84 degrees."""
    turn = math.radians(BEARING_DEG)
    east = along_m * math.sin(turn) + across_m * math.cos(turn)
    north = along_m * math.cos(turn) - across_m * math.sin(turn)
    return MAP.degrees(east, north)


def to_street(lat: float, lon: float) -> tuple[float, float]:
    """Return (along, across) of a point of the map, metres."""
    east, north = MAP.metres(lat, lon)
    turn = math.radians(BEARING_DEG)
    along = east * math.sin(turn) + north * math.cos(turn)
    return along, east * math.cos(turn) - north * math.sin(turn)


def zone() -> list[list[float]]:
    """Return the corners of the area in which parking is forbidden, [lat, lon] each."""
    first, last = FORBIDDEN_M
    left, right = LANE_M - 1.75, FRONTS_M
    corners = ((first, left), (last, left), (last, right), (first, right))
    return [[round(degrees, 7) for degrees in to_map(*corner)] for corner in corners]


def standing() -> list[Thing]:
    """Return what stands still; after the first two drives all has gone that may go."""
    refuse, full, parked = "garbage_pile", "overflowing_bin", "illegal_parking"
    both, always = (0, 1), tuple(range(10))
    trees = (
        Thing(f"tree-{i}", "tree", f"tree {i % 3}", 8 + 19 * i, 4.9, 6.5, always)
        for i in range(12)
    )
    poles = (
        Thing(f"pole-{i}", "pole", "pole", 19 + 38 * i, 4.7, 7.0, always)
        for i in range(6)
    )
    return [
        Thing("heap-a", "heap", "wide heap", 30, 5.6, 0.95, both, event=refuse),
        Thing("cabinet", "cabinet", "cabinet", 41, 7.4, 1.3, always),
        Thing("bin", "bin", "closed bin", 50, 6.0, 1.1, always),
        Thing("car-p", "car", "white van", 63, BAY_M, 2.0, both, event=parked),
        Thing("full-bin", "full_bin", "full bin", 76, 5.7, 1.6, both, event=full),
        Thing("heap-b", "heap", "heap of bags", 87, 5.6, 0.95, (0,), event=refuse),
        Thing("car-q", "car", "red car", 100, BAY_M, 1.5, (0,)),
        Thing("car-q2", "car", "white wagon", 100, BAY_M, 1.6, (1,)),
        Thing("heap-c", "heap", "small heap", 116, 5.6, 0.8, (1,), event=refuse),
        Thing("car-r", "car", "cream van", 130, BAY_M, 2.0, both),
        *trees,
        *poles,
    ]


def moving(drive: int, ours: Callable[[float], float]) -> list[Thing]:
    """Return what moves in one drive.

    Args:
        drive: its number.
        ours: how far along the patrol car is, seconds to metres.
    """
    here = (drive,)
    ahead, carrying, at_m = (
        ("car from behind", "carrier", 66.0),
        ("silver car", "walker", 54.0),
    )[drive % 2]
    # It drives as we do, 1.8 s earlier, and waits where we wait, before us.
    before_us = Thing("ahead", "car", ahead, 0, LANE_M, 1.5, here)
    oncoming = Thing("oncoming", "car", "green car", 0, FAR_LANE_M, 1.5, here, -8.0)
    return [
        replace(before_us, follows=lambda time_s: ours(time_s + 1.8) + 9),
        Thing("walker", "person", carrying, at_m, 6.9, 1.75, here, -1.2),
        *(
            replace(oncoming, name=f"oncoming-{i}", from_m=120.0 + 95.0 * i)
            for i in range(4)
        ),
    ]
