"""What a site file may say and hardly means."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from vision.config.cameras import CameraSettings
from vision.config.rules import ZONE_USERS
from vision.config.site import SiteSettings
from vision.config.zones import MapZoneSettings, ZoneSettings

Corner = tuple[float, float]

_SELDOM_S = 0.5


def doubts(settings: SiteSettings) -> Iterator[str]:
    """Yield a sentence for each thing that a person should look at again."""
    yield from _watched_twice(settings)
    yield from _not_there(settings)
    for camera in settings.cameras:
        for zone in camera.zones:
            yield from _crossing(zone, f"zone {zone.id} of camera {camera.id}")
    yield from _on_the_map(settings)


def _on_the_map(settings: SiteSettings) -> Iterator[str]:
    """Yield what is doubtful about cameras that move and their zones."""
    moving = [camera for camera in settings.cameras if camera.moving]
    if settings.map_zones and not moving:
        yield (
            "the site has map_zones and no camera that moves (mount, position), so "
            "nobody asks about them"
        )
    for camera in moving:
        if camera.period_s > _SELDOM_S:
            yield (
                f"camera {camera.id} moves and gives a picture every "
                f"{camera.period_s:g} s: at 40 km/h that is {camera.period_s * 11:.0f} "
                "m; 0.2 s finds more"
            )
    rules = {rule.type for rule in settings.rules}
    for zone in settings.map_zones:
        yield from _crossing(zone, f"map zone {zone.id}")
        needed = ZONE_USERS.get(zone.kind)
        if needed is not None and needed not in rules:
            yield (
                f"map zone {zone.id} ({zone.kind}) is asked about by no rule: the "
                f"site has no {needed}"
            )


def _crossing(zone: ZoneSettings | MapZoneSettings, name: str) -> Iterator[str]:
    if _crosses_itself(zone.polygon):
        yield (
            f"{name} has edges that cross: only what they enclose counts; name its "
            "corners in their order round the area if all of it is meant"
        )


def _watched_twice(settings: SiteSettings) -> Iterator[str]:
    first: dict[str, CameraSettings] = {}
    for camera in settings.cameras:
        other = first.setdefault(camera.source.address, camera)
        if other is not camera:
            yield (
                f"cameras {other.id} and {camera.id} have the same source, so what "
                "happens there is reported twice"
            )


def _not_there(settings: SiteSettings) -> Iterator[str]:
    """Yield cameras that stand and whose file or folder is not on this machine.

    Of those that move, who reads their positions tells.
    """
    for camera in settings.cameras:
        source = camera.source
        path = source.video or Path(source.address)
        if not (camera.moving or source.live) and not path.exists():
            yield f"camera {camera.id}: {path} is not there; check the path or address"


def _crosses_itself(corners: list[Corner]) -> bool:
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    return any(_cross(*one, *other) for one, other in combinations(edges, 2))


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Tell whether a-b and c-d cross within both; a shared corner is no crossing."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Corner, b: Corner, point: Corner) -> float:
    """Return on which side of a-b a point lies, as the sign; 0: on it."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
