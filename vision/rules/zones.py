"""Where an object touches a zone's ground."""

from functools import lru_cache

import numpy as np
from shapely import Polygon, box, make_valid

from vision.core.geometry import Xyxy, contact_strip
from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.scene import Scene, Zone

_STRIP_HEIGHT = 0.25  # of the box: what stands on the ground


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
    # The sides of a hand-drawn polygon may cross: all that they enclose is meant.
    return float(strip.intersection(make_valid(ground)).area / strip.area)


def best_zone(
    place: Place, observation: Observation, kind: str
) -> tuple[Zone | None, float]:
    """Return the zone of a kind with most of a place's ground contact, and how much."""
    size = observation.frame.size
    return _best(observation.scene, kind, place.preset, size, place.xyxy)


@lru_cache(maxsize=4096)  # anchors are fixed: each place asks the same again and again
def _best(
    scene: Scene, kind: str, preset: str | None, size: tuple[int, int], xyxy: Xyxy
) -> tuple[Zone | None, float]:
    """Return the zone of a kind with most of an object's ground contact."""
    best: tuple[Zone | None, float] = (None, 0.0)
    for zone in scene.zones_of(kind, preset):
        share = overlap(zone, *size, xyxy)
        if share > best[1]:
            best = (zone, share)
    return best
