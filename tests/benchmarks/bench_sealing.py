"""Whether sealing stalls the analysis: the frame-age metric with and without events.

    python -m tests.benchmarks.bench_sealing [--seconds 12]

A live 1080p camera, five pictures a second, through the real engine with the shipped
model (640 px, one thread), evidence store, clips, keys and outbox. An event opens every
two seconds, each with pictures, clip and shared clip. Run without events, with proof
written beside the analysis (as the engine does it), and with proof written in the
analysing thread; then again with a disk that takes 100 ms more for each fsync.
"""

import argparse
import io
import os
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from threading import Event
from unittest.mock import patch

import av
from av.video.stream import VideoStream

from tests.benchmarks.bench_evidence import Swallow, observed, place, street, violation
from tests.fakes import ClearView, NoPlaces, NoTracks
from vision.bootstrap.model import build_detector
from vision.config.models import OnnxModel
from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.events import Code
from vision.core.feed import FeedState, FeedStatus
from vision.core.frame import Frame
from vision.core.observation import Observation
from vision.core.packets import EncodedPacket, StreamFormat
from vision.core.scene import Scene
from vision.core.violations import Candidate, Slug, Violation
from vision.evidence.keys import KeyFolder
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.pipeline.camera import Camera, CameraParts
from vision.pipeline.delivery import HeldDelivery
from vision.pipeline.engine import Engine, Pace
from vision.pipeline.metrics import EngineMetrics
from vision.pipeline.proving import Proving, ProvingAtOnce, ProvingThread
from vision.pipeline.reporter import Origin, Reporter
from vision.sinks.outbox import Outbox

FPS = 5
EVENT_EVERY_S = 2
MODEL = Path("models/street-n")
PACKETS_PER_PICTURE = 5
LOOP = 10  # different pictures

Packets = list[list[EncodedPacket]]


