"""Zones: areas of a picture or of the map, and what each is for."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, field_validator

from vision.config.base import Settings
from vision.config.calendars import StreetClass
from vision.core.position import LocalPlane, distance_m

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _identifier(text: str) -> str:
    """Refuse what could not stand in a path or an address."""
    if not _IDENTIFIER.fullmatch(text):
        msg = "expected letters A-Z and a-z, digits, . _ - and no others, at most 64"
        raise ValueError(msg)
    return text


Identifier = Annotated[str, AfterValidator(_identifier)]


def _share(value: float) -> float:
    """Refuse pixels, which is what most editors tell."""
    if not 0 <= value <= 1:
        msg = (
            "expected a share of the picture, 0 to 1: pixels divided by its width or "
            "height"
        )
        raise ValueError(msg)
    return value


Fraction01 = Annotated[float, AfterValidator(_share)]
Crs = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
Point = tuple[float, float]

ZoneKind = Literal[
    "no_parking",
    "no_vending",
    "clean",
    "bin",
    "ignore",
    "lane",  # where traffic runs: sharpens the queue test, is never needed
    "parking",  # bays within a no_parking zone
    "loading",  # bays for a limited time
    "market",  # permitted vending
]
MapZoneKind = Literal[
    "no_parking", "no_vending", "clean", "bin", "ignore", "parking", "market"
]

_LEAST_GROUND = 1e-5  # of the picture: twice the triangle of three corners
_LEAST_GROUND_M2 = 1.0  # likewise, of the map
_LARGEST_M = 500_000.0
_POLE_DEG, _ROUND_DEG = 90, 180


class ZoneSettings(Settings):
    """A polygon in shares of the picture: (0, 0) top left, (1, 1) bottom right.

    `calendar` names one of the site's calendars; without one the zone is always in
    force. `preset` names the PTZ preset in whose picture it is drawn; each zone of a
    camera with `presets` must have one.
    """

    id: Identifier
    kind: ZoneKind
    polygon: list[tuple[Fraction01, Fraction01]] = Field(min_length=3, max_length=64)
    street_class: StreetClass | None = None
    calendar: str | None = None
    preset: str | None = None

    @field_validator("polygon")
    @classmethod
    def _has_ground(cls, polygon: list[Point]) -> list[Point]:
        """Refuse corners in one line: nothing ever stands there."""
        _refuse_line(polygon, _LEAST_GROUND)
        return polygon


class MapZoneSettings(Settings):
    """A polygon on the map, for cameras that move: [lat, lon] corners in `crs`.

    `calendar` as of a zone in a picture; `crs` as of a camera's `geo`.
    """

    id: Identifier
    kind: MapZoneKind
    polygon: list[Point] = Field(min_length=3, max_length=256)
    crs: Crs = "wgs84"
    street_class: StreetClass | None = None
    calendar: str | None = None

    @field_validator("polygon")
    @classmethod
    def _on_the_globe(cls, polygon: list[Point]) -> list[Point]:
        for lat, lon in polygon:
            if abs(lat) > _POLE_DEG or abs(lon) > _ROUND_DEG:
                msg = (
                    f"[{lat:g}, {lon:g}] is no [lat, lon]: a latitude lies within 90, "
                    "a longitude within 180 degrees; are the two swapped?"
                )
                raise ValueError(msg)
        return polygon

    @field_validator("polygon")
    @classmethod
    def _is_an_area(cls, polygon: list[Point]) -> list[Point]:
        """Refuse what no street is: a line, or the reach of a province."""
        first = polygon[0]
        farthest = max(polygon, key=lambda corner: distance_m(first, corner))
        across_m = distance_m(first, farthest)
        if across_m > _LARGEST_M:
            msg = (
                f"it is {across_m / 1000:.0f} km from {list(first)} to "
                f"{list(farthest)}; expected a zone of at most 500 km: are lat and "
                "lon of a corner swapped?"
            )
            raise ValueError(msg)
        plane = LocalPlane(*first)
        _refuse_line([plane.metres(*one) for one in polygon], _LEAST_GROUND_M2)
        return polygon


AnyZone = TypeVar("AnyZone", ZoneSettings, MapZoneSettings)


def refuse_twice(zones: Sequence[AnyZone]) -> None:
    """Refuse two zones of one id.

    Raises:
        ValueError: naming them.
    """
    ids = [zone.id for zone in zones]
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        msg = f"zone ids used twice: {', '.join(twice)}; expected unique ids"
        raise ValueError(msg)


def _refuse_line(polygon: Sequence[Point], least: float) -> None:
    """Refuse corners in one line.

    Args:
        polygon: at least three corners.
        least: twice the area of the largest triangle of which the first is a corner.

    Raises:
        ValueError: they span less.
    """
    (x, y), *others = polygon
    widest = max(
        abs((ax - x) * (by - y) - (ay - y) * (bx - x))
        for ax, ay in others
        for bx, by in others
    )
    if widest < least:
        msg = "its corners lie in one line; expected corners of an area"
        raise ValueError(msg)
