"""What proof and delivery cost: ring, package, clip, outbox, verification.

    python -m tests.benchmarks.bench_evidence [--events 30]

Full-HD pictures and a 4 Mbit/s stream. CPU time is of the calling thread where a stall
of the analysis is the question, of the whole process elsewhere. Everything is written
to a temporary folder with real fsyncs; wall times depend on that disk.
"""

import argparse
import statistics
import tempfile
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np

from vision.core.clock import SystemClock
from vision.core.detections import Detections
from vision.core.events import Code, Provenance, ViolationEvent
from vision.core.frame import Frame
from vision.core.observation import Observation, ViewState
from vision.core.packets import EncodedPacket, StreamFormat
from vision.core.places import Place, PlaceState
from vision.core.scene import Scene, Zone
from vision.core.violations import Confidence, Fact, Lifecycle, Slug, Violation
from vision.evidence.keys import KeyFolder
from vision.evidence.ring import PacketRing, RingLimits
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.evidence.verify_store import verify_store
from vision.sinks.outbox import Outbox
from vision.sinks.receiver import Parcel, Progress

START = datetime(2026, 6, 1, 2, tzinfo=UTC)
SCENE = Scene(
    "gate",
    "解放路东侧球机",
    (Zone("kerb", "no_parking", ((0.1, 0.3), (0.9, 0.3), (0.9, 0.9), (0.1, 0.9))),),
)
FORM = StreamFormat("h264", 1920, 1080, Fraction(1, 90_000))
MIB = 1 << 20


class Swallow:
    """A receiver that is never the bottleneck."""

    name = "swallow"
    takes_files = False

    def deliver(self, parcel: Parcel, progress: Progress) -> None:
        """Take it."""

    def close(self) -> None:
        """Nothing is open."""


def street(index: int) -> Frame:
    """Return a full-HD picture with texture, people and vehicles to hide."""
    rng = np.random.default_rng(index)
    coarse = rng.integers(0, 255, (135, 240, 3), np.uint8)
    image = cv2.resize(coarse, (1920, 1080), interpolation=cv2.INTER_CUBIC)
    at = START + timedelta(seconds=index)
    return Frame("gate", index, float(index), at, np.asarray(image, np.uint8))


def place(name: str) -> Place:
    """Return a parked car."""
    return Place(
        place_id=name,
        camera_id="gate",
        kind="vehicle",
        label="car",
        xyxy=(600.0, 500.0, 1000.0, 800.0),
        state=PlaceState.STANDING,
        first_seen_s=0.0,
        last_seen_s=60.0,
        observed_s=60.0,
        first_seen_at=START,
        last_seen_at=START,
        score=0.8,
        baseline=False,
    )


def observed(frame: Frame, *places: Place) -> Observation:
    """Return a busy street: 12 vehicles and 8 people."""
    rng = np.random.default_rng(frame.index)
    corner = rng.uniform(0, 800, (20, 2))
    xyxy = np.hstack((corner, corner + rng.uniform(80, 250, (20, 2))))
    return Observation(
        frame=frame,
        scene=SCENE,
        labels=("car", "person"),
        detections=Detections(
            xyxy.astype(np.float32),
            np.full(20, 0.8, np.float32),
            np.array([0] * 12 + [1] * 8),
        ),
        tracks=(),
        places=places,
        view=ViewState(),
        dt_s=1.0,
    )


def violation(frame: Frame, of: Place) -> Violation:
    """Return an opened event."""
    return Violation(
        event_id=f"event-{of.place_id}",
        sequence=1,
        lifecycle=Lifecycle.OPENED,
        slug=Slug.ILLEGAL_PARKING,
        rule="illegal_parking/1",
        place=of,
        zone_id="kerb",
        started_s=0.0,
        decided_s=frame.media_time_s,
        started_at=START,
        decided_at=frame.captured_at,
        ended_at=None,
        confidence=Confidence.HIGH,
        severity=1,
        facts=(Fact("observed_s", 187.0, "s", ">= 180", holds=True),),
    )


def bench_ring() -> None:
    """20 s at 4 Mbit/s, 25 packets a second, after five minutes of them."""
    tracemalloc.start()
    ring = PacketRing(RingLimits())
    begun = time.thread_time()
    count = 300 * 25
    for index in range(count):
        ticks = index * 3600
        size = 20_000
        ring.add(
            EncodedPacket(
                "gate", FORM, bytes(size), ticks, ticks, index % 50 == 0, index / 25
            )
        )
    spent = time.thread_time() - begun
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"ring: 20 s at 4 Mbit/s hold {held / 1e6:.1f} MB in all "
        f"({ring.size_bytes / 1e6:.1f} MB of packets), {spent / count * 1e6:.1f} us "
        "per packet (with memory tracing on)"
    )


