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


def zones_under(
    place: Place, observation: Observation, kind: str
) -> tuple[tuple[Zone, float], ...]:
    """Return the zones of a kind that a place touches, most of its ground first.

    All of them: zones may lie over each other, each in force at hours of its own.

    Returns:
        Pairs of a zone and the share of the ground contact in it, (0, 1].
    """
    size = observation.frame.size
    return _touched(observation.scene, kind, place.preset, size, place.xyxy)


@lru_cache(maxsize=4096)  # anchors are fixed: each place asks the same again and again
def _touched(
    scene: Scene, kind: str, preset: str | None, size: tuple[int, int], xyxy: Xyxy
) -> tuple[tuple[Zone, float], ...]:
    """Return the zones of a kind under an object, most of its ground first."""
    shares = [
        (zone, overlap(zone, *size, xyxy)) for zone in scene.zones_of(kind, preset)
    ]
    touched = [(zone, share) for zone, share in shares if share > 0]
    return tuple(sorted(touched, key=lambda pair: -pair[1]))
