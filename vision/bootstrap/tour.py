"""The engine on labelled drives, one after another, as a city runs it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from threading import Event

from pydantic import TypeAdapter

from vision.bootstrap.drive import tells_of_now
from vision.bootstrap.positions import build_positions
from vision.bootstrap.scene import build_scene
from vision.bootstrap.site import Watch, watch_site
from vision.bootstrap.suite import folder_of
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.positions import PositionSettings
from vision.config.rules import concerns
from vision.config.site import MetricsSettings, SiteSettings
from vision.config.sources import PacketsSource
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.errors import ConfigError, SourceError
from vision.core.events import ViolationEvent
from vision.core.frame import Frame
from vision.core.ports import PositionSource
from vision.core.position import reaches
from vision.core.violations import Slug
from vision.evaluation.found import time_with_pictures
from vision.evaluation.tour_outcome import TWO_PASSES
from vision.evaluation.tour_run import Driven, TourRun, Waiting, fold_drives
from vision.evaluation.tour_truth import Tour, TrueDrive
from vision.pipeline.why_file import read_record
from vision.pipeline.why_record import CameraRecord, PlaceRecord

_LATER_M = 15.0  # as far as truth and receiver may err
_GAP_S = 3.0  # without a picture or a position: more is no watching
_KEPT = {"offset_s", "max_gap_s", "crs"}  # of the camera's own positions
_RECORDED = {".csv": "csv", ".gpx": "gpx"} | dict.fromkeys(
    (".nmea", ".log", ".txt"), "nmea"
)
_POSITION: TypeAdapter[PositionSettings] = TypeAdapter(PositionSettings)


@dataclass(frozen=True, slots=True)
class TourWatcher:
    """Drives a site's camera along labelled drives, with a memory of their own.

    Each drive is a whole run of the engine, with the video and the positions of the
    truth in place of the camera's own and with no receiver of events. What one drive
    passed the next remembers; `STREETWARDEN_HOME` is neither read nor written.

    Attributes:
        loaded: the site.
        out: its `drives` gets a home per tour; what an earlier run left is removed.
        stop: ends the drive that is being watched.
    """

    loaded: Loaded[SiteSettings]
    out: Path
    stop: Event

    def watch(self, tour: Tour) -> TourRun:
        """Watch all drives of a tour in order.

        Raises:
            ConfigError: positions cannot be read, or are not recorded ones.
            SourceError: a video cannot be read.
            ModelError: the model failed.
            KeyboardInterrupt: it was stopped.
        """
        home = Home(self.out / "drives" / folder_of(tour.path, tour.name))
        shutil.rmtree(home.root, ignore_errors=True)
        template = camera_of_tour(self.loaded.settings, tour)
        steps: list[tuple[int, ViolationEvent]] = []
        drives: list[Driven] = []
        waiting: list[Waiting] = []
        with home.claimed():
            for number, drive in enumerate(tour.drives, 1):
                camera = _on_drive(template, tour, drive)
                seen = _Onlooker(_positions(camera))
                summary = watch_site(
                    replace(self.loaded, settings=self._alone(camera)),
                    home,
                    stop=self.stop,
                    watch=Watch(on_event=seen.events.append, on_frame=seen.look),
                )
                if self.stop.is_set():
                    raise KeyboardInterrupt
                for why in summary.failed.values():
                    msg = f"drive {number}: {why}"
                    raise SourceError(msg)
                steps += [(number, event) for event in seen.events]
                drives.append(seen.driven(drive))
                waiting += _waiting(read_record(home.why, camera.id), number)
        return TourRun(tuple(drives), fold_drives(steps), tuple(waiting))

    def _alone(self, camera: CameraSettings) -> SiteSettings:
        """Return the site with one camera, of which nobody is told."""
        changes = {"cameras": (camera,), "sinks": (), "metrics": MetricsSettings()}
        return self.loaded.settings.model_copy(update=changes)


@dataclass(eq=False, slots=True)
class _Onlooker:
    """What is noted while one drive is watched."""

    positions: PositionSource
    events: list[ViolationEvent] = field(default_factory=list)
    pictures: int = 0
    known: list[tuple[float, tuple[float, float]]] = field(default_factory=list)
    last_at: datetime | None = None

    def look(self, frame: Frame, _detections: Detections) -> None:
        """Take one analysed picture."""
        self.pictures += 1
        self.last_at = frame.captured_at
        if (fix := self.positions.at(frame)) is not None:
            self.known.append((frame.media_time_s, (fix.lat, fix.lon)))

    def driven(self, drive: TrueDrive) -> Driven:
        """Return the drive, now that it is over."""
        return Driven(
            ends_at=self.last_at or drive.starts_at,
            pictures=self.pictures,
            watched_s=time_with_pictures([at_s for at_s, _ in self.known], _GAP_S),
            track=tuple(point for _, point in self.known),
        )


def camera_of_tour(site: SiteSettings, tour: Tour) -> CameraSettings:
    """Return the camera that the truth names, or the site's only one that moves.

    Raises:
        ConfigError: there is none, it stands, or it is not known which of several.
    """
    moving = [camera for camera in site.cameras if camera.moving]
    known = ", ".join(camera.id for camera in moving) or "none: no camera has a mount"
    if tour.camera is None:
        if len(moving) == 1:
            return moving[0]
        msg = f"camera: got none, expected one of the site's that move: {known}"
        raise ConfigError(msg)
    for camera in site.cameras:
        if camera.id == tour.camera and not camera.moving:
            msg = (
                f"camera {camera.id} stands: `evaluate events` judges its clips; "
                f"expected one that moves: {known}"
            )
            raise ConfigError(msg)
        if camera.id == tour.camera:
            return camera
    msg = f"camera {tour.camera}: not in the site file; expected one of: {known}"
    raise ConfigError(msg)


def check_positions(site: SiteSettings, tour: Tour) -> None:
    """Prove that camera and positions of every drive are known, before hours of it.

    Raises:
        ConfigError: they are not.
    """
    template = camera_of_tour(site, tour)
    for number, drive in enumerate(tour.drives, 1):
        try:
            _positions(_on_drive(template, tour, drive))
        except ConfigError as error:
            msg = f"drive {number}: {error}"
            raise ConfigError(msg) from error


def doubts_of_tour(site: SiteSettings, tour: Tour) -> Iterator[str]:
    """Yield what can never be found, each in one sentence.

    Raises:
        ConfigError: as `camera_of_tour`.
    """
    camera = camera_of_tour(site, tour)
    kinds = site.zone_kinds(camera)
    zones = build_scene(camera, site.map_zones).map_zones
    for thing in tour.things:
        if thing.ignore:
            continue
        slug = thing.slug
        where = f"{slug} at {thing.lat:g}, {thing.lon:g} can never be found"
        rules = [rule for rule in site.rules if rule.type == slug.value]
        needed = next((rule.needs for rule in rules), None)
        if not any(rule.watches(camera.id) for rule in rules):
            yield f"{where}: the site has no such rule for camera {camera.id}"
        elif not any(concerns(rule, camera.id, kinds) for rule in rules):
            yield f"{where}: the site has no {needed} zone on the map"
        elif needed is not None and not any(
            reaches(thing.point, zone.polygon, _LATER_M + thing.radius_m)
            for zone in zones
            if zone.kind == needed
        ):
            yield f"{where}: it lies in no {needed} zone (look at crs, lat and lon)"
        if slug in TWO_PASSES and len(tour.drives) < 2:  # noqa: PLR2004 passes
            yield f"{where}: that takes two passes, and there is one drive"


def _on_drive(camera: CameraSettings, tour: Tour, drive: TrueDrive) -> CameraSettings:
    """Return the camera with a drive as its source, every picture of it decoded.

    Raises:
        ConfigError: nobody knows where the car was.
    """
    source = PacketsSource(
        type="packets",
        url=str(tour.file(drive.clip)),
        decode="full",
        starts_at=drive.starts_at,
    )
    position = _position(camera, tour, drive)
    return camera.model_copy(update={"source": source, "position": position})


def _position(camera: CameraSettings, tour: Tour, drive: TrueDrive) -> PositionSettings:
    own = camera.position
    assert own is not None  # noqa: S101 this is what moving means
    if drive.positions is None:
        if tells_of_now(own):
            msg = (
                f"{drive.clip} has no positions, and those of camera {camera.id} "
                f"({own.type}) are of now; expected a .csv, .gpx or .nmea file"
            )
            raise ConfigError(msg)
        return own
    path = tour.file(drive.positions)
    kind = _RECORDED.get(path.suffix.lower())
    if kind is None:
        endings = ", ".join(_RECORDED)
        msg = f"positions: got {drive.positions}, expected a file ending in {endings}"
        raise ConfigError(msg)
    kept = {} if tells_of_now(own) else own.model_dump(include=_KEPT)
    return _POSITION.validate_python({"type": kind, "path": path, **kept})


def _positions(camera: CameraSettings) -> PositionSource:
    assert camera.position is not None  # noqa: S101 this is what moving means
    return build_positions(camera.position, clock=SystemClock())


def _waiting(record: CameraRecord, drive: int) -> Iterator[Waiting]:
    """Yield what `why` tells at the end of a drive, what is lacking first."""
    for one in record["candidates"]:
        # That a drive is over is no reason: nothing is in view any more.
        reasons = [r for r in one["reasons"] if r["name"] != "in_view"]
        reasons.sort(key=lambda reason: reason["holds"] is not False)
        facts = tuple(
            f"✗ {r['text']}" if r["holds"] is False else r["text"] for r in reasons
        )
        yield from _placed(one["place"], Slug(one["slug"]), drive, facts)
    for place in record["unjudged"]:
        yield from _placed(place, None, drive, ())


def _placed(
    place: PlaceRecord, slug: Slug | None, drive: int, facts: tuple[str, ...]
) -> Iterator[Waiting]:
    if "point" in place:
        point = place["point"]
        at = (point["lat"], point["lon"])
        yield Waiting(slug, place["label"], drive, at, facts)
