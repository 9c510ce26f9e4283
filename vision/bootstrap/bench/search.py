"""Finds the largest number of cameras that a machine carries in good order."""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import Literal

import numpy as np

from vision.config.site import SiteSettings
from vision.core.errors import ConfigError

Decode = Literal["auto", "full"]
Seen = tuple[str, str, float]
"""Camera, violation, media time of its opening."""

_WARM_S = 12.0
_SPREAD_S = 8.0  # over which the cameras begin
_TAIL_S = 4.0  # for what is decided in the last pictures
_FIRST_S = 5.0  # a stream's first seconds wait while it is being opened
_SAME_EVENT_S = 8.0
_FEWEST_SHARE = 0.85  # of the pictures that a period promises
_STEP = 1.12
_LIMIT_S = 240.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of the machine.

    Attributes:
        site: model, rules and the one camera that all are copies of.
        clip: what every camera shows.
        seconds: length of one trial from a camera's first picture on.
        cores: which cores the engine may use.
        trials: most trials of one search.
    """

    site: SiteSettings
    clip: Path
    seconds: float
    cores: tuple[int, ...]
    trials: int = 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trial gave; ages and delays after true capture, seconds.

    Attributes:
        cameras: how many.
        cores: how many.
        decode: mode of the packet source.
        cpu_per_camera: CPU seconds of the engine per second of one camera.
        busy: share of its cores that the engine used.
        age_p50_s: from capture to the end of a picture's analysis, median.
        age_p95_s: and 95th percentile.
        event_p95_s: from the capture of the deciding picture to the event in the
            outbox, 95th percentile, or None without events.
        rss_mib: memory of the whole engine, model and all.
        threads: of Python in the engine.
        pictures: analysed after the warm-up.
        rate: pictures analysed of those that the period promises.
        events: (camera, violation, media time of its opening).
        missed: events of the reference that a camera lacked.
        extra: events that the reference lacks.
        feeder_cpu_s: CPU of the process that plays the cameras.
        ok: whether the machine kept up and lost nothing.
    """

    cameras: int
    cores: int
    decode: str
    cpu_per_camera: float
    busy: float
    age_p50_s: float
    age_p95_s: float
    event_p95_s: float | None
    rss_mib: float
    threads: int
    pictures: int
    rate: float
    events: tuple[Seen, ...]
    missed: int
    extra: int
    feeder_cpu_s: float
    ok: bool


@dataclass(frozen=True, slots=True)
class Raw:
    """A trial's own account, with the times at which its cameras began."""

    record: dict[str, object]
    began_s: dict[str, float]
    feeder_cpu_s: float


class Search:
    """Trials on one machine, each compared with the same clip decoded in full."""

    def __init__(self, plan: Plan, tell: Callable[[Outcome], None]) -> None:
        """Prepare.

        Args:
            plan: what is asked.
            tell: called with every outcome.
        """
        self._plan = plan
        self._tell = tell
        self._reference: list[tuple[str, float]] | None = None
        self.outcomes: list[Outcome] = []

    def reference(self) -> Outcome:
        """Watch one camera with every picture decoded: the events that must come."""
        raw = _run(self._plan, 1, "full")
        self._reference = [(slug, at_s) for _, slug, at_s in _events(raw)]
        return self._note(raw, 1, "full")

    def trial(self, cameras: int, decode: Decode = "auto") -> Outcome:
        """Watch so many cameras."""
        return self._note(_run(self._plan, cameras, decode), cameras, decode)

    def largest(self) -> Outcome | None:
        """Return the best outcome in good order, or None if even one is too many."""
        first = self.trial(4)
        count = max(1, int(0.9 * len(self._plan.cores) / first.cpu_per_camera))
        best = first if first.ok else None
        worst: int | None = None
        for _ in range(self._plan.trials):
            if worst is not None and best is not None and count <= best.cameras:
                break
            outcome = self.trial(count)
            if outcome.ok:
                best = (
                    outcome
                    if best is None
                    else max(best, outcome, key=lambda one: one.cameras)
                )
                count = int(count * _STEP) + 1
            else:
                worst = count
                count = max(1, int(count / _STEP))
            if worst is not None and count >= worst:
                count = (worst + (best.cameras if best else 0)) // 2
        return best

    def _note(self, raw: Raw, cameras: int, decode: Decode) -> Outcome:
        outcome = _judge(self._plan, raw, cameras, decode, self._reference or [])
        self.outcomes.append(outcome)
        self._tell(outcome)
        return outcome


