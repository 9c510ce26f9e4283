"""What the engine costs beside the network: everything but the ONNX session.

    python -m tests.benchmarks.bench_engine [--model models/street-n] [--rounds 3]

One thread, 640 x 416 px, what a 16:9 picture needs. Each round runs, in turn, the
source alone, the whole engine and the bare session over the same clips: the bundled
street (704 x 396) and the same street scaled to 1080p25, H.264, a key frame every two
seconds, key frames only. CPU seconds of
the whole process; the best round counts, since other work on the machine only adds.
"""

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

from vision.bootstrap.model import build_detector
from vision.bootstrap.site import Outlets, Watch, build_engine
from vision.bootstrap.sources import build_source
from vision.config.home import Home
from vision.config.load import Loaded
from vision.config.models import OnnxModel
from vision.config.site import SiteSettings, load_site
from vision.core.clock import SystemClock
from vision.core.events import ViolationEvent
from vision.core.health import HealthEvent
from vision.detectors.model_file import read_model_file
from vision.detectors.onnx import CPU, OnnxNetwork
from vision.detectors.preprocess import tight_input_size
from vision.evidence.store import PackageStore
from vision.pipeline.delivery import HeldDelivery

STREET = Path("datasets/demo/street.mp4")
HD = (1920, 1080)
FPS = 25
GOP = 50


class Nowhere:
    """A sink that keeps nothing, so that disks do not count."""

    def put(self, event: ViolationEvent) -> None:
        """Forget it."""
        del event

    def put_health(self, event: HealthEvent) -> None:
        """Forget it."""
        del event

    def close(self, timeout_s: float) -> None:
        """Nothing to close."""
        del timeout_s


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU per analysed picture, milliseconds."""

    frames: int
    source_ms: float
    session_ms: float
    rest_ms: float


def to_full_hd(path: Path) -> None:
    """Write the bundled street as a city camera would send it."""
    with av.open(str(STREET)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = HD
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        stream.gop_size = GOP
        for picture in source.decode(video=0):
            image = cv2.resize(picture.to_ndarray(format="bgr24"), HD).astype(np.uint8)
            for _ in range(FPS // 3):
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                target.mux(stream.encode(frame))
        target.mux(stream.encode(None))


def site_for(base: SiteSettings, clip: Path, model: Path, decode: str) -> SiteSettings:
    """Return the demo site with another clip, one thread and no receivers in use."""
    camera = base.cameras[0]
    source = camera.source.model_copy(update={"url": str(clip), "decode": decode})
    kept = base.model.model_dump(exclude={"path", "threads", "imgsz"})
    return base.model_copy(
        update={
            "cameras": (camera.model_copy(update={"source": source}),),
            "model": OnnxModel(**kept, path=model, threads=1, imgsz=640),
        }
    )


def without_events(site: SiteSettings) -> SiteSettings:
    """Return the site with so much patience that nothing opens: the usual minute.

    The demo street opens an event every twenty seconds, a real camera a few a day.
    """
    patient = tuple(
        rule.model_copy(
            update={"grace_s" if hasattr(rule, "grace_s") else "dwell_s": 3600.0}
        )
        for rule in site.rules
    )
    return site.model_copy(update={"rules": patient})


def source_cpu_s(site: SiteSettings) -> tuple[float, int]:
    """Return the CPU that reading and decoding alone take, and the frames."""
    source = build_source(site.cameras[0], clock=SystemClock())
    started_s, frames = time.process_time(), 0
    source.open()
    while source.read() is not None:
        frames += 1
    source.close()
    return time.process_time() - started_s, frames


def engine_cpu_s(site: SiteSettings, home: Path) -> tuple[float, int]:
    """Return the CPU of a whole run and the frames."""
    clock = SystemClock()
    delivery = HeldDelivery(Nowhere(), clock)
    evidence = PackageStore(home / "evidence", clock=clock)
    engine = build_engine(
        Loaded(site, Path("bench"), "0" * 64),
        Home(home),
        detector=build_detector(site.model),
        outlets=Outlets(delivery, evidence),
        clock=clock,
        watch=Watch(),
    )
    started_s = time.process_time()
    summary = engine.run(Event())
    evidence.close(10)
    return time.process_time() - started_s, summary.frames


def session_cpu_s(site: SiteSettings, frames: int) -> float:
    """Return the CPU that the bare session takes for so many pictures."""
    model = read_model_file(site.model.path)
    network = OnnxNetwork(model.path, providers=(CPU,), threads=1)
    # As large as the engine's: the clip is 16:9.
    size = tight_input_size((HD[1], HD[0]), (640, 640), model.stride)
    picture = np.random.default_rng(0).random((1, 3, *size), np.float32)
    network.forward(picture)
    started_s = time.process_time()
    for _ in range(frames):
        network.forward(picture)
    return time.process_time() - started_s


def measure(site: SiteSettings, rounds: int) -> Cost:
    """Return the cheapest of several rounds."""
    costs = []
    for _ in range(rounds):
        alone_s, _ = source_cpu_s(site)
        with tempfile.TemporaryDirectory() as home:
            whole_s, frames = engine_cpu_s(site, Path(home))
        session_s = session_cpu_s(site, frames)
        per_frame = 1_000 / frames
        costs.append(
            Cost(
                frames=frames,
                source_ms=alone_s * per_frame,
                session_ms=session_s * per_frame,
                rest_ms=(whole_s - alone_s - session_s) * per_frame,
            )
        )
    return min(costs, key=lambda cost: cost.session_ms + abs(cost.rest_ms))


def show(name: str, cost: Cost) -> None:
    """Print one row."""
    share = cost.rest_ms / cost.session_ms
    print(
        f"{name:<38}{cost.frames:>9}{cost.session_ms:>6.1f} ms"
        f"{cost.rest_ms:>5.1f} ms{share:>8.1%}{cost.source_ms:>6.1f} ms"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/street-n"))
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    # The demo's site names its service; nothing is sent there.
    os.environ.setdefault("STREETWARDEN_DEMO_URL", "http://127.0.0.1:1")
    base = load_site(Path("configs/demo.yaml")).settings
    cv2.setNumThreads(1)  # as `streetwarden run` does: waiting threads burn CPU
    print(f"{chosen.model}, one thread, 640 px")
    print(
        f"{'clip':<38}{'pictures':>9}{'session':>9}{'rest':>8}{'share':>8}{'source':>9}"
    )
    with tempfile.TemporaryDirectory() as folder:
        hd = Path(folder) / "street-1080p25.mp4"
        to_full_hd(hd)
        for name, clip, decode in (
            ("704 x 396, every picture", STREET, "full"),
            ("1080p25, key frames", hd, "key"),
        ):
            site = site_for(base, clip, chosen.model, decode)
            show(f"{name}, 4 events", measure(site, chosen.rounds))
            show(f"{name}, quiet", measure(without_events(site), chosen.rounds))


if __name__ == "__main__":
    main()
