"""Many cameras, one hour, everything that goes wrong: does it grow, does it miss?

    python -m tests.benchmarks.soak OUT [--cameras 20] [--minutes 60] [--seed 1]

Plays the bundled street, enlarged to 1080p25 H.264 at 4 Mbit/s, in a loop to every
camera through a real RTSP server (GStreamer) and a line that stalls, is cut, spoils
bytes or brings another resolution, at random times drawn from the seed. Runs
`streetwarden run` on it as a user would and writes `OUT/soak.json` and `OUT/soak.svg`:
memory, descriptors and threads with the confidence interval of their slopes, and every
event against what was shown. Status 1: something grew, was missed, or was doubled.

Time in which the whole machine stopped us (a pause of more than three seconds between
two ticks of one second) does not count as run time and is declared.
"""

import argparse
import json
import shutil
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.benchmarks.soak_faults import Fault, FaultyLine, draw_faults
from tests.benchmarks.soak_figures import Opened, Trouble
from tests.benchmarks.soak_report import Evidence, write_report
from tests.benchmarks.soak_rig import CameraBank, EngineRun, Plan, write_site
from tests.benchmarks.soak_street import FILMS, read_truth, write_film
from vision.core.clock import SystemClock

_TICK_S, _PAUSE_S, _PULSE_S = 1.0, 3.0, 5.0
_SETTLES = timedelta(seconds=40)  # time-out, back-off and reconnecting after a fault


@dataclass(slots=True)
class Course:
    """What happened so far."""

    lines: list[FaultyLine]
    faults: list[Fault]
    troubles: list[Trouble] = field(default_factory=list)
    paused_s: float = 0.0
    _active: list[tuple[Fault, datetime]] = field(default_factory=list)

    def advance(self, active_s: float, now: datetime) -> None:
        """Let faults begin and end."""
        while self.faults and self.faults[0].at_s <= active_s:
            fault = self.faults.pop(0)
            self.lines[fault.camera].begin(fault.kind)
            self._active.append((fault, now))
        for fault, begun in list(self._active):
            if fault.at_s + fault.lasts_s <= active_s:
                self.lines[fault.camera].end(fault.kind)
                self._active.remove((fault, begun))
                # A changed resolution troubles its two ends only.
                name = f"cam{fault.camera}"
                if fault.kind == "resolution":
                    self.troubles.append(Trouble(name, begun, begun + _SETTLES))
                since = now if fault.kind == "resolution" else begun
                self.troubles.append(Trouble(name, since, now + _SETTLES))

    def pause(self, seconds: float, now: datetime) -> None:
        """Note that the machine stood still."""
        self.paused_s += seconds
        begun = now - timedelta(seconds=seconds)
        self.troubles.append(Trouble(None, begun, now + _SETTLES))


def run_course(engine: EngineRun, course: Course, seconds: float) -> float:
    """Let time pass; return how much did, seconds without pauses."""
    clock = SystemClock()
    active_s, looked_s, told_s = 0.0, 0.0, 0.0
    last_s = clock.monotonic_s()
    while active_s < seconds and engine.status is None:
        time.sleep(_TICK_S)
        now_s = clock.monotonic_s()
        passed_s, last_s = now_s - last_s, now_s
        if passed_s > _PAUSE_S:
            course.pause(passed_s - _TICK_S, clock.now())
            passed_s = _TICK_S
        active_s += passed_s
        course.advance(active_s, clock.now())
        if active_s - looked_s >= _PULSE_S:
            looked_s = active_s
            engine.look(active_s)
        if active_s - told_s >= 60 and engine.pulses:
            told_s = active_s
            print(f"{active_s / 60:.0f} min", engine.pulses[-1], flush=True)
    return active_s


def read_events(path: Path) -> tuple[list[Opened], dict[str, int], list[str]]:
    """Return what opened, messages by type, and ids that came twice."""
    opened: dict[str, Opened] = {}
    kinds: dict[str, int] = {}
    seen: set[str] = set()
    twice: list[str] = []
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        message = json.loads(line)
        kind = message["type"].removeprefix("org.streetwarden.").removesuffix(".v1")
        kinds[kind] = kinds.get(kind, 0) + 1
        if message["id"] in seen:
            twice.append(message["id"])
        seen.add(message["id"])
        body = message["data"]
        at = datetime.fromisoformat(message["time"])
        if kind == "violation.opened":
            opened[body["event_id"]] = Opened(
                camera=body["camera"]["id"],
                slug=body["slug"],
                started=datetime.fromisoformat(body["started"]),
                decided=at,
                box=tuple(body["place"]["xyxy"]),
            )
        elif kind == "violation.cleared":
            opened[body["event_id"]].cleared = at
    return list(opened.values()), kinds, twice


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def soak(args: argparse.Namespace) -> bool:
    """Run it; return whether all was well."""
    out: Path = args.out
    films: Path = args.films or out
    for folder in (out, films):
        folder.mkdir(parents=True, exist_ok=True)
    for stale in (out / "home", out / "events.jsonl"):
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink(missing_ok=True)
    banks = [
        CameraBank(write_film(films / f"street-{name}.h264", size), args.cameras)
        for name, size in FILMS.items()
    ]
    ports = [bank.port for bank in banks]
    lines = [FaultyLine(ports, args.seed + k) for k in range(args.cameras)]
    seconds = args.minutes * 60
    faults = draw_faults(
        args.seed, cameras=args.cameras, seconds=seconds, every_s=args.fault_every_s
    )
    course = Course(lines, list(faults))
    truth, port = read_truth(), free_port()
    at = [line.port for line in lines]
    plan = Plan(at, truth, args.period_s, args.model, args.imgsz, port)
    try:
        with EngineRun(out, write_site(out, plan), port) as engine:
            active_s = run_course(engine, course, seconds)
            died = engine.status
            sums = engine.metrics() if died is None else {}
            until = SystemClock().now()
            status = engine.stop(90) if died is None else died
            pulses = engine.pulses
        server_cpu_s = sum(bank.cpu_s for bank in banks)
    finally:
        for line in lines:
            line.close()
        for bank in banks:
            bank.stop()
    opened, kinds, twice = read_events(out / "events.jsonl")
    begun = sorted(
        (one for bank in banks for one in bank.begun), key=lambda one: one[1]
    )
    evidence = Evidence(
        settings={
            "cameras": args.cameras,
            "minutes": args.minutes,
            "seed": args.seed,
            "period_s": args.period_s,
            "fault_every_s": args.fault_every_s,
            "model": f"{args.model} {args.imgsz} px",
        },
        active_s=active_s,
        paused_s=course.paused_s,
        pulses=pulses,
        faults=[asdict(fault) for fault in faults],
        metrics=sums,
        messages=kinds,
        twice=twice,
        died=died,
        status=status,
        server_cpu_s=server_cpu_s,
        begun=begun,
        opened=opened,
        troubles=course.troubles,
        until=until,
        truth=truth,
    )
    return write_report(out, evidence)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="where result and engine's home go")
    parser.add_argument("--films", type=Path, help="where films are kept; default: OUT")
    parser.add_argument("--cameras", type=int, default=20)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--period-s", type=float, default=2)
    parser.add_argument("--fault-every-s", type=float, default=480)
    parser.add_argument("--model", default="openvino", choices=["onnx", "openvino"])
    parser.add_argument("--imgsz", type=int, default=512)
    sys.exit(0 if soak(parser.parse_args()) else 1)


if __name__ == "__main__":
    main()
