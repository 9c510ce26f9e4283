"""From one camera's settings to a camera that watches."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import cast

from vision.bootstrap.rules import build_rules
from vision.bootstrap.sources import build_source
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.rules import PlaceSettings, RuleSettings
from vision.core.packets import PacketListener
from vision.core.ports import Clock, EvidenceStore, HealthListener
from vision.core.scene import GeoPoint, Scene, Zone
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.memory import MemoryFile, Remembered
from vision.rules.kinds import PlaceParams
from vision.rules.place_rule import PlaceRule, RuleRecord
from vision.rules.places import MemoryRecord, PlaceMemory
from vision.sources.feed import FeedOptions, ReaderFeed
from vision.tracking.association import AssociationTracker
from vision.view.check import CameraView


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all cameras of a site share.

    Attributes:
        labels: the detector's class names.
        rules: the site's rules; each camera takes those that concern it.
        places: how patiently still objects are remembered.
        evidence: where proof is kept.
        home: where memories are kept.
        clock: wall and monotonic time.
        arrival: wakes the engine.
        on_health: told of every trouble.
        on_packet: given every encoded packet that a source reads.
    """

    labels: tuple[str, ...]
    rules: tuple[RuleSettings, ...]
    places: PlaceSettings
    evidence: EvidenceStore
    home: Home
    clock: Clock
    arrival: Event
    on_health: HealthListener
    on_packet: PacketListener | None = None


def build_camera(settings: CameraSettings, shared: Surroundings) -> Camera:
    """Return a camera; reading begins with the engine.

    Raises:
        ConfigError: the model lacks a class that one of its rules needs.
    """
    scene = build_scene(settings)
    clock, on_health = shared.clock, shared.on_health
    source = build_source(
        settings, clock=clock, on_health=on_health, on_packet=shared.on_packet
    )
    feed = ReaderFeed(
        source,
        FeedOptions(camera_id=settings.id),
        clock=clock,
        rng=random.Random(settings.id),  # noqa: S311 jitter, not a secret
        on_health=on_health,
        on_arrival=shared.arrival.set,
    )
    limits = PlaceParams(**shared.places.model_dump())
    places = PlaceMemory(settings.id, shared.labels, params=limits)
    rules = build_rules(shared.rules, scene, shared.labels)
    parts = CameraParts(
        scene=scene,
        feed=feed,
        view=CameraView(),
        tracker=AssociationTracker(shared.labels),
        places=places,
        rules=rules,
        evidence=shared.evidence,
        # A file begins at its beginning each time: what an earlier run saw in it
        # is not what stood there before.
        memory=_memory(settings.id, places, rules, shared) if source.live else None,
    )
    return Camera(parts, shared.labels, on_health)


def build_scene(settings: CameraSettings) -> Scene:
    """Return what the settings say about a camera's view."""
    geo = settings.geo
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
            )
            for zone in settings.zones
        ),
        geo=None
        if geo is None
        else GeoPoint(lat=geo.lat, lon=geo.lon, address=geo.address),
        gb_id=settings.gb_id,
    )


def _memory(
    camera_id: str,
    places: PlaceMemory,
    rules: Sequence[PlaceRule],
    shared: Surroundings,
) -> MemoryFile:
    parts = [
        Remembered(
            "places",
            places.state,
            lambda record: places.restore(cast("MemoryRecord", record)),
        )
    ]
    parts += [_rule_memory(rule) for rule in rules]
    memory = MemoryFile(
        shared.home.places / f"{camera_id}.json",
        tuple(parts),
        clock=shared.clock,
        on_health=shared.on_health,
    )
    memory.load()
    return memory


def _rule_memory(rule: PlaceRule) -> Remembered:
    return Remembered(
        rule.name,
        rule.state,
        lambda record: rule.restore(cast("RuleRecord", record)),
    )
