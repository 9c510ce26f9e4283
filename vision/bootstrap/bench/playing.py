"""Plays a clip as many cameras to an engine in a process of its own."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Literal

from vision.bootstrap.bench.hearing import Ear
from vision.bootstrap.local_service import LocalService
from vision.config.site import SiteSettings
from vision.core.errors import ConfigError

Decode = Literal["auto", "full"]

_WARM_S = 12.0
_SPREAD_S = 8.0  # over which the cameras begin
_TAIL_S = 4.0  # for what is decided in the last pictures
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
class Raw:
    """A trial's own account, and what was seen of it from outside.

    Attributes:
        record: what the engine's process tells.
        began_s: when each camera's stream began, monotonic.
        heard_s: when who follows the service heard of each event, by id, monotonic.
        feeder_cpu_s: CPU of the process that plays the cameras.
    """

    record: dict[str, object]
    began_s: dict[str, float]
    heard_s: dict[str, float]
    feeder_cpu_s: float


def play(plan: Plan, cameras: int, decode: Decode) -> Raw:
    """Play the clip to an engine of its own process, which reports to a service.

    Raises:
        ConfigError: the engine or the feeder failed; with what it said.
        SinkError: the service did not start.
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
        record, heard_s = _reported(plan, json.loads(first)["ports"], decode)
        feeder.stdin.close()
        listener.join(10)
    finally:
        feeder.kill()
        feeder.wait()
        for pipe in (feeder.stdin, feeder.stdout):
            pipe.close()
    return Raw(
        record,
        {
            name_of(int(one["camera"])): one["began_s"]
            for one in said
            if "camera" in one
        },
        heard_s,
        sum(one.get("cpu_s", 0.0) for one in said),
    )


def _reported(
    plan: Plan, ports: Sequence[int], decode: Decode
) -> tuple[dict[str, object], dict[str, float]]:
    """Run the engine beside a service; return its account and what was heard."""
    key = secrets.token_urlsafe(24)
    with (
        tempfile.TemporaryDirectory(prefix="streetwarden-bench-") as home,
        LocalService(Path(home), port=0, api_key=key) as service,
        Ear(service.url) as ear,
    ):
        site = _site(plan, ports, decode, service.url)
        return _engine(plan, site, key), ear.heard_s


def _engine(plan: Plan, site: dict[str, object], key: str) -> dict[str, object]:
    spec = {
        "site": site,
        "cores": plan.cores,
        "warm_s": _WARM_S,
        "seconds": _SPREAD_S + plan.seconds + _TAIL_S,
    }
    done = subprocess.run(
        [sys.executable, "-m", "vision.bootstrap.bench.trial"],
        input=json.dumps(spec),
        env=os.environ | {"STREETWARDEN_API_KEY": key},
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
    plan: Plan, ports: Sequence[int], decode: Decode, service: str
) -> dict[str, object]:
    """Return the site with its one camera copied, as plain values."""
    site: dict[str, object] = plan.site.model_dump(mode="json")
    camera = plan.site.cameras[0].model_dump(mode="json")
    model = plan.site.model.model_dump(mode="json")
    return site | {
        "model": model | {"threads": model["threads"] or len(plan.cores)},
        "sinks": [{"type": "http", "url": service}],
        "cameras": [
            camera
            | {
                "id": name_of(number),
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


def name_of(number: int) -> str:
    """Return what a copy of the camera is called."""
    return f"cam-{number:03d}"


def usable_cores() -> tuple[int, ...]:
    """Return the cores that this process may use."""
    return tuple(sorted(os.sched_getaffinity(0)))
