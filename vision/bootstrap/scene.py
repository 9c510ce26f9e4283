"""From a camera's settings to what is fixed of its view."""

from collections.abc import Sequence

from vision.bootstrap.ground import build_ground
from vision.config.cameras import CameraSettings
from vision.config.zones import MapZoneSettings
from vision.core.crs import Crs, to_wgs84
from vision.core.scene import GeoPoint, MapZone, Scene, Zone


def geo_of(settings: CameraSettings) -> GeoPoint | None:
    """Return where a camera stands, or None where the settings do not say."""
    geo = settings.geo
    if geo is None:
        return None
    return GeoPoint(lat=geo.lat, lon=geo.lon, address=geo.address, crs=geo.crs)


def build_scene(
    settings: CameraSettings, map_zones: Sequence[MapZoneSettings] = ()
) -> Scene:
    """Return what the settings say about a camera's view.

    Args:
        settings: of the camera.
        map_zones: of the site; they count where the camera moves.

    Raises:
        ConfigError: the ground marks lie in line, or no ground fits the sizes.
    """
    return Scene(
        camera_id=settings.id,
        name=settings.name or settings.id,
        zones=tuple(
            Zone(
                zone_id=zone.id,
                kind=zone.kind,
                polygon=tuple(zone.polygon),
                street_class=zone.street_class,
                calendar=zone.calendar,
                preset=zone.preset,
            )
            for zone in settings.zones
        ),
        geo=geo_of(settings),
        homography=None if settings.ground is None else build_ground(settings.ground),
        preset_grounds={
            name: build_ground(ground)
            for name, ground in settings.preset_grounds.items()
        },
        gb_id=settings.gb_id,
        moving=settings.moving,
        map_zones=tuple(map(_on_the_globe, map_zones)) if settings.moving else (),
    )


def _on_the_globe(zone: MapZoneSettings) -> MapZone:
    """Return a zone of the map as a receiver's coordinates say it."""
    return MapZone(
        zone_id=zone.id,
        kind=zone.kind,
        polygon=tuple(to_wgs84(lat, lon, Crs(zone.crs)) for lat, lon in zone.polygon),
        street_class=zone.street_class,
        calendar=zone.calendar,
    )
