"""A whole site: loaded, put together, watched, and taken down again."""

from dataclasses import dataclass
from importlib.metadata import version
from threading import Event
from zoneinfo import ZoneInfo

import cv2

from vision.bootstrap.cameras import build_camera
from vision.bootstrap.evidence import build_evidence, evidence_policy
from vision.bootstrap.heap import bound_heap, returning_memory
from vision.bootstrap.model import build_detector, reduced_px
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.presence import present
from vision.bootstrap.rules import build_rule, check_classes, check_labels
from vision.bootstrap.schedule import build_schedule
from vision.bootstrap.sinks import api_key, build_look_desk, build_outbox
from vision.bootstrap.status import answering, told_by
from vision.bootstrap.surroundings import (
    MemoryListener,
    StateListener,
    Surroundings,
)
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.sinks import HttpSink
from vision.config.site import SiteSettings
from vision.config.taxonomy import load_taxonomy
from vision.core.clock import SystemClock
from vision.core.errors import ConfigError
from vision.core.events import Code, Provenance
from vision.core.look_ports import LookDesk
from vision.core.ports import Clock, Detector
from vision.core.violations import Slug
from vision.evidence.store import PackageStore
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.engine import Engine, FrameListener, Pace, Summary
from vision.pipeline.metrics import EngineMetrics
from vision.pipeline.proving import ProvingThread
from vision.pipeline.reporter import EventListener, Origin, Reporter
from vision.pipeline.status import HANGS_S
from vision.pipeline.store_metrics import StoreCollector

_CLIPS_S = 20.0  # for clips that were begun
_ANSWERS_S = 5.0  # for answers to second looks that were found
_CLOSE_S = 15.0  # for what the receivers can still take at the end


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on while a site is watched."""

    on_event: EventListener | None = None
    on_frame: FrameListener | None = None


@dataclass(frozen=True, slots=True)
class Outlets:
    """Where events and their proof go, and where second looks are asked for."""

    delivery: HeldDelivery
    evidence: PackageStore
    desk: LookDesk | None = None
    on_memory: MemoryListener | None = None
    on_why: StateListener | None = None


def check_site(loaded: Loaded[SiteSettings]) -> Detector:
    """Prove that a site's parts fit together, short of its cameras.

    Returns:
        The detector, loaded.

    Raises:
        ConfigError: the taxonomy lacks a violation, a key is missing, or the model
            lacks a class that a rule needs or exempts.
        ModelError: the model cannot be loaded.
    """
    settings = loaded.settings
    load_codes(settings)
    for sink in settings.sinks:
        if isinstance(sink, HttpSink):
            api_key(sink)
    detector = build_detector(settings.model)
    schedule = build_schedule(settings)
    for rule in settings.rules:
        check_labels(build_rule(rule, schedule), detector.labels)
        check_classes(rule, detector.labels)
    return detector


def load_codes(settings: SiteSettings) -> dict[Slug, Code]:
    """Read the site's taxonomy.

    Raises:
        ConfigError: unreadable, or it lacks the number of a violation in use.
    """
    codes = load_taxonomy(settings.taxonomy)
    missing = sorted({rule.type for rule in settings.rules} - set(codes))
    if missing:
        msg = f"{settings.taxonomy}: codes: no number for {', '.join(missing)}; add it"
        raise ConfigError(msg)
    return codes


def watch_site(
    loaded: Loaded[SiteSettings], home: Home, *, stop: Event, watch: Watch
) -> Summary:
    """Watch until all files have ended or `stop` is set.

    Args:
        loaded: the site.
        home: where state lives; prepared.
        stop: set by a signal handler or a test.
        watch: who looks on.

    Returns:
        Counts of the run.

    Raises:
        VisionError: the site cannot be put together, or the model failed.
    """
    # Many cameras keep all cores busy: OpenCV's own threads would only get in the way.
    cv2.setNumThreads(1)
    bound_heap()
    detector = check_site(loaded)
    clock = SystemClock()
    outbox = build_outbox(loaded.settings.sinks, home, clock=clock)
    delivery = HeldDelivery(outbox, clock)
    evidence = build_evidence(
        home,
        provenance_of(loaded, detector),
        clock=clock,
        on_health=delivery.health,
        policy=evidence_policy(loaded.settings.evidence, time_zone_of(loaded.settings)),
    )
    evidence.deliver_late_to(outbox.attach)
    evidence.spare(outbox.undelivered_events)
    desk = build_look_desk(
        loaded.settings.sinks,
        [one.id for one in loaded.settings.cameras if not one.moving],
        loaded.settings.looks,
        clock,
    )
    try:
        engine = build_engine(
            loaded,
            home,
            detector=detector,
            outlets=Outlets(delivery, evidence, desk),
            clock=clock,
            watch=watch,
        )
        engine.registry.register(StoreCollector(outbox.waiting, evidence.use))
        with (
            answering(told_by(engine), loaded.settings.metrics),
            returning_memory(),
            present(
                loaded.settings,
                home,
                clock,
                at_work=lambda: engine.idle_s < HANGS_S,
            ),
        ):
            return engine.run(stop)
    finally:
        if desk is not None:
            desk.close(_ANSWERS_S)
        evidence.close(_CLIPS_S)
        outbox.close(_CLOSE_S)


def build_engine(
    loaded: Loaded[SiteSettings],
    home: Home,
    *,
    detector: Detector,
    outlets: Outlets,
    clock: Clock,
    watch: Watch,
) -> Engine:
    """Put an engine together; nothing is read yet."""
    settings = loaded.settings
    origin = Origin(
        engine_version=version("streetwarden"),
        config_sha256=loaded.sha256,
        model_id=detector.model_id,
        model_sha256=detector.model_sha256,
        codes=load_codes(settings),
    )
    arrival = Event()
    shared = Surroundings(
        settings=settings,
        labels=detector.labels,
        evidence=outlets.evidence,
        home=home,
        clock=clock,
        arrival=arrival,
        on_health=outlets.delivery.health,
        positions=PositionSources(clock=clock),
        on_packet=outlets.evidence.add_packet,
        reduced_px=reduced_px(detector),
        looking=None
        if outlets.desk is None
        else (outlets.desk, outlets.evidence.afterwards),
        on_memory=outlets.on_memory,
        on_why=outlets.on_why,
    )
    return Engine(
        [build_camera(camera, shared) for camera in settings.cameras],
        detector,
        Reporter(
            outlets.delivery,
            origin,
            EngineMetrics(),
            watch.on_event,
            proving=ProvingThread(arrival.set),
        ),
        clock=clock,
        pace=Pace(arrival, settings.model.batch_max),
        on_frame=watch.on_frame,
    )


def provenance_of(loaded: Loaded[SiteSettings], detector: Detector) -> Provenance:
    """Return what evidence says about the engine that made it."""
    return Provenance(
        engine_version=version("streetwarden"),
        config_sha256=loaded.sha256,
        model_id=detector.model_id,
        model_sha256=detector.model_sha256,
    )


def time_zone_of(settings: SiteSettings) -> ZoneInfo | None:
    """Return the zone of captions; None: this machine's."""
    return None if settings.timezone is None else ZoneInfo(settings.timezone)
