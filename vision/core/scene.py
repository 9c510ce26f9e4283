"""What a person told the engine about a camera's view."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from vision.core.arrays import FloatArray
from vision.core.position import reaches

_PERMITTING = frozenset({"ignore", "parking", "loading", "market"})
_SHIFT = 2.0  # 95 % radii by which a place may turn out to be elsewhere

_TRUE = frozenset({"wgs84", "cgcs2000"})  # the same to centimetres


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """Where a camera or a thing stands.

    Attributes:
        lat: degrees in `crs`, [-90, 90].
        lon: likewise, [-180, 180].
        address: in words, if known.
        crs: `wgs84`, `cgcs2000`, `gcj02` or `bd09`.
        accuracy_m: radius around it within which the thing lies with 95 %, metres;
            None: nobody measured it, as of a camera's own place.
    """

    lat: float
    lon: float
    address: str | None = None
    crs: str = "wgs84"
    accuracy_m: float | None = None

    def text(self) -> str:
        """Return its degrees as a person reads them: `30.59310, 114.30540 ±4 m`."""
        radius = "" if self.accuracy_m is None else f" ±{math.ceil(self.accuracy_m)} m"
        # Degrees that are not those of a GPS receiver must not pass for them.
        system = "" if self.crs in _TRUE else f" ({self.crs})"
        return f"{self.lat:.5f}, {self.lon:.5f}{radius}{system}"


@dataclass(frozen=True, slots=True)
class MapZone:
    """A part of the map with a meaning, for cameras that move.

    Attributes:
        zone_id: unique within the site's map.
        kind: as of a `Zone`.
        polygon: at least three (lat, lon) vertices, WGS-84 degrees.
        street_class: as of a `Zone`.
        calendar: as of a `Zone`.
    """

    zone_id: str
    kind: str
    polygon: tuple[tuple[float, float], ...]
    street_class: str | None = None
    calendar: str | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the view with a meaning.

    Attributes:
        zone_id: unique within the camera.
        kind: what it is for: `no_parking`, `clean`, `bin`, `no_vending`, `ignore` ...
        polygon: at least three (x, y) vertices in [0, 1] of the picture's size.
        street_class: 严禁 `forbidden`, 严控 `controlled`, 规范 `regulated`, or None.
        calendar: name of the calendar in which the zone is in force; None: always.
        preset: PTZ preset in whose picture it is drawn; None: the camera's only view.
    """

    zone_id: str
    kind: str
    polygon: tuple[tuple[float, float], ...]
    street_class: str | None = None
    calendar: str | None = None
    preset: str | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Scene:
    """One camera's fixed knowledge.

    Attributes:
        camera_id: which camera.
        name: what people call it.
        zones: in configuration order.
        geo: where it stands, or None.
        homography: (3, 3) pixels to metres on the ground of the only view, or None.
        preset_grounds: likewise by PTZ preset: each looks at another piece of ground.
        gb_id: GB/T 28181 device number, or None.
        map_zones: of a camera that moves, instead of `zones`, in configuration order.
        moving: whether a vehicle carries it: it has no place of its own (`geo` is
            None), and cannot look at one again when asked.
    """

    camera_id: str
    name: str
    zones: tuple[Zone, ...] = ()
    geo: GeoPoint | None = None
    homography: FloatArray | None = None
    preset_grounds: Mapping[str, FloatArray] = field(default_factory=dict)
    gb_id: str | None = None
    tags: tuple[str, ...] = field(default=())
    map_zones: tuple[MapZone, ...] = ()
    moving: bool = False
    _by_kind: dict[tuple[str, str | None], tuple[Zone, ...]] = field(
        default_factory=dict, init=False, repr=False
    )

    def __post_init__(self) -> None:
        """Sort the zones: every rule asks for them at every place."""
        for zone in self.zones:
            key = (zone.kind, zone.preset)
            self._by_kind[key] = (*self._by_kind.get(key, ()), zone)

    def ground(self, preset: str | None) -> FloatArray | None:
        """Return the ground plane in one PTZ preset's picture, or None if not known."""
        return self.homography if preset is None else self.preset_grounds.get(preset)

    def zones_of(self, kind: str, preset: str | None = None) -> tuple[Zone, ...]:
        """Return the zones of one kind in one PTZ preset's picture."""
        return self._by_kind.get((kind, preset), ())

    def forbids_near(self, geo: GeoPoint) -> bool:
        """Return whether a thing may stand in a zone of the map that forbids it.

        Its place is known to some metres, and later passes may shift it.
        """
        radius_m = _SHIFT * (geo.accuracy_m or 0.0)
        return any(
            zone.kind not in _PERMITTING
            and reaches((geo.lat, geo.lon), zone.polygon, radius_m)
            for zone in self.map_zones
        )
