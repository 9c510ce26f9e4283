"""The soak's machinery: cameras behind faulty lines, the engine, and its pulse."""

import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import yaml

from tests.benchmarks.soak_street import Truth
from vision.core.clock import SystemClock

_SERVER = Path(__file__).parents[1] / "service" / "rtsp_server.py"
_SYSTEM_PYTHON = "/usr/bin/python3"  # the one that has GStreamer's bindings
_AGE = "streetwarden_frame_age_seconds_bucket"


class CameraBank:
    """Many cameras by RTSP, all in one server process."""

    def __init__(self, film: Path, cameras: int, *, going_on: bool = False) -> None:
        """Start, and wait until it listens.

        Args:
            film: raw H.264.
            cameras: how many.
            going_on: whether a camera goes on while nobody is connected.
        """
        self.begun: list[tuple[str, datetime]] = []
        self._clock = SystemClock()
        self._process = subprocess.Popen(
            [
                *(_SYSTEM_PYTHON, str(_SERVER), str(film), "--cameras", str(cameras)),
                *(["--going-on"] if going_on else []),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self._told = self._process.stdout
        answer = self._told.readline().split()
        assert answer[:1] == ["ready"], f"the RTSP server did not start: {answer}"
        self.port = int(answer[1])
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def cpu_s(self) -> float:
        """What the server has used, seconds."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._listener.join(10)
        self._told.close()

    def _listen(self) -> None:
        for line in self._told:
            word, camera, *_ = [*line.split(), ""]
            if word == "pass":
                self.begun.append((camera, self._clock.now()))


@dataclass(slots=True)
class Pulse:
    """One look at the engine.

    Attributes:
        at_s: active seconds since the start.
        rss_mb: resident memory, MB.
        fds: open file descriptors.
        threads: of the process.
        cpu_s: used so far, seconds.
    """

    at_s: float
    rss_mb: float
    fds: int
    threads: int
    cpu_s: float


@dataclass(slots=True)
class EngineRun:
    """`streetwarden run` as a user starts it, in a folder of its own."""

    folder: Path
    site: Path
    port: int
    pulses: list[Pulse] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = (self.folder / "engine.log").open("wb")
        self._process = subprocess.Popen(
            [Path(sys.executable).with_name("streetwarden"), "run", self.site],
            env=os.environ | {"STREETWARDEN_HOME": str(self.folder / "home")},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    @property
    def status(self) -> int | None:
        """Its exit status, None while it runs."""
        assert self._process is not None
        return self._process.poll()

    def look(self, at_s: float) -> None:
        """Take its pulse; one that has just ended has none."""
        assert self._process is not None
        try:
            process = psutil.Process(self._process.pid)
            with process.oneshot():
                times = process.cpu_times()
                self.pulses.append(
                    Pulse(
                        at_s=round(at_s, 1),
                        rss_mb=round(process.memory_info().rss / 1e6, 1),
                        fds=process.num_fds(),
                        threads=process.num_threads(),
                        cpu_s=round(times.user + times.system, 1),
                    )
                )
        except psutil.NoSuchProcess:
            return

    def stop(self, timeout_s: float) -> int | None:
        """Press Ctrl-C; return the exit status, None if it had to be killed."""
        assert self._process is not None
        self._process.send_signal(2)
        try:
            return self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def metrics(self) -> dict[str, float]:
        """Return what Prometheus would read, summed over cameras, by name."""
        url = f"http://127.0.0.1:{self.port}/metrics"
        with urllib.request.urlopen(url, timeout=20) as answer:
            text = answer.read().decode()
        sums: dict[str, float] = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            name, _, value = line.rpartition(" ")
            key = name.partition("{")[0]
            if key == _AGE:
                key = "age le " + name.split('le="')[1].split('"')[0]
            sums[key] = sums.get(key, 0.0) + float(value)
        return sums


def age_p95_s(sums: dict[str, float]) -> float:
    """Return the bucket's upper end under which 95 % of frame ages lie, seconds."""
    buckets = sorted(
        (float(key.removeprefix("age le ")), value)
        for key, value in sums.items()
        if key.startswith("age le ")
    )
    total = buckets[-1][1] if buckets else 0.0
    return next((end for end, value in buckets if value >= 0.95 * total), float("inf"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What is watched, and how closely."""

    ports: Sequence[int]
    truth: Truth
    period_s: float
    model: str
    imgsz: int
    metrics_port: int


def write_site(folder: Path, plan: Plan) -> Path:
    """Write the site file of a soak."""
    cameras = [
        {
            "id": f"cam{k}",
            "source": {
                "type": "packets",
                "url": f"rtsp://127.0.0.1:{port}/cam{k}",
            },
            "period_s": plan.period_s,
            "zones": plan.truth.zones,
        }
        for k, port in enumerate(plan.ports)
    ]
    site = {
        "site": "soak",
        "timezone": "UTC",
        "model": {"type": plan.model, "path": "models/street-n", "imgsz": plan.imgsz},
        "cameras": cameras,
        "rules": [
            {"type": "illegal_parking", "grace_s": 20},
            {"type": "garbage_pile", "dwell_s": 15},
        ],
        "sinks": [{"type": "jsonl", "path": str(folder / "events.jsonl")}],
        # Little enough that retention has work to do.
        "evidence": {"keep": {"quota_gib": 1}},
        "metrics": {"port": plan.metrics_port},
    }
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site, sort_keys=False), encoding="utf-8")
    return path
