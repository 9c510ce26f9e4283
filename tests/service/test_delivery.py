"""From the outbox into the real event service."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes import START
from tests.unit.evidence.scenes import SCENE, decided, observed, standing, street
from tests.unit.sinks.messages import CODE, PROVENANCE
from vision.core.clock import SystemClock
from vision.core.events import ViolationEvent
from vision.core.health import HealthEvent, HealthKind
from vision.core.violations import Lifecycle
from vision.evidence.keys import KeyFolder
from vision.evidence.seal import Sealer
from vision.evidence.store import PackageStore
from vision.sinks.client import ServiceClient
from vision.sinks.http import HttpReceiver
from vision.sinks.letters import dead_letters
from vision.sinks.outbox import Outbox

KEY = "k" * 32
ROOT = Path(__file__).parents[2]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[str]:
    """The service as a process of its own; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "serve", "--port", str(port), "--open-reads"]
    command += ["--home", str(tmp_path / "serve")]
    environment = os.environ | {"STREETWARDEN_API_KEY": KEY}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(400):
        try:
            if httpx.get(f"{url}/readyz", timeout=2).is_success:
                break
        except httpx.TransportError:
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(20)


def test_the_service_shows_the_event_with_every_file_byte_for_byte(
    service: str, tmp_path: Path
) -> None:
    root, clock = tmp_path / "evidence", SystemClock()
    sealer = Sealer(root, clock=clock, signer=KeyFolder(tmp_path / "keys").signer())
    store = PackageStore(root, sealer=sealer, clock=clock)
    receiver = HttpReceiver(ServiceClient(service, api_key=KEY))
    outbox = Outbox(tmp_path / "outbox.db", [receiver])
    store.deliver_late_to(outbox.attach)
    at, end = street(1), street(9)
    place = standing(at)
    for sequence, frame, lifecycle in (
        (1, at, Lifecycle.OPENED),
        (2, end, Lifecycle.CLEARED),
    ):
        seen = observed(frame, place)
        store.observe(seen)
        step = decided(frame, place, sequence=sequence, lifecycle=lifecycle)
        evidence = store.keep(step, seen)
        outbox.put(ViolationEvent(step, SCENE, CODE, PROVENANCE, evidence))
    blind = HealthEvent(HealthKind.VIEW_BLIND, False, START, "black", "gate")  # noqa: FBT003 a flag of the noun
    outbox.put_health(blind)
    store.close(30)
    outbox.close(30)
    shown = httpx.get(f"{service}/api/v1/events/event-1", timeout=10).json()
    there = {file["name"]: file["sha256"] for file in shown["evidence"] if file["url"]}
    sealed = {
        path.name: path
        for path in (tmp_path / "evidence" / "event-1").iterdir()
        if path.name not in {"manifest.json", "manifest.sig"}
    }

    assert shown["lifecycle"] == "cleared"
    assert there.keys() == sealed.keys()
    assert "001-clip.mp4" in there
    assert not dead(tmp_path)
    told = httpx.get(f"{service}/api/v1/messages?after=0&types=evidence.", timeout=10)
    packages = [one["message"]["data"] for one in told.json()["items"]]
    # The opening, then the clearing and the clip, whichever was sealed before.
    assert [one["revision"] for one in packages] == [1, 2, 3]
    assert {file["name"] for file in packages[-1]["files"]} == sealed.keys()
    for one in packages:
        names = {file["name"] for file in one["files"] if file["url"]}
        assert {one["manifest"], one["manifest"].replace(".json", ".sig")} <= names
    overlay = httpx.get(
        f"{service}/api/v1/events/event-1/evidence/001-overlay.jpg", timeout=10
    )
    assert overlay.content == sealed["001-overlay.jpg"].read_bytes()
    cameras = httpx.get(f"{service}/api/v1/cameras", timeout=10).text
    assert "view_blind" in cameras


def dead(home: Path) -> list[str]:
    outbox = Outbox(home / "outbox.db", [])
    letters = [letter.error or "" for letter in dead_letters(outbox.store)]
    outbox.close(1)
    return letters