class LiveCamera:
    """Gives the newest picture at its own pace, as a camera does."""

    camera_id = "gate"
    live = True

    def __init__(
        self,
        pictures: Sequence[Frame],
        packets: Packets,
        *,
        seconds: float,
        arrival: Event,
        on_packet: Callable[[EncodedPacket], None],
    ) -> None:
        """Prepare; `start` begins."""
        self._pictures = pictures
        self._packets = packets
        self._count = round(seconds * FPS)
        self._arrival = arrival
        self._on_packet = on_packet
        self._newest: deque[Frame] = deque(maxlen=1)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def take(self) -> Frame | None:
        """Return the newest picture that was not taken."""
        try:
            return self._newest.popleft()
        except IndexError:
            return None

    def status(self) -> FeedStatus:
        """Say whether more will come."""
        going = self._thread.is_alive() or self._newest
        return FeedStatus(FeedState.STREAMING if going else FeedState.ENDED)

    def stop(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        clock = SystemClock()
        begun = time.monotonic()
        for index in range(self._count):
            time.sleep(max(0.0, begun + index / FPS - time.monotonic()))
            for packet in self._packets[index]:
                self._on_packet(packet)
            base = self._pictures[index % len(self._pictures)]
            self._newest.append(
                Frame("gate", index, index / FPS, clock.now(), base.image)
            )
            self._arrival.set()
        self._arrival.set()


class BusyDetector:
    """Costs what the shipped model costs and sees a busy street."""

    def __init__(self) -> None:
        """Load the model."""
        self._real = build_detector(
            OnnxModel(type="onnx", path=MODEL, threads=1, imgsz=640)
        )
        self.labels = ("car", "person")
        self.model_id = self._real.model_id
        self.model_sha256 = self._real.model_sha256

    def detect(self, images: Sequence[Frame]) -> list[Detections]:
        """Look, then say what is always there."""
        self._real.detect(images)
        return [observed(image).detections for image in images]


class OpensEvery:
    """A rule that opens an event now and then."""

    name = "bench/1"

    def __init__(self, every: int | None) -> None:
        """Open one with each so many pictures; None: never."""
        self._every = every

    def observe(self, observation: Observation) -> list[Violation]:
        """Open one if it is time to."""
        index = observation.frame.index
        if self._every is None or index % self._every:
            return []
        return [violation(observation.frame, place(f"p{index}"))]

    def candidates(self) -> list[Candidate]:
        """Return nothing."""
        return []


def filmed(pictures: Sequence[Frame], count: int) -> Packets:
    """Return the packets of `count` pictures, H.264 at 25 a second."""
    memory = io.BytesIO()
    total = count * PACKETS_PER_PICTURE
    with av.open(memory, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 1920, 1080, "yuv420p"
        stream.codec_context.gop_size = 50
        stream.bit_rate = 4_000_000
        for index in range(total):
            image = pictures[index // PACKETS_PER_PICTURE % len(pictures)].image
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        out.mux(stream.encode(None))
    memory.seek(0)
    with av.open(memory, "r") as source:
        video = source.streams.video[0]
        base = video.time_base or Fraction(1, 1000)
        form = StreamFormat("h264", 1920, 1080, base, video.codec_context.extradata)
        flat = [
            EncodedPacket(
                "gate", form, bytes(p), p.pts, p.dts, p.is_keyframe, float(p.pts * base)
            )
            for p in source.demux(video)
            if p.size and p.pts is not None
        ]
    size = PACKETS_PER_PICTURE
    return [flat[index : index + size] for index in range(0, total, size)]


@contextmanager
def slow_disk(more_s: float) -> Iterator[None]:
    """Let every fsync take longer."""
    sync = os.fsync

    def slow(descriptor: int) -> None:
        time.sleep(more_s)
        sync(descriptor)

    with patch("os.fsync", slow if more_s else sync):
        yield


def run(
    name: str,
    film: tuple[Sequence[Frame], Packets],
    *,
    every: int | None,
    beside: bool,
    seconds: float,
    fsync_s: float,
) -> None:
    """Watch once and print the ages."""
    clock, arrival, ages = SystemClock(), Event(), list[float]()
    with tempfile.TemporaryDirectory() as folder, slow_disk(fsync_s):
        home = Path(folder)
        signer = KeyFolder(home / "keys").signer()
        root = home / "evidence"
        store = PackageStore(
            root, sealer=Sealer(root, clock=clock, signer=signer), clock=clock
        )
        outbox = Outbox(home / "outbox.db", [Swallow()], clock=clock)
        store.deliver_late_to(outbox.attach)
        detector = BusyDetector()
        codes = {slug: Code("bench", "0", slug) for slug in Slug}
        origin = Origin("0", "0" * 64, detector.model_id, detector.model_sha256, codes)
        proving: Proving = ProvingThread(arrival.set) if beside else ProvingAtOnce()
        delivery = HeldDelivery(outbox, clock)
        reporter = Reporter(delivery, origin, EngineMetrics(), proving=proving)
        feed = LiveCamera(
            *film, seconds=seconds, arrival=arrival, on_packet=store.add_packet
        )
        parts = CameraParts(
            scene=Scene("gate", "Gate"),
            feed=feed,
            view=ClearView(),
            tracker=NoTracks(),
            places=NoPlaces(),
            rules=(OpensEvery(every),),
            evidence=store,
        )

        def look(frame: Frame, _: Detections) -> None:
            ages.append((clock.now() - frame.captured_at) / timedelta(seconds=1))

        engine = Engine(
            [Camera(parts, detector.labels, lambda _: None)],
            detector,
            reporter,
            clock=clock,
            pace=Pace(arrival),
            on_frame=look,
        )
        engine.run(Event())
        metric = engine.registry.get_sample_value
        labels = {"camera": "gate"}
        total = metric("streetwarden_frame_age_seconds_sum", labels) or 0.0
        count = metric("streetwarden_frame_age_seconds_count", labels) or 1.0
        store.close(120)
        outbox.close(30)
        clips = len(list(root.glob("*/*clip_redacted.mp4")))
    ages.sort()
    print(
        f"{name:<44}{total / count * 1e3:>6.0f}{statistics.median(ages) * 1e3:>7.0f}"
        f"{ages[int(len(ages) * 0.95)] * 1e3:>7.0f}{ages[-1] * 1e3:>7.0f} ms"
        f"{round(seconds * FPS) - len(ages):>9}{reporter.steps:>8}{clips:>8}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=12)
    seconds: float = parser.parse_args().seconds
    pictures = [replace(street(index)) for index in range(LOOP)]
    film = pictures, filmed(pictures, round(seconds * FPS))
    print(
        f"{'frame age, 1080p, 5 pictures/s':<44}{'mean':>6}{'p50':>7}{'p95':>7}"
        f"{'max':>7}   {'dropped':>9}{'events':>8}{'shared':>8}"
    )
    often = EVENT_EVERY_S * FPS
    for more_s, disk in ((0.0, ""), (0.1, ", fsync + 100 ms")):
        for name, every, beside in (
            ("no events", None, True),
            ("proof beside the analysis", often, True),
            ("proof in the analysing thread", often, False),
        ):
            run(
                name + disk,
                film,
                every=every,
                beside=beside,
                seconds=seconds,
                fsync_s=more_s,
            )


if __name__ == "__main__":
    main()
