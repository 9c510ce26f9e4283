"""From one camera's settings to a camera that watches."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from threading import Event

import cv2
import numpy as np

from vision.bootstrap.drawing import Drawing
from vision.bootstrap.ground import build_ground
from vision.bootstrap.left import warn_of_rules
from vision.bootstrap.remembering import Minds, build_memory
from vision.bootstrap.rules import build_kinds, build_rules
from vision.bootstrap.schedule import build_schedule
from vision.bootstrap.sources import build_source
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.rules import PlaceSettings
from vision.config.site import SiteSettings
from vision.core.arrays import ImageU8
from vision.core.errors import ConfigError
from vision.core.memory import CameraMemory
from vision.core.packets import PacketListener
from vision.core.ports import (
    AfterStore,
    Clock,
    EvidenceStore,
    HealthListener,
    LookDesk,
)
from vision.core.scene import GeoPoint, Scene, Zone
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.candidates import OpenedPlaces
from vision.pipeline.look_watch import LookWatch
from vision.pipeline.why_file import WhyFile
from vision.rules.kinds import PlaceParams
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory
from vision.rules.second_look import LookParams, SecondLooks
from vision.sources.feed import FeedOptions, ReaderFeed
from vision.tracking.association import AssociationTracker
from vision.view.check import CameraView, ViewParams
from vision.view.still import StillGate, StillParams

_REST_PERIODS = 5
_LONGEST_REST_S = 30.0
_FAR_WHY_S = 10.0  # between two records that travel to another machine

StateListener = Callable[[str, bytes], None]
"""Given a camera's id and a record of its state whenever that was saved; quick."""

MemoryListener = Callable[[str, CameraMemory], None]
"""Likewise of what it remembers."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all cameras of a site share.

    Attributes:
        settings: the site; each camera takes the rules that concern it.
        labels: the detector's class names.
        evidence: where proof is kept.
        home: where memories are kept.
        clock: wall and monotonic time.
        arrival: wakes the engine.
        on_health: told of every trouble.
        on_packet: given every encoded packet that a source reads.
        reduced_px: how long the pictures that the analysis reads are; None: full ones.
        looking: who asks for second looks and who keeps their pictures, or None.
        on_memory: given every memory that was saved.
        on_why: given every record of what has not opened and why.
    """

    settings: SiteSettings
    labels: tuple[str, ...]
    evidence: EvidenceStore
    home: Home
    clock: Clock
    arrival: Event
    on_health: HealthListener
    on_packet: PacketListener | None = None
    reduced_px: int | None = None
    looking: tuple[LookDesk, AfterStore] | None = None
    on_memory: MemoryListener | None = None
    on_why: StateListener | None = None


def build_camera(settings: CameraSettings, shared: Surroundings) -> Camera:
    """Return a camera; reading begins with the engine.

    Raises:
        ConfigError: the model lacks a class that one of its rules needs.
    """
    scene = build_scene(settings)
    clock, on_health = shared.clock, shared.on_health
    source = build_source(
        settings,
        clock=clock,
        on_health=on_health,
        on_packet=shared.on_packet,
        reduced_px=shared.reduced_px,
    )
    feed = ReaderFeed(
        source,
        FeedOptions(camera_id=settings.id),
        clock=clock,
        rng=random.Random(settings.id),  # noqa: S311 jitter, not a secret
        on_health=on_health,
        on_arrival=shared.arrival.set,
    )
    site = shared.settings
    places = PlaceMemory(
        settings.id,
        shared.labels,
        kinds=build_kinds(site.rules),
        params=patience_of(site.places, settings.period_s, shared.labels),
        ground=scene.ground,
    )
    rules = build_rules(site.rules, scene, shared.labels, build_schedule(site))
    view = CameraView(ViewParams(timezone=site.timezone), presets=_presets(settings))
    opened = OpenedPlaces()
    memory = drawing = None
    # A file begins at its beginning each time: what an earlier run saw in it
    # is not what stood there before.
    if source.live:
        on_memory = shared.on_memory
        memory, drawing = build_memory(
            shared.home.places,
            scene,
            Minds(view, places, opened, rules),
            clock=clock,
            on_health=on_health,
            on_saved=None if on_memory is None else partial(on_memory, settings.id),
        )
        warn_of_rules(opened, {rule.name for rule in rules}, settings.id)
    parts = CameraParts(
        scene=scene,
        feed=feed,
        view=view,
        tracker=AssociationTracker(shared.labels),
        places=places,
        rules=rules,
        evidence=shared.evidence,
        memory=memory,
        opened=opened,
        why=_why(settings.id, shared),
        looks=_looks(rules, shared, drawing),
        gate=_gate(settings),
        period_s=settings.period_s,
    )
    return Camera(parts, shared.labels, on_health)


