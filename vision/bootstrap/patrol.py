"""From the settings of a camera that moves to a camera that watches."""

import logging
from datetime import datetime, timedelta
from functools import partial

from vision.bootstrap.left import warn_of_rules
from vision.bootstrap.patrol_rules import build_patrol_kinds, build_patrol_rules
from vision.bootstrap.remembering import PatrolMinds, build_patrol_memory
from vision.bootstrap.scene import build_scene
from vision.bootstrap.schedule import build_schedule
from vision.bootstrap.surroundings import Surroundings, build_feed, build_why
from vision.config.cameras import CameraSettings
from vision.config.mounts import MountSettings
from vision.config.rules import PlaceSettings
from vision.core.feed import FeedStatus
from vision.core.frame import Frame
from vision.core.mount import Mount
from vision.core.ports import CameraFeed, Clock, PositionSource
from vision.core.scene import Scene
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.params import PatrolParams
from vision.patrol.places import PatrolPlaces
from vision.patrol.spot import Spot
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.candidates import OpenedPlaces
from vision.tracking.association import AssociationTracker
from vision.view.moving import MovingView, MovingViewParams

_log = logging.getLogger(__name__)

_OVERLAP = timedelta(seconds=2)  # a recording and the next may begin to whole seconds


def build_patrol(settings: CameraSettings, shared: Surroundings) -> Camera:
    """Return a camera that moves; pictures and positions are read with the engine.

    What it has passed is remembered over a restart, of a file as well: a recording of
    today is the second pass of one of yesterday. Nobody can have it look again: it
    comes by when it comes by.

    Raises:
        ConfigError: the model lacks a class that one of its rules needs, or its
            positions cannot be read.
    """
    assert settings.mount is not None  # noqa: S101 this is what moving means
    assert settings.position is not None  # noqa: S101 likewise
    site, clock = shared.settings, shared.clock
    scene = build_scene(settings, site.map_zones)
    positions = shared.positions.of(settings.position)
    mount, params = build_mount(settings.mount), _scores(site.places)
    watch = DriveWatch(settings.id, mount, params, shared.on_health)
    places = PatrolPlaces(
        settings.id,
        shared.labels,
        kinds=build_patrol_kinds(site.rules),
        mount=mount,
        positions=positions,
        params=params,
    )
    places.follow(watch)
    rules = build_patrol_rules(
        site.rules,
        scene,
        shared.labels,
        build_schedule(site),
        known=lambda: places.place_ids,
    )
    view = MovingView(positions.at, MovingViewParams(timezone=site.timezone))
    opened = OpenedPlaces(known=lambda: places.place_ids)
    places.weigh(partial(worth_of, opened=opened, scene=scene))
    on_memory = shared.on_memory
    memory = build_patrol_memory(
        shared.home.places,
        scene,
        PatrolMinds(view, places, opened, rules, watch),
        clock=clock,
        on_health=shared.on_health,
        on_saved=None if on_memory is None else partial(on_memory, settings.id),
    )
    warn_of_rules(opened, {rule.name for rule in rules}, settings.id)
    _warn_of_order(settings.id, settings.source.starts_at or clock.now(), places)
    parts = CameraParts(
        scene=scene,
        feed=PositionedFeed(build_feed(settings, shared), positions, clock),
        view=view,
        tracker=AssociationTracker(shared.labels),
        places=places,
        rules=rules,
        evidence=shared.evidence,
        memory=memory,
        opened=opened,
        why=build_why(settings.id, shared),
        period_s=settings.period_s,
        on_end=watch.end,
    )
    return Camera(parts, shared.labels, shared.on_health)


def build_mount(settings: MountSettings) -> Mount:
    """Return how a camera is fixed to its vehicle."""
    return Mount(**settings.model_dump())


def worth_of(spot: Spot, *, opened: OpenedPlaces, scene: Scene) -> int:
    """Return what a place is worth where there is no room for all.

    Nobody judges a vehicle where no zone forbids it; an open event waits for its end.
    """
    if spot.spot_id in opened.place_ids:
        return 3
    if not spot.kind.is_individual:
        return 2
    return 1 if scene.forbids_near(spot.geo) else 0


def _scores(settings: PlaceSettings) -> PatrolParams:
    """Return how sure the detector must be; all else is a matter of the geometry."""
    scores = {"open_score", "keep_score"}
    return PatrolParams(**settings.model_dump(include=scores, exclude_unset=True))


def _warn_of_order(camera_id: str, begins: datetime, places: PatrolPlaces) -> None:
    """Tell that a drive is of a time that was watched already, or before it."""
    until = places.seen_until
    if until is not None and begins < until - _OVERLAP:
        _log.warning(
            "%s: this drive begins at %s, and what it passed until %s is known: a look "
            "from before the latest one adds nothing to a place. Give recordings in "
            "the order in which they were made; the same one again changes nothing; if "
            "it is another drive, correct its starts_at (or this machine's clock)",
            camera_id,
            begins.isoformat(timespec="seconds"),
            until.astimezone(begins.tzinfo).isoformat(timespec="seconds"),
        )


class PositionedFeed:
    """A `CameraFeed` of a vehicle: its position is read for as long as its pictures."""

    def __init__(
        self, feed: CameraFeed, positions: PositionSource, clock: Clock
    ) -> None:
        """Prepare; `start` begins.

        Args:
            feed: the pictures.
            positions: where they are taken.
            clock: monotonic time.
        """
        self._feed = feed
        self._positions = positions
        self._clock = clock

    @property
    def camera_id(self) -> str:
        """Which camera."""
        return self._feed.camera_id

    @property
    def live(self) -> bool:
        """Whether the newest frame matters more than every frame."""
        return self._feed.live

    def start(self) -> None:
        """Begin reading both in the background."""
        self._positions.start()
        self._feed.start()

    def take(self) -> Frame | None:
        """Return the next waiting frame, or None; never blocks."""
        return self._feed.take()

    def status(self) -> FeedStatus:
        """Return counters and state of the pictures."""
        return self._feed.status()

    def stop(self, timeout_s: float) -> None:
        """Stop reading both; returns within `timeout_s`."""
        ends_s = self._clock.monotonic_s() + timeout_s
        self._feed.stop(timeout_s)
        self._positions.stop(max(0.0, ends_s - self._clock.monotonic_s()))
