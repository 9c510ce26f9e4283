"""Whether a place on the map is one where something may stand."""

import math
from functools import lru_cache

from shapely import Point, Polygon, make_valid

from vision.core.observation import Observation
from vision.core.places import Place
from vision.core.position import LocalPlane
from vision.core.scene import GeoPoint, MapZone
from vision.core.violations import Fact
from vision.rules.facts import required
from vision.rules.schedule import Ruling, Schedule
from vision.rules.standing import Standing, Terms, reasons_of

_RINGS = 64  # corners of the circle in which it lies
_FAR_M = 10_000.0


def standing_on_map(
    place: Place,
    observation: Observation,
    terms: Terms,
    schedule: Schedule,
    opened: GeoPoint | None = None,
) -> Standing | None:
    """Return where a place stands on the map and what holds there.

    A place is known to some metres only, so it lies in a zone by a share: of the circle
    in which it lies with 95 %. Of zones over each other one that forbids it now is
    enough. What was in a zone when its event opened stays its concern: it does not
    move, only the receiver errs otherwise at each pass.

    Args:
        place: has a position.
        observation: the scene with its zones on the map, and the time.
        terms: which zones matter; `min_overlap` is the share that must lie within.
        schedule: the site's calendars.
        opened: where its event was when it opened, if one is open.

    Returns:
        None outside all zones, or where an `ignore` zone has most of it.
    """
    geo = place.geo
    if geo is None:
        return None
    zones, decided = observation.scene.map_zones, opened or geo
    if any(share_in(z, decided) >= terms.min_overlap for z in _of(zones, "ignore")):
        return None
    forbidding = _of(zones, terms.forbids)
    if terms.anywhere and not forbidding:
        return Standing(None, Ruling("always"), (Fact("zone", "anywhere"),))
    now = observation.frame.captured_at
    under = [
        (zone, share_in(zone, geo), schedule.ruling(zone, now))
        for zone in forbidding
        if share_in(zone, geo) > 0 or share_in(zone, decided) >= terms.min_overlap
    ]
    permits = _of(zones, terms.permits) if under else ()
    permit = next(
        (
            f"{zone.zone_id} {window}"
            for zone in permits
            if share_in(zone, geo) >= terms.min_overlap
            and (window := schedule.ruling(zone, now).window) is not None
        ),
        None,
    )
    return max(
        (
            Standing(zone, ruling, _reasons(zone, share, ruling, terms, permit))
            for zone, share, ruling in under
        ),
        key=lambda ground: (ground.forbidden, ground.ruling.window is not None),
        default=None,
    )


def _reasons(
    zone: MapZone, share: float, ruling: Ruling, terms: Terms, permit: str | None
) -> tuple[Fact, ...]:
    """Return why a zone forbids what lies in it; at its edge, also that it does."""
    facts = reasons_of(zone, share, ruling, terms, permit)
    if share >= terms.min_overlap:
        return facts
    return (required("in_zone", "at its edge", holds=False, bound="yes"), *facts)


@lru_cache(maxsize=4096)  # a place's position changes once a pass
def share_in(zone: MapZone, geo: GeoPoint) -> float:
    """Return how much of the circle in which a thing lies is in a zone, [0, 1]."""
    plane = LocalPlane(geo.lat, geo.lon)
    corners = [plane.metres(lat, lon) for lat, lon in zone.polygon]
    radius_m = max(geo.accuracy_m or 0.0, 0.5)
    if all(math.hypot(*corner) > _FAR_M for corner in corners):
        return 0.0  # in another part of the city
    circle = Point(0, 0).buffer(radius_m, quad_segs=_RINGS // 4)
    shared = circle.intersection(make_valid(Polygon(corners)))
    return float(shared.area / circle.area)


def _of(zones: tuple[MapZone, ...], kind: str | None) -> tuple[MapZone, ...]:
    return tuple(zone for zone in zones if zone.kind == kind)
