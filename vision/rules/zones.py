"""Where an object touches a zone's ground."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from shapely import Polygon, box

from vision.core.geometry import contact_strip
from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.scene import Zone
from vision.rules.appearance import Xyxy

_STRIP_HEIGHT = 0.25  # of the box: what stands on the ground
_IGNORED_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground that a place stands on.

    Attributes:
        zone: the zone of the wanted kind that has most of it, or None.
        share: how much of the contact strip lies in that zone, [0, 1].
    """

    zone: Zone | None = None
    share: float = 0.0


@lru_cache(maxsize=4096)  # anchors are fixed: each place asks the same again and again
def overlap(zone: Zone, width_px: int, height_px: int, xyxy: Xyxy) -> float:
    """Return how much of an object's ground contact lies in a zone.

    Never the box centre, which is in the air; never clipped to the picture, which would
    move the contact.

    Args:
        zone: polygon in [0, 1] of the picture's size.
        width_px: width of the reference view.
        height_px: its height.
        xyxy: the object's box, pixels.

    Returns:
        Share of the contact strip, [0, 1].
    """
    strip = box(*contact_strip(np.array([xyxy], np.float32), _STRIP_HEIGHT)[0].tolist())
    if strip.area <= 0:
        return 0.0
    ground = Polygon([(x * width_px, y * height_px) for x, y in zone.polygon])
    # buffer(0) mends a polygon whose sides cross, which a hand-drawn one may.
    return float(strip.intersection(ground.buffer(0)).area / strip.area)


def ground_of(place: Place, observation: Observation, kind: str) -> Ground | None:
    """Return the ground of a place among the zones of one kind.

    Args:
        place: what stands there.
        observation: the scene and the picture's size.
        kind: which zones matter.

    Returns:
        The best zone, which may be none; None where an `ignore` zone has the place.
    """
    frame, scene = observation.frame, observation.scene

    def share(zone: Zone) -> float:
        return overlap(zone, frame.width, frame.height, place.xyxy)

    if any(share(zone) >= _IGNORED_SHARE for zone in scene.zones_of("ignore")):
        return None
    shares = [Ground(zone, share(zone)) for zone in scene.zones_of(kind)]
    best = max(shares, key=lambda ground: ground.share, default=Ground())
    return best if best.share > 0 else Ground()
