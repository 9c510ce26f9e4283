"""Kill the engine's side and the service at random moments; nothing may be lost."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.service.crash_run import EVENTS, KEY, READY
from vision.evidence.keys import KeyFolder
from vision.evidence.verify_store import verify_store
from vision.sinks.letters import dead_letters, waiting
from vision.sinks.store import MessageStore

ROOT = Path(__file__).parents[2]
CLIP = ROOT / "datasets" / "demo" / "street.mp4"
Steps = dict[str, list[str]]
Files = dict[str, set[str]]


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
        for _ in range(300):
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


def start(home: Path, url: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.service.crash_run"]
    log = (home.parent / "engine.log").open("ab")
    with log:
        return subprocess.Popen(
            [*command, str(home), url, str(CLIP)], cwd=ROOT, stdout=log, stderr=log
        )


def complete(home: Path, url: str) -> float:
    """Run undisturbed to the end; return how long that took."""
    begun = time.monotonic()
    assert start(home, url).wait(180) == 0
    return time.monotonic() - begun


def kill_at_random(
    home: Path, service: Service, *, kills: int, longest_s: float
) -> None:
    """Kill the engine at random moments of its run, and sometimes the service."""
    rng = random.Random(5)
    cut = 0
    while cut < kills:
        (home / READY).unlink(missing_ok=True)
        engine = start(home, service.url)
        while engine.poll() is None and not (home / READY).exists():
            time.sleep(0.005)
        time.sleep(rng.uniform(0.0, longest_s))
        if rng.random() < 0.2:
            service.kill()
        finished = engine.poll() is not None
        engine.send_signal(signal.SIGKILL)
        engine.wait()
        cut += not finished
        # The more is done already, the shorter a run: follow that.
        longest_s = max(0.3, longest_s * (0.7 if finished else 1.05))


def names(files: Files, event_id: str) -> set[str]:
    return {line.split()[0] for line in files[event_id]}


@pytest.mark.slow
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(6, marks=pytest.mark.timeout(300)),
        pytest.param(200, marks=pytest.mark.timeout(3600)),
    ],
)
def test_after_any_number_of_kills_the_service_holds_what_it_would_without(
    kills: int, tmp_path: Path
) -> None:
    calm = Service(tmp_path / "calm-service")
    try:
        calm.wait()
        longest_s = complete(tmp_path / "calm-engine", calm.url)
        expected_steps, expected_files = calm.holds()
    finally:
        calm.stop()

    service = Service(tmp_path / "service")
    try:
        service.wait()
        home = tmp_path / "engine"
        kill_at_random(home, service, kills=kills, longest_s=longest_s)
        service.wait()
        complete(home, service.url)
        steps, files = service.holds()
    finally:
        service.stop()

    assert len(expected_steps) == EVENTS
    assert steps == expected_steps
    for event_id in expected_files:
        assert names(files, event_id) == names(expected_files, event_id)
    check_home(home, files)


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
        pictures = {line for line in arrived if not line.startswith("manifest-")}
        assert pictures <= sealed
