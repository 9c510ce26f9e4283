"""Kill the engine and the service at random moments; nothing may be lost."""

import json
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import httpx
import pytest

from tests.service import crash_engine
from vision.evidence.keys import KeyFolder
from vision.evidence.verify_store import verify_store
from vision.sinks.letters import dead_letters, waiting
from vision.sinks.store import MessageStore

ROOT = Path(__file__).parents[2]
KEY = "k" * 32
Steps = dict[str, list[str]]
Files = dict[str, set[str]]

# The demo's street and its rules, looked at once a second with little patience.
SITE = """
site: crash
timezone: Asia/Shanghai
taxonomy: {root}/configs/taxonomy/gbt47678.yaml
model:
  type: onnx
  path: {root}/models/street-n
  enable_preview: [street_vendor]
  imgsz: 640
  threads: 1
cameras:
  - id: street
    name: 示范街
    source:
      type: packets
      url: {root}/datasets/demo/street.mp4
      decode: full
      starts_at: 2026-06-01T10:00:00+08:00
    period_s: 1.0
    zones:
      - {{id: road, kind: no_parking, street_class: forbidden,
          polygon: [[0.0, 0.9508], [1.0, 0.6211], [1.0, 0.3699], [0.0, 0.6094]]}}
      - {{id: pavement, kind: clean,
          polygon: [[0.0, 0.6046], [1.0, 0.3665], [1.0, 0.2517], [0.0, 0.4486]]}}
      - {{id: frontage, kind: no_vending,
          polygon: [[0.0, 0.6046], [1.0, 0.3665], [1.0, 0.2517], [0.0, 0.4486]]}}
      - {{id: bins, kind: bin, polygon: [[0.6598, 0.4285], [0.7749, 0.4018],
          [0.7387, 0.3569], [0.63, 0.3802]]}}
rules:
  - {{type: illegal_parking, grace_s: 8}}
  - {{type: garbage_pile, dwell_s: 5}}
  - {{type: overflowing_bin, dwell_s: 5}}
  - {{type: street_vending, dwell_s: 5}}
evidence: {{clip: {{before_s: 3, after_s: 2}}}}
sinks:
  - {{type: http, url: "{url}", timeout_s: 5}}
"""


class Service:
    """The event service as a process of its own."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = home
        self._log = home.parent / "serve.log"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "serve", "--port", str(self.port)]
        command += ["--home", str(self._home), "--open-reads"]
        environment = os.environ | {"STREETWARDEN_API_KEY": KEY}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = self._start()

    def wait(self) -> None:
        for _ in range(600):
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        pytest.fail(self._log.read_text()[-2000:])

    def stop(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def holds(self) -> tuple[Steps, Files]:
        """Return each event's steps, doubles included, and its files that arrived."""
        steps: Steps = {}
        files: Files = {}
        page = httpx.get(f"{self.url}/api/v1/events?limit=100", timeout=10).json()
        for item in page["items"]:
            event_id = item["event_id"]
            detail = httpx.get(
                f"{self.url}/api/v1/events/{event_id}", timeout=10
            ).json()
            steps[event_id] = sorted(step["id"] for step in detail["history"])
            here = (file for file in detail["evidence"] if file["url"] is not None)
            files[event_id] = {f"{file['name']} {file['sha256']}" for file in here}
        return steps, files


class Engine:
    """`streetwarden run` with a home of its own, as often as it is started.

    Each run is a process; what it imports was imported once, in the fork server.
    """

    def __init__(self, home: Path, url: str, tape: Path) -> None:
        self.home = home
        self._site = home.with_suffix(".yaml")
        self._site.write_text(SITE.format(root=ROOT, url=url), encoding="utf-8")
        self._tape = tape
        self._log = home.with_suffix(".log")
        self._forks = multiprocessing.get_context("forkserver")
        self._forks.set_forkserver_preload([crash_engine.__name__])

    def start_watching(self) -> ForkServerProcess:
        """Return when the first picture is looked at, or the process ended."""
        ready = self._tape.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        environment = {
            "STREETWARDEN_API_KEY": KEY,
            "STREETWARDEN_HOME": str(self.home),
        }
        arguments = (self._site, self._tape, environment, self._log)
        process = self._forks.Process(target=crash_engine.run, args=arguments)
        process.start()
        while process.is_alive() and not ready.exists():
            time.sleep(0.005)
        return process

    def complete(self) -> float:
        """Run undisturbed to the end; return how long watching took."""
        process = self.start_watching()
        begun = time.monotonic()
        process.join(300)
        assert process.exitcode == 0, self._log.read_text()[-3000:]
        return time.monotonic() - begun


def kill_at_random(
    engine: Engine, service: Service, *, kills: int, longest_s: float
) -> None:
    """Kill the engine at random moments of its run, and sometimes the service."""
    rng = random.Random(5)
    cut = 0
    while cut < kills:
        process = engine.start_watching()
        process.join(rng.uniform(0.0, longest_s))
        if rng.random() < 0.2:
            service.kill()
        process.kill()
        process.join()
        assert process.exitcode in {0, -signal.SIGKILL}
        finished = process.exitcode == 0
        cut += not finished
        # The more is done already, the shorter a run: follow that.
        longest_s = max(0.3, longest_s * (0.7 if finished else 1.05))


def names(files: Files, event_id: str) -> set[str]:
    return {line.split()[0] for line in files[event_id]}


def pictures(files: Files) -> Files:
    """Return what no clock and no key has a part in."""
    return {
        event_id: {line for line in lines if ".jpg " in line or "-clip.mp4 " in line}
        for event_id, lines in files.items()
    }


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(4, marks=pytest.mark.timeout(600)),
        pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(14_400)]),
    ],
)
def test_after_any_number_of_kills_the_service_holds_what_it_would_without(
    kills: int, tmp_path: Path
) -> None:
    tape = tmp_path / "tape.npz"
    calm = Service(tmp_path / "calm-service")
    try:
        calm.wait()
        # The model itself looks in this run; in the others, what it saw is played.
        longest_s = Engine(tmp_path / "calm", calm.url, tape).complete()
        expected_steps, expected_files = calm.holds()
    finally:
        calm.stop()

    service = Service(tmp_path / "service")
    engine = Engine(tmp_path / "engine", service.url, tape)
    try:
        service.wait()
        kill_at_random(engine, service, kills=kills, longest_s=longest_s)
        service.wait()
        engine.complete()
        steps, files = service.holds()
    finally:
        service.stop()

    assert len(expected_steps) >= 4
    assert steps == expected_steps
    assert pictures(files) == pictures(expected_files)
    for event_id in expected_files:
        assert names(files, event_id) == names(expected_files, event_id)
    check_home(engine.home, files)


def check_home(home: Path, files: Files) -> None:
    """Everything verifies, nothing waits, and the service has these very bytes."""
    assert verify_store(home / "evidence", KeyFolder(home / "keys").trusted()) == []
    store = MessageStore(home / "outbox.db", (), on_damage=lambda _: None)
    assert dead_letters(store) == []
    assert all(one.due == 0 for one in waiting(store))
    store.close()
    for event_id, arrived in files.items():
        folder = home / "evidence" / event_id
        manifest = json.loads((folder / "manifest.json").read_bytes())
        sealed = {f"{file['path']} {file['sha256']}" for file in manifest["files"]}
        sent = {line for line in arrived if not line.startswith("manifest-")}
        assert sent <= sealed
