"""What a site file may say and hardly means."""

from collections.abc import Iterator
from itertools import combinations

from vision.config.cameras import CameraSettings, ZoneSettings
from vision.config.site import SiteSettings

Corner = tuple[float, float]


def doubts(settings: SiteSettings) -> Iterator[str]:
    """Yield a sentence for each thing that a person should look at again."""
    yield from _watched_twice(settings)
    for camera in settings.cameras:
        for zone in camera.zones:
            if _crosses_itself(zone):
                yield (
                    f"zone {zone.id} of camera {camera.id} has edges that cross: "
                    "only what they enclose counts; name its corners in their order "
                    "round the area if all of it is meant"
                )


def _watched_twice(settings: SiteSettings) -> Iterator[str]:
    first: dict[str, CameraSettings] = {}
    for camera in settings.cameras:
        source = camera.source
        address = str(source.path) if source.type == "images" else source.url
        other = first.setdefault(address, camera)
        if other is not camera:
            yield (
                f"cameras {other.id} and {camera.id} have the same source, so what "
                "happens there is reported twice"
            )


def _crosses_itself(zone: ZoneSettings) -> bool:
    corners = zone.polygon
    edges = list(zip(corners, corners[1:] + corners[:1], strict=True))
    return any(_cross(*one, *other) for one, other in combinations(edges, 2))


def _cross(a: Corner, b: Corner, c: Corner, d: Corner) -> bool:
    """Tell whether a-b and c-d cross within both; a shared corner is no crossing."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Corner, b: Corner, point: Corner) -> float:
    """Return on which side of a-b a point lies, as the sign; 0: on it."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
