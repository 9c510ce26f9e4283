"""What two nodes sealed of one event arrives at a real service, whole."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from serve.people.roles import Scope
from tests.service.serve.conftest import Live
from tests.service.serve.test_packages import told
from tests.unit.cluster.test_received_packages import CLIP, Node, Site
from vision.evidence.seal import SIGNATURE
from vision.sinks.client import ServiceClient
from vision.sinks.http import HttpReceiver
from vision.sinks.letters import dead_letters

COPIES = {"manifest.json", SIGNATURE}  # of the newest seal; they stay at the desk


@pytest.fixture
def site(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A desk that delivers to a service."""
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "desk"))
    key = live.services.keys.create("engine", [Scope.INGEST])
    receiver = HttpReceiver(ServiceClient(live.url, api_key=key, name="city"))
    with closing(Site(tmp_path / "desk", receivers=[receiver])) as site:
        yield site


def here_and_there(site: Site, live: Live) -> tuple[set[str], set[str], set[str]]:
    """Deliver all; return the files at the desk, those that arrived, those awaited."""
    ends_s = time.monotonic() + 20
    while site.outbox.undelivered_events() and time.monotonic() < ends_s:
        time.sleep(0.05)
    assert dead_letters(site.outbox.store) == []
    with live.client(Scope.READ) as reader:
        event = reader.get("/api/v1/events/event-1").json()
    arrived = {file["name"] for file in event["evidence"] if file["url"]}
    awaited = {file["name"] for file in event["evidence"] if not file["url"]}
    here = {path.name for path in site.package().iterdir()} - COPIES
    return here, arrived, awaited


@pytest.mark.parametrize("clip_comes", ["before", "between", "after"])
def test_a_clip_that_comes_late_arrives_with_all_that_the_next_node_sealed(
    site: Site, live: Live, tmp_path: Path, clip_comes: str
) -> None:
    first = Node(tmp_path / "node-1", site)
    first.step()
    with closing(Node(tmp_path / "node-2", site)) as second:
        if clip_comes == "before":
            first.close()
        second.step(11)
        if clip_comes == "between":
            first.close()
        second.step(12)
    first.close()

    here, arrived, awaited = here_and_there(site, live)
    assert CLIP in here
    assert (arrived, awaited) == (here, set())
    with live.client(Scope.READ) as reader:
        manifests = {one["data"]["manifest"] for one in told(reader)}
    assert manifests == {name for name in here if name.endswith(".json")}
    assert site.whole()
