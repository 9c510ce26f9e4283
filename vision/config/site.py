"""One site: its model, cameras, rules and receivers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self
from zoneinfo import available_timezones

from pydantic import Field, field_validator, model_validator

from vision.config.base import Settings, ShippedPath
from vision.config.calendars import (
    CalendarSettings,
    StreetClass,
    StreetClassSettings,
)
from vision.config.cameras import CameraSettings
from vision.config.evidence import EvidenceSettings
from vision.config.load import Loaded, read_settings
from vision.config.looks import LookSettings
from vision.config.models import ModelSettings
from vision.config.rules import PlaceSettings, RuleSettings, concerns
from vision.config.sinks import SinkSettings
from vision.config.zones import Identifier, MapZoneSettings, refuse_twice

MOVING_PERIOD_S = 0.2


class MetricsSettings(Settings):
    """Where Prometheus finds the engine; port 0: nowhere."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)


class SiteSettings(Settings):
    """Everything that one engine watches.

    Relative paths are taken from the folder the command is started in; the model and
    the taxonomies that ship are found from everywhere. `timezone`
    (IANA name) is that of calendars and picture captions; None: this machine's.
    """

    site: Identifier
    timezone: str | None = None
    taxonomy: ShippedPath = Field(
        default=Path("configs/taxonomy/gbt47678.yaml"), validate_default=True
    )
    model: ModelSettings
    cameras: tuple[CameraSettings, ...] = Field(min_length=1)
    rules: tuple[RuleSettings, ...] = Field(min_length=1)
    map_zones: tuple[MapZoneSettings, ...] = Field(default=(), max_length=2000)
    places: PlaceSettings = PlaceSettings()
    calendars: dict[str, CalendarSettings] = Field(default_factory=dict)
    street_classes: dict[StreetClass, StreetClassSettings] = Field(default_factory=dict)
    sinks: tuple[SinkSettings, ...] = Field(min_length=1)
    evidence: EvidenceSettings = EvidenceSettings()
    looks: LookSettings = LookSettings()
    metrics: MetricsSettings = MetricsSettings()

    @field_validator("cameras")
    @classmethod
    def _unique_cameras(
        cls, cameras: tuple[CameraSettings, ...]
    ) -> tuple[CameraSettings, ...]:
        _refuse_twice("camera id", (camera.id for camera in cameras))
        return cameras

    @field_validator("map_zones")
    @classmethod
    def _unique_zones(
        cls, zones: tuple[MapZoneSettings, ...]
    ) -> tuple[MapZoneSettings, ...]:
        refuse_twice(zones)
        return zones

    @field_validator("sinks")
    @classmethod
    def _unique_sinks(cls, sinks: tuple[SinkSettings, ...]) -> tuple[SinkSettings, ...]:
        # The outbox tells receivers apart by this.
        _refuse_twice("receiver", (sink.address for sink in sinks))
        return sinks

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str | None) -> str | None:
        if name is not None and name not in available_timezones():
            msg = "expected a time zone by its IANA name, such as Asia/Shanghai"
            raise ValueError(msg)
        return name

    @model_validator(mode="after")
    def _rules_name_known_cameras(self) -> Self:
        known = {camera.id for camera in self.cameras}
        for rule in self.rules:
            unknown = sorted(set(rule.cameras or ()) - known)
            if unknown:
                msg = (
                    f"rule {rule.type} names unknown cameras: {', '.join(unknown)}; "
                    f"expected some of {', '.join(sorted(known))}"
                )
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _one_rule_of_a_type_at_a_camera(self) -> Self:
        """Refuse a second one: both would give their events the same ids."""
        for camera in self.cameras:
            types = [
                r.type
                for r in self.rules
                if r.cameras is None or camera.id in r.cameras
            ]
            twice = sorted({one for one in types if types.count(one) > 1})
            if twice:
                msg = (
                    f"camera {camera.id} has more than one rule of the type "
                    f"{', '.join(twice)}; expected one of each type, so name the "
                    "cameras of each"
                )
                raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _cameras_serve_their_rules(self) -> Self:
        """Give each camera that names no period the one that its rules need."""
        cameras = tuple(
            camera
            if "period_s" in camera.model_fields_set
            else camera.model_copy(update={"period_s": self._needed_s(camera)})
            for camera in self.cameras
        )
        # Frozen for all others: a default that depends on a later field is set here.
        self.__dict__["cameras"] = cameras
        return self

    @model_validator(mode="after")
    def _gaps_are_longer_than_periods(self) -> Self:
        """Refuse a gap in which a camera gives no second picture: no dwell ever."""
        if "max_gap_s" not in self.places.model_fields_set:
            return self
        slowest = max(self.cameras, key=lambda camera: camera.period_s)
        if self.places.max_gap_s < 2 * slowest.period_s:
            msg = (
                f"places.max_gap_s is {self.places.max_gap_s:g} and camera "
                f"{slowest.id} gives a picture every {slowest.period_s:g} s, so no "
                f"time would count as observed; expected at least "
                f"{2 * slowest.period_s:g}, or nothing: then it fits each camera"
            )
            raise ValueError(msg)
        return self

    def zone_kinds(self, camera: CameraSettings) -> frozenset[str]:
        """Return the kinds of the zones that count at a camera."""
        zones = self.map_zones if camera.moving else camera.zones
        return frozenset(zone.kind for zone in zones)

    def _needed_s(self, camera: CameraSettings) -> float:
        if camera.moving:  # a thing is in sight for a second or two, whatever the rule
            return MOVING_PERIOD_S
        kinds = self.zone_kinds(camera)
        periods = [r.period_s for r in self.rules if concerns(r, camera.id, kinds)]
        return min(periods, default=camera.period_s)

    @model_validator(mode="after")
    def _calendars_are_known(self) -> Self:
        named = [
            (f"zone {zone.id} of camera {camera.id}", zone.calendar)
            for camera in self.cameras
            for zone in camera.zones
        ]
        named += [(f"map zone {zone.id}", zone.calendar) for zone in self.map_zones]
        named += [
            (f"class {name}", one.calendar) for name, one in self.street_classes.items()
        ]
        for who, calendar in named:
            if calendar is not None and calendar not in self.calendars:
                known = ", ".join(sorted(self.calendars)) or "none is given"
                msg = f"{who} names the calendar {calendar}; expected one of: {known}"
                raise ValueError(msg)
        return self


def load_site(path: Path) -> Loaded[SiteSettings]:
    """Read a site file.

    Raises:
        ConfigError: not readable or not YAML.
        InvalidConfigError: with every mistake listed.
    """
    return read_settings(path, SiteSettings)


def _refuse_twice(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            msg = f"{what} {value} is used twice; expected each once"
            raise ValueError(msg)
        seen.add(value)
