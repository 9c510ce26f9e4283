"""What all cameras of a site share, and what every camera takes of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from threading import Event

from vision.bootstrap.positions import PositionSources
from vision.bootstrap.sources import build_source
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.config.site import SiteSettings
from vision.core.look_ports import AfterStore, LookDesk
from vision.core.memory import CameraMemory
from vision.core.packets import PacketListener
from vision.core.ports import Clock, EvidenceStore, HealthListener
from vision.pipeline.why_file import WhyFile
from vision.sources.feed import FeedOptions, ReaderFeed

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
        positions: where vehicles are that carry cameras.
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
    positions: PositionSources
    on_packet: PacketListener | None = None
    reduced_px: int | None = None
    looking: tuple[LookDesk, AfterStore] | None = None
    on_memory: MemoryListener | None = None
    on_why: StateListener | None = None


def build_feed(settings: CameraSettings, shared: Surroundings) -> ReaderFeed:
    """Return what reads a camera in the background; nothing is opened yet."""
    source = build_source(
        settings,
        clock=shared.clock,
        on_health=shared.on_health,
        on_packet=shared.on_packet,
        reduced_px=shared.reduced_px,
    )
    return ReaderFeed(
        source,
        FeedOptions(camera_id=settings.id),
        clock=shared.clock,
        rng=random.Random(settings.id),  # noqa: S311 jitter, not a secret
        on_health=shared.on_health,
        on_arrival=shared.arrival.set,
    )


def build_why(camera_id: str, shared: Surroundings) -> WhyFile:
    """Return where a camera writes down why nothing has opened."""
    path, on_why = shared.home.why / f"{camera_id}.json", shared.on_why
    if on_why is None:
        return WhyFile(path, shared.clock)
    return WhyFile(
        path,
        shared.clock,
        every_s=_FAR_WHY_S,
        on_written=partial(on_why, camera_id),
    )
