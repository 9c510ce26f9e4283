"""Where the CPU of one camera goes, stage by stage, on one thread."""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import av
from av.packet import Packet
from av.video.stream import VideoStream

from vision.bootstrap.cameras import build_camera
from vision.bootstrap.model import build_detector, reduced_px
from vision.bootstrap.positions import PositionSources
from vision.bootstrap.surroundings import Surroundings
from vision.config.home import Home
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.errors import SourceOpenError
from vision.core.frame import Frame, Picture
from vision.core.health import HealthEvent
from vision.core.ports import Detector
from vision.evidence.store import PackageStore
from vision.pipeline.camera import Camera, CameraParts
from vision.sources.choice import ModeChoice
from vision.sources.converted import BgrConverter
from vision.sources.decode import PictureDecoder

STAGES = ("demux", "decode", "convert", "view", "detect", "places", "evidence")

T = TypeVar("T")


class Stopwatch:
    """CPU seconds of this thread, by stage."""

    def __init__(self) -> None:
        """Start at zero."""
        self.spent_s: dict[str, float] = defaultdict(float)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Do some work and charge it to a stage."""
        began_s = time.thread_time()
        try:
            return work()
        finally:
            self.spent_s[stage] += time.thread_time() - began_s


class _Timed:
    """A part whose every call is charged to a stage."""

    def __init__(self, part: object, stage: str, watch: Stopwatch) -> None:
        self._part = part
        self._stage = stage
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._part, name)
        if not callable(method):
            return method
        return lambda *a, **k: self._watch.time(self._stage, lambda: method(*a, **k))


def cpu_split(site: SiteSettings, clip: Path, seconds: float) -> dict[str, float]:
    """Return CPU milliseconds per second of one camera, by stage.

    Args:
        site: model, rules and one camera; key frames are decoded.
        clip: what the camera shows.
        seconds: how much of it.

    Raises:
        SourceOpenError: the clip cannot be read.
    """
    watch, clock = Stopwatch(), SystemClock()
    detector = build_detector(site.model)
    with tempfile.TemporaryDirectory(prefix="streetwarden-bench-") as folder:
        home = Home(Path(folder))
        home.prepare()
        evidence = PackageStore(home.evidence, clock=clock)
        shared = Surroundings(
            settings=site,
            labels=detector.labels,
            evidence=evidence,
            home=home,
            clock=clock,
            arrival=Event(),
            on_health=_no_listener,
            positions=PositionSources(clock=clock),
            reduced_px=reduced_px(detector),
        )
        try:
            camera = build_camera(site.cameras[0], shared)
            camera.parts = _timed(camera.parts, watch)
            for picture, at_s in _pictures(clip, seconds, site, shared, watch):
                _show(camera, detector, picture, at_s, watch)
        finally:
            evidence.close(5)
    return {stage: 1_000 * watch.spent_s[stage] / seconds for stage in STAGES}


def _timed(parts: CameraParts, watch: Stopwatch) -> CameraParts:
    def timed(part: object, stage: str) -> Any:
        return _Timed(part, stage, watch)

    return replace(
        parts,
        view=timed(parts.view, "view"),
        tracker=timed(parts.tracker, "places"),
        places=timed(parts.places, "places"),
        rules=tuple(timed(rule, "places") for rule in parts.rules),
        evidence=timed(parts.evidence, "evidence"),
        gate=None if parts.gate is None else timed(parts.gate, "view"),
        why=None,
    )


def _pictures(
    clip: Path,
    seconds: float,
    site: SiteSettings,
    shared: Surroundings,
    watch: Stopwatch,
) -> Iterator[tuple[Picture, float]]:
    try:
        with av.open(str(clip)) as container:
            video = container.streams.video[0]
            period_s = site.cameras[0].period_s
            choice = ModeChoice("key", period_s=period_s, nominal_s=0.04)
            decoder = PictureDecoder(video.codec_context, choice=choice, threads=1)
            converter = BgrConverter(None, shared.reduced_px)
            packets = container.demux(video)
            while (
                packet := watch.time("demux", lambda: next(packets, None))
            ) is not None:
                at_s = float(packet.pts or 0) * float(packet.time_base or 0)
                if packet.dts is None or at_s > seconds:
                    return
                for frame, taken_s in _decoded(decoder, packet, at_s, watch):
                    picture = watch.time("convert", partial(converter.convert, frame))
                    yield picture, taken_s
    except (av.error.FFmpegError, IndexError, OSError) as error:
        msg = f"{clip}: cannot be read ({error}); expected a video file"
        raise SourceOpenError(msg) from error


def _decoded(
    decoder: PictureDecoder,
    packet: "Packet[VideoStream]",
    at_s: float,
    watch: Stopwatch,
) -> list[tuple[av.VideoFrame, float]]:
    return watch.time(
        "decode", lambda: decoder.decode(packet, media_time_s=at_s, needed=True)
    )


_NUMBERS = count()


def _show(
    camera: Camera, detector: Detector, picture: Picture, at_s: float, watch: Stopwatch
) -> None:
    now = SystemClock().now()
    frame = Frame(camera.camera_id, next(_NUMBERS), at_s, now, picture)
    seen = camera.recall(frame)
    if seen is None:
        (seen,) = watch.time("detect", lambda: detector.detect([frame]))
        camera.looked(frame, seen)
    for _, write in camera.observe(frame, seen):
        watch.time("evidence", write)


def _no_listener(_event: HealthEvent) -> None:
    """Health is no matter of a benchmark."""
