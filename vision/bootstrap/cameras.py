"""From one camera's settings to a camera that watches."""

from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from vision.bootstrap.drawing import Drawing
from vision.bootstrap.left import warn_of_rules
from vision.bootstrap.patrol import build_patrol
from vision.bootstrap.remembering import Minds, build_memory
from vision.bootstrap.rules import build_kinds, build_rules
from vision.bootstrap.scene import build_scene
from vision.bootstrap.schedule import build_schedule
from vision.bootstrap.surroundings import Surroundings, build_feed, build_why
from vision.config.cameras import CameraSettings
from vision.config.rules import PlaceSettings
from vision.core.arrays import ImageU8
from vision.core.errors import ConfigError
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.candidates import OpenedPlaces
from vision.pipeline.look_watch import LookWatch
from vision.rules.kinds import PlaceParams
from vision.rules.place_rule import PlaceRule
from vision.rules.places import PlaceMemory
from vision.rules.second_look import LookParams, SecondLooks
from vision.tracking.association import AssociationTracker
from vision.view.check import CameraView, ViewParams
from vision.view.still import StillGate, StillParams

_REST_PERIODS = 5
_LONGEST_REST_S = 30.0


def build_camera(settings: CameraSettings, shared: Surroundings) -> Camera:
    """Return a camera; reading begins with the engine.

    Raises:
        ConfigError: the model lacks a class that one of its rules needs.
    """
    if settings.moving:
        return build_patrol(settings, shared)
    scene = build_scene(settings)
    feed = build_feed(settings, shared)
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
    if feed.live:
        on_memory = shared.on_memory
        memory, drawing = build_memory(
            shared.home.places,
            scene,
            Minds(view, places, opened, rules),
            clock=shared.clock,
            on_health=shared.on_health,
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
        why=build_why(settings.id, shared),
        looks=_looks(rules, shared, drawing),
        gate=_gate(settings),
        period_s=settings.period_s,
    )
    return Camera(parts, shared.labels, shared.on_health)


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
