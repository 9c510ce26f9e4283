"""Cameras: where they stand, what they watch and what moves them."""

import re
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from vision.config.base import Settings
from vision.config.mounts import MountSettings
from vision.config.positions import PositionSettings
from vision.config.sources import SourceSettings
from vision.config.zones import (
    Crs,
    Fraction01,
    Identifier,
    ZoneSettings,
    refuse_twice,
)


class GeoSettings(Settings):
    """Where the camera stands, degrees in `crs`.

    `gcj02` is what 高德 and Tencent maps show, `bd09` what Baidu shows: some hundred
    metres off; the event service converts them. CGCS2000 equals WGS-84 to centimetres.
    """

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    crs: Crs = "wgs84"
    address: str | None = None


class GroundPoint(Settings):
    """A mark on the ground: where in the picture, and where on a plan in metres."""

    picture: tuple[Fraction01, Fraction01]
    metres: tuple[float, float]


class KnownHeight(Settings):
    """Something upright on the ground: its box in the picture and how tall it is."""

    box: tuple[Fraction01, Fraction01, Fraction01, Fraction01]
    height_m: float = Field(ge=0.2, le=30)


class GroundSettings(Settings):
    """Marks or known heights, so that distances are metres instead of box sizes.

    Either four `points` or more on any flat plan, e.g. paces from a lamp post, no three
    of them in a line; or three `sizes` or more of upright things, near and far, with
    the horizontal field of view `fov_deg` from the camera's data sheet.
    """

    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)
    points: tuple[GroundPoint, ...] = Field(default=(), max_length=32)
    sizes: tuple[KnownHeight, ...] = Field(default=(), max_length=64)
    fov_deg: float | None = Field(default=None, ge=5, le=150)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_points, by_sizes = len(self.points) >= 4, len(self.sizes) >= 3  # noqa: PLR2004 as homography and ground_from_heights need
        if (by_points and not self.sizes and self.fov_deg is None) or (
            by_sizes and not self.points and self.fov_deg is not None
        ):
            return self
        msg = (
            f"got {len(self.points)} points, {len(self.sizes)} sizes and fov_deg "
            f"{self.fov_deg}; expected either at least 4 points, or at least 3 sizes "
            "together with fov_deg"
        )
        raise ValueError(msg)


_FIXED_ONLY = {
    "zones": "draw them on the map, as the site's map_zones",
    "presets": "leave them out; it shows another street all the time",
    "preset_grounds": "leave them out; mount tells where its ground lies",
    "ground": "leave it out; mount tells where its ground lies",
    "geo": "leave it out; position tells where it is",
    "still_period_s": "leave it out; its picture never stands still",
}
_RAREST_S = 1.0
_GB_ID = re.compile(r"[0-9]{20}")


class CameraSettings(Settings):
    """One camera.

    `period_s` is the time between analysed pictures, in seconds; without it, as often
    as the rules need that concern the camera. While nothing changes in the picture the
    detector need not look at each: `still_period_s` is the longest time between two of
    its looks; without it, five periods, at most 30 s; `period_s` itself: every picture.
    `presets` gives a picture of each preset of a PTZ camera, by the name in its zones;
    `preset_grounds` the `ground` of each of them, where it was measured.

    `mount` and `position` make it a camera that moves: on a vehicle that is known to be
    somewhere at each time. Its zones lie on the map (`map_zones` of the site).
    """

    id: Identifier
    name: str = ""
    source: SourceSettings
    period_s: float = Field(default=1.0, ge=0.02, le=60)
    still_period_s: float | None = Field(default=None, ge=0.02, le=600)
    gb_id: str | None = None
    geo: GeoSettings | None = None
    mount: MountSettings | None = None
    position: PositionSettings | None = None
    ground: GroundSettings | None = None
    presets: dict[Identifier, Path] = Field(default_factory=dict)
    preset_grounds: dict[Identifier, GroundSettings] = Field(default_factory=dict)
    zones: tuple[ZoneSettings, ...] = ()

    @property
    def moving(self) -> bool:
        """Whether a vehicle carries it."""
        return self.mount is not None

    @field_validator("gb_id")
    @classmethod
    def _twenty_digits(cls, gb_id: str | None) -> str | None:
        if gb_id is not None and not _GB_ID.fullmatch(gb_id):
            msg = 'expected 20 digits in quotes, such as "34020000001320000017"'
            raise ValueError(msg)
        return gb_id

    @field_validator("zones")
    @classmethod
    def _unique_zones(cls, zones: tuple[ZoneSettings, ...]) -> tuple[ZoneSettings, ...]:
        refuse_twice(zones)
        return zones

    @model_validator(mode="after")
    def _moves_or_stands(self) -> Self:
        if (self.mount is None) != (self.position is None):
            lacking, given = ("mount", "position")[:: 1 if self.mount is None else -1]
            msg = (
                f"it has a {given} and no {lacking}; a camera that moves needs both: "
                "how it is fixed to its vehicle, and what tells where that is"
            )
            raise ValueError(msg)
        strange = [key for key in _FIXED_ONLY if getattr(self, key)]
        if self.moving and strange:
            lines = "; ".join(f"{key}: {_FIXED_ONLY[key]}" for key in strange)
            msg = f"a camera that moves (mount) takes none of these: {lines}"
            raise ValueError(msg)
        if self.moving and "period_s" in self.model_fields_set:
            _refuse_rare(self.period_s)
        if self.moving:
            _refuse_unknown_times(self.source)
        return self

    @model_validator(mode="after")
    def _presets_are_known(self) -> Self:
        strange = sorted(set(self.preset_grounds) - set(self.presets))
        if strange:
            known = ", ".join(sorted(self.presets)) or "none is given"
            msg = (
                f"preset_grounds names {', '.join(strange)}; expected presets of this "
                f"camera: {known}"
            )
            raise ValueError(msg)
        # A camera with presets shows nothing else: a zone of none is never asked.
        views: set[str | None] = {*self.presets} or {None}
        for zone in self.zones:
            if zone.preset not in views:
                known = ", ".join(sorted(self.presets)) or "none is given"
                got = (
                    "no preset" if zone.preset is None else f"the preset {zone.preset}"
                )
                msg = f"zone {zone.id} names {got}; expected one of: {known}"
                raise ValueError(msg)
        return self


def _refuse_unknown_times(source: SourceSettings) -> None:
    if not source.live and source.starts_at is None:
        msg = (
            "its source is a recording and has no starts_at; of a camera that moves "
            "expected when the recording began, e.g. 2026-11-27T09:00:00+08:00: the "
            "time from one pass to the next decides about parking, and a file only "
            "tells when it was last written or copied"
        )
        raise ValueError(msg)


def _refuse_rare(period_s: float) -> None:
    if period_s > _RAREST_S:
        msg = (
            f"period_s is {period_s:g}; of a camera that moves expected at most "
            f"{_RAREST_S:g}, better 0.2: it is past a thing after a second or two, and "
            "several pictures must show it"
        )
        raise ValueError(msg)