class EncodingTime:
    """Counts the CPU time that the calling thread spends on JPEG encoding."""

    def __init__(self) -> None:
        """Step between the caller and the encoder."""
        self.spent_s = 0.0
        self._encode = cv2.imencode

    def __enter__(self) -> Self:
        setattr(cv2, "imencode", self._timed)  # noqa: B010 undone below
        return self

    def __exit__(self, *_: object) -> None:
        setattr(cv2, "imencode", self._encode)  # noqa: B010 mypy refuses plain assignment to a module

    def _timed(self, *arguments: Any) -> object:
        begun = time.thread_time()
        try:
            return self._encode(*arguments)
        finally:
            self.spent_s += time.thread_time() - begun


def bench_packages(home: Path, events: int) -> None:
    """Keep and seal events one after the other; then verify them all."""
    root = home / "evidence"
    clock = SystemClock()
    keys = KeyFolder(home / "keys")
    sealer = Sealer(root, clock=clock, signer=keys.signer())
    store = PackageStore(root, sealer=sealer, clock=clock)
    outbox = Outbox(home / "outbox.db", [Swallow()], clock=clock)
    cpu: list[float] = []
    wall: list[float] = []
    put: list[float] = []
    encoded: list[float] = []
    for number in range(events):
        first, last = street(2 * number), street(2 * number + 1)
        still = place(f"p{number}")
        store.observe(observed(first, still))
        seen = observed(last, still)
        with EncodingTime() as encoding:
            begun, begun_wall = time.thread_time(), time.perf_counter()
            evidence = store.keep(violation(last, still), seen)
            wall.append(time.perf_counter() - begun_wall)
            cpu.append(time.thread_time() - begun - encoding.spent_s)
        encoded.append(encoding.spent_s)
        begun_wall = time.perf_counter()
        outbox.put(
            ViolationEvent(
                violation(last, still),
                SCENE,
                Code("gbt47678.5", "09009", "机动车乱停放"),
                Provenance("0", "0" * 64, "blind/1", "0" * 64),
                evidence,
            )
        )
        put.append(time.perf_counter() - begun_wall)
    store.close(600)
    outbox.close(60)
    print(
        f"package: {statistics.median(cpu[1:]) * 1e3:.0f} ms CPU besides JPEG encoding "
        f"(largest {max(cpu[1:]) * 1e3:.0f}), "
        f"{statistics.median(encoded) * 1e3:.0f} ms encoding, "
        f"{statistics.median(wall) * 1e3:.0f} ms wall with fsync "
        f"(largest {max(wall) * 1e3:.0f}), 1080p, {events} events"
    )
    print(
        f"outbox: put {statistics.median(put) * 1e3:.1f} ms wall "
        f"(largest {max(put) * 1e3:.1f})"
    )
    begun_wall = time.perf_counter()
    findings = verify_store(root, keys.trusted())
    spent = time.perf_counter() - begun_wall
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    print(
        f"verify: {events / spent:.0f} packages/s, {size / spent / MIB:.0f} MiB/s, "
        f"{len(findings)} findings"
    )


def bench_outbox(home: Path, messages: int) -> None:
    """Put and deliver many small events."""
    outbox = Outbox(home / "many.db", [Swallow()])
    frame = street(0)
    begun = time.perf_counter()
    for number in range(messages):
        still = place(f"m{number}")
        step = replace(violation(frame, still), event_id=f"many-{number}")
        code = Code("gbt47678.5", "09009", "机动车乱停放")
        origin = Provenance("0", "0" * 64, "blind/1", "0" * 64)
        outbox.put(ViolationEvent(step, SCENE, code, origin))
    spent = time.perf_counter() - begun
    outbox.close(120)
    whole = time.perf_counter() - begun
    print(
        f"outbox: {messages / spent:.0f} puts/s while delivering, "
        f"{messages / whole:.0f} messages/s put and delivered"
    )


def main() -> None:
    """Run every part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=30)
    parser.add_argument("--messages", type=int, default=500)
    arguments = parser.parse_args()
    bench_ring()
    with tempfile.TemporaryDirectory() as folder:
        bench_packages(Path(folder), arguments.events)
        bench_outbox(Path(folder), arguments.messages)


if __name__ == "__main__":
    main()