def geo_of(settings: CameraSettings) -> GeoPoint | None:
    """Return where a camera stands, or None where the settings do not say."""
    geo = settings.geo
    if geo is None:
        return None
    return GeoPoint(lat=geo.lat, lon=geo.lon, address=geo.address, crs=geo.crs)


def build_scene(settings: CameraSettings) -> Scene:
    """Return what the settings say about a camera's view.

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
    )


def _looks(
    rules: tuple[PlaceRule, ...], shared: Surroundings, drawing: Drawing | None
) -> LookWatch | None:
    if shared.looking is None:
        return None
    desk, store = shared.looking
    settings = shared.settings.looks
    params = LookParams(
        min_views=settings.min_views,
        apart_s=settings.apart_s,
        give_up_s=settings.give_up_s,
    )
    looks = SecondLooks(
        rules,
        params,
        store.reported,
        lambda: None if drawing is None else drawing.since,
    )
    return LookWatch(desk, looks, store, shared.clock)


def patience_of(
    settings: PlaceSettings, period_s: float, labels: tuple[str, ...]
) -> PlaceParams:
    """Return patience that fits the sampling period, unless the site says otherwise.

    Args:
        settings: what the site says.
        period_s: the camera's sampling period, seconds.
        labels: the detector's class names.

    Raises:
        ConfigError: a class of its own score is none of the model's.
    """
    for key in ("open_scores", "faint_scores"):
        unknown = sorted(set(getattr(settings, key)) - set(labels))
        if unknown and key in settings.model_fields_set:
            msg = (
                f"places.{key} names {', '.join(unknown)}; expected classes that the "
                f"model gives: {', '.join(labels)}"
            )
            raise ConfigError(msg)
    return replace(
        PlaceParams.for_period(period_s), **settings.model_dump(exclude_unset=True)
    )


def _gate(settings: CameraSettings) -> StillGate | None:
    """Return what saves looks at pictures that did not change; None: nothing does."""
    period_s = settings.period_s
    rest_s = settings.still_period_s
    if rest_s is None:
        rest_s = min(_REST_PERIODS * period_s, max(_LONGEST_REST_S, period_s))
    if rest_s <= period_s:
        return None
    # Half a period early: the pictures of a live stream do not come to the tick.
    return StillGate(StillParams(rest_s=rest_s - period_s / 2))


def _presets(settings: CameraSettings) -> dict[str, ImageU8]:
    pictures = {}
    for name, path in settings.presets.items():
        picture = cv2.imread(str(path))
        if picture is None:
            msg = (
                f"camera {settings.id}: presets.{name}: {path} is no picture that can "
                "be read; take one with the camera turned there"
            )
            raise ConfigError(msg)
        pictures[name] = picture.astype(np.uint8, copy=False)
    return pictures


def _why(camera_id: str, shared: Surroundings) -> WhyFile:
    path, on_why = shared.home.why / f"{camera_id}.json", shared.on_why
    if on_why is None:
        return WhyFile(path, shared.clock)
    return WhyFile(
        path,
        shared.clock,
        every_s=_FAR_WHY_S,
        on_written=partial(on_why, camera_id),
    )