def _run(plan: Plan, cameras: int, decode: Decode) -> Raw:
    """Play the clip to an engine of its own process.

    Raises:
        ConfigError: the engine or the feeder failed; with what it said.
    """
    length_s = plan.seconds + _SPREAD_S + _WARM_S
    feeder = subprocess.Popen(  # noqa: S603 our own module
        [
            *(sys.executable, "-m", "vision.bootstrap.bench.feeder"),
            *(str(plan.clip), str(cameras), str(length_s), str(_SPREAD_S)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert feeder.stdin is not None  # noqa: S101 asked for above
    assert feeder.stdout is not None  # noqa: S101 asked for above
    said: list[dict[str, float]] = []
    try:
        first = feeder.stdout.readline()
        if not first:
            msg = f"{plan.clip}: the bench's feeder ended at once; see above"
            raise ConfigError(msg)
        listener = Thread(
            target=lambda: said.extend(
                json.loads(line) for line in feeder.stdout or ()
            ),
            daemon=True,
        )
        listener.start()
        record = _engine(plan, json.loads(first)["ports"], decode)
        feeder.stdin.close()
        listener.join(10)
    finally:
        feeder.kill()
        feeder.wait()
        for pipe in (feeder.stdin, feeder.stdout):
            pipe.close()
    return Raw(
        record,
        {_name(int(one["camera"])): one["began_s"] for one in said if "camera" in one},
        sum(one.get("cpu_s", 0.0) for one in said),
    )


def _engine(plan: Plan, ports: Sequence[int], decode: Decode) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="streetwarden-bench-") as folder:
        spec = {
            "site": _site(plan, ports, decode, Path(folder)),
            "cores": plan.cores,
            "warm_s": _WARM_S,
            "seconds": _SPREAD_S + plan.seconds + _TAIL_S,
        }
        done = subprocess.run(
            [sys.executable, "-m", "vision.bootstrap.bench.trial"],
            input=json.dumps(spec),
            capture_output=True,
            text=True,
            timeout=plan.seconds + _LIMIT_S,
            check=False,
        )
    if done.returncode:
        msg = f"bench: the engine ended with {done.returncode}: {done.stderr[-800:]}"
        raise ConfigError(msg)
    record: dict[str, object] = json.loads(done.stdout)
    return record


def _site(
    plan: Plan, ports: Sequence[int], decode: Decode, folder: Path
) -> dict[str, object]:
    """Return the site with its one camera copied, as plain values."""
    site: dict[str, object] = plan.site.model_dump(mode="json")
    camera = plan.site.cameras[0].model_dump(mode="json")
    model = plan.site.model.model_dump(mode="json")
    return site | {
        "model": model | {"threads": model["threads"] or len(plan.cores)},
        "sinks": [{"type": "jsonl", "path": str(folder / "events.jsonl")}],
        "cameras": [
            camera
            | {
                "id": _name(number),
                "source": {
                    "type": "packets",
                    "url": f"tcp://127.0.0.1:{port}",
                    "decode": decode,
                    "open_timeout_s": 60,
                    "read_timeout_s": 30,
                },
            }
            for number, port in enumerate(ports)
        ],
    }


def _name(number: int) -> str:
    return f"cam-{number:03d}"


def _events(raw: Raw) -> list[Seen]:
    rows = raw.record["events"]
    assert isinstance(rows, list)  # noqa: S101 the trial's own form
    return [(camera, slug, at_s) for camera, slug, at_s, _ in rows]


def _judge(
    plan: Plan,
    raw: Raw,
    cameras: int,
    decode: Decode,
    reference: Sequence[tuple[str, float]],
) -> Outcome:
    record, began_s = raw.record, raw.began_s
    frames, events = record["frames"], record["events"]
    assert isinstance(frames, list)  # noqa: S101 the trial's own form
    assert isinstance(events, list)  # noqa: S101 the trial's own form
    ages = [done - began_s[c] - at_s for c, at_s, done in frames if at_s >= _FIRST_S]
    late = [done - began_s[c] - at_s for c, _, at_s, done in events]
    numbers = {
        key: float(value)
        for key, value in record.items()
        if isinstance(value, int | float)
    }
    period_s = plan.site.cameras[0].period_s
    promised = cameras * (plan.seconds - _FIRST_S) / period_s
    seen = sum(_FIRST_S <= at_s <= plan.seconds for _, at_s, _ in frames)
    within = [one for one in _events(raw) if one[2] <= plan.seconds]
    # What one camera opens near the end, another may open just after it.
    sure = [one for one in reference if one[1] <= plan.seconds - _SAME_EVENT_S]
    missed, _ = differences(within, sure, cameras)
    _, extra = differences(within, reference, cameras)
    # Nothing seen at all is as late as a trial is long.
    age_p95_s = float(np.percentile(ages, 95)) if ages else plan.seconds
    cpu = numbers["cpu_s"] / numbers["measured_s"]
    return Outcome(
        cameras=cameras,
        cores=len(plan.cores),
        decode=decode,
        cpu_per_camera=cpu / cameras,
        busy=cpu / len(plan.cores),
        age_p50_s=float(np.median(ages)) if ages else plan.seconds,
        age_p95_s=age_p95_s,
        event_p95_s=float(np.percentile(late, 95)) if late else None,
        rss_mib=numbers["rss_mib"],
        threads=int(numbers["threads"]),
        pictures=len(ages),
        rate=seen / promised,
        events=tuple(_events(raw)),
        missed=missed,
        extra=extra,
        feeder_cpu_s=raw.feeder_cpu_s,
        ok=age_p95_s <= period_s and missed == 0 and seen >= _FEWEST_SHARE * promised,
    )


def differences(
    events: Sequence[Seen], reference: Sequence[tuple[str, float]], cameras: int
) -> tuple[int, int]:
    """Return how many events cameras lacked, and how many nobody expected.

    Args:
        events: of all cameras.
        reference: (violation, media time) that each camera must open, within seconds.
        cameras: how many.
    """
    missed, matched = 0, Counter[int]()
    for number in range(cameras):
        left = [
            (index, slug, at_s)
            for index, (camera, slug, at_s) in enumerate(events)
            if camera == _name(number)
        ]
        for slug, at_s in reference:
            near = [
                one
                for one in left
                if one[1] == slug and abs(one[2] - at_s) <= _SAME_EVENT_S
            ]
            if near:
                left.remove(near[0])
                matched[number] += 1
            else:
                missed += 1
    return missed, len(events) - matched.total()


def as_record(outcome: Outcome) -> dict[str, object]:
    """Return an outcome as plain values."""
    return asdict(outcome)


def usable_cores() -> tuple[int, ...]:
    """Return the cores that this process may use."""
    return tuple(sorted(os.sched_getaffinity(0)))
