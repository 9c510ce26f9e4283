"""A whole engine on a painted street, against a real service."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from tests.scenarios.world import HEIGHT, LABELS, WIDTH, Actor, World, still
from vision.bootstrap.sinks import build_look_desk, build_outbox
from vision.bootstrap.site import Outlets, Watch, build_engine
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.frame import Frame
from vision.evidence.store import PackageStore
from vision.evidence.store_policy import StorePolicy
from vision.pipeline.delivery import HeldDelivery
from vision.sinks.look_desk import HttpLookDesk

CAMERA = "kerb-east"
_EVERY_S = 1.0


def with_refuse(until_s: float) -> World:
    """Return a street on which refuse lies from the third second on."""
    heap = Actor("garbage", still(160.0, 120.0, 3.0, until_s), size=(48, 30), look=5)
    return World([heap])


@dataclass(frozen=True)
class PaintedDetector:
    """Sees what the world knows to be there."""

    world: World
    labels = LABELS
    model_id = "painted/1"
    model_sha256 = "0" * 64

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        return [self.world.detect(image.media_time_s) for image in images]


def write_film(path: Path, world: World, seconds: float) -> Path:
    """Write what the world looks like as a video, one picture a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "14", "x264-params": "keyint=1"}
        for second in range(round(seconds) + 1):
            picture = world.paint(float(second))
            frame = VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def site_of(clip: Path, url: str) -> Loaded[SiteSettings]:
    """Return a site of one camera that plays this clip."""
    sink: dict[str, Any] = {"type": "http", "url": url, "api_key_env": "PAINTED_KEY"}
    settings = SiteSettings.model_validate(
        {
            "site": "painted",
            "model": {"type": "onnx", "path": "unused"},
            "cameras": [
                {
                    "id": CAMERA,
                    "period_s": _EVERY_S,
                    "source": {"type": "packets", "url": str(clip), "decode": "full"},
                    "geo": {"lat": 30.5, "lon": 114.3, "address": "武珞路 12 号"},
                }
            ],
            "rules": [{"type": "garbage_pile", "dwell_s": 20}],
            "looks": {"every_s": 0.1, "min_views": 3, "apart_s": 2, "give_up_s": 20},
            "sinks": [sink],
        }
    )
    return Loaded(settings, clip, "c" * 64)


@dataclass(frozen=True)
class PaintedEngine:
    """An engine with all its real parts but the network."""

    site: Loaded[SiteSettings]
    home: Home
    world: World

    def desk(self) -> HttpLookDesk:
        """Return where it asks for second looks, asking already."""
        settings = self.site.settings
        desk = build_look_desk(settings.sinks, [CAMERA], settings.looks, SystemClock())
        assert desk is not None
        return desk

    def run(self, desk: HttpLookDesk | None = None) -> None:
        """Watch the clip from its beginning to its end, and hand on everything."""
        clock = SystemClock()
        outbox = build_outbox(self.site.settings.sinks, self.home, clock=clock)
        delivery = HeldDelivery(outbox, clock)
        store = PackageStore(self.home.evidence, clock=clock, policy=StorePolicy())
        store.deliver_late_to(outbox.attach)
        engine = build_engine(
            self.site,
            self.home,
            detector=PaintedDetector(self.world),
            outlets=Outlets(delivery, store, desk),
            clock=clock,
            watch=Watch(),
        )
        engine.run(Event())
        if desk is not None:
            desk.close(20)
        store.close(20)
        outbox.close(20)
