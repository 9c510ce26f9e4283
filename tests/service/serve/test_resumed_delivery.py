"""An engine's evidence over lines that break, to a real service."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from serve.people.roles import Scope
from serve.settings import Settings
from tests.service.serve.conftest import Live, Start
from tests.service.serve.line import Line, line_to
from tests.unit.sinks.messages import artifact, event
from vision.core.backoff import Backoff
from vision.sinks.client import ServiceClient
from vision.sinks.http import HttpReceiver
from vision.sinks.lanes import RetryPolicy
from vision.sinks.letters import dead_letters
from vision.sinks.outbox import Outbox

QUICK = RetryPolicy(backoff=Backoff(first_s=0.02, cap_s=0.2))
SIZE = 3 << 20
OVERHEAD = 40_000  # the event and every request's headers


@pytest.fixture(params=["folder", "object store"])
def served(request: pytest.FixtureRequest, start: Start, tmp_path: Path) -> Live:
    """Start a service with each kind of storage."""
    settings = Settings(home=tmp_path / "home")
    if request.param != "folder":
        endpoint = request.getfixturevalue("s3")
        url = f"s3://evidence/{tmp_path.name}"
        settings = Settings(
            home=tmp_path / "home", evidence_url=url, evidence_endpoint=endpoint
        )
    return start(settings)


@pytest.fixture
def line(served: Live) -> Iterator[Line]:
    with line_to(urlsplit(served.url).port or 0) as line:
        yield line


def deliver(live: Live, line: Line, tmp_path: Path, payload: bytes) -> Outbox:
    key = live.services.keys.create("engine", [Scope.INGEST])
    client = ServiceClient(line.url, api_key=key, timeout_s=5, name="city")
    outbox = Outbox(tmp_path / "outbox.db", [HttpReceiver(client)], policy=QUICK)
    outbox.put(event(artifacts=(artifact(tmp_path / "wide.jpg", payload),)))
    outbox.close(30)
    return outbox


def test_a_cut_at_byte_n_goes_on_at_byte_n(
    served: Live, line: Line, tmp_path: Path
) -> None:
    payload = b"\xff\xd8\xff" + os.urandom(SIZE)
    line.cuts = [1_000_000, 700_000, 5_000, 800_000]
    deliver(served, line, tmp_path, payload)

    with served.client(Scope.READ, Scope.ORIGINALS) as reader:
        events = reader.get("/api/v1/events").json()["items"]
        event_id = events[0]["event_id"]
        url = f"/api/v1/events/{event_id}/evidence/wide.jpg?reason=test"
        assert reader.get(url).content == payload
    assert not line.cuts
    # Every byte went over the line once, but for what a break swallowed on its way.
    assert line.sent < len(payload) + OVERHEAD + 4 * 400_000
    assert line.sent < 2 * len(payload)


def test_a_receiver_whose_uploads_lead_elsewhere_is_not_followed(
    tmp_path: Path,
) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url}")
        if request.url.path.endswith("/uploads"):
            told = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"}
            told["Location"] = "http://elsewhere.example.org/x"
            return httpx.Response(201, headers=told)
        return httpx.Response(201)

    client = ServiceClient(
        "http://city.example.org", api_key="k", transport=httpx.MockTransport(answer)
    )
    outbox = Outbox(tmp_path / "outbox.db", [HttpReceiver(client)], policy=QUICK)
    outbox.put(event(artifacts=(artifact(tmp_path / "w.jpg", bytes(400_000)),)))
    outbox.close(0.5)
    again = Outbox(tmp_path / "outbox.db", [])
    refused = dead_letters(again.store)
    again.close(0)

    assert asked
    assert all("city.example.org" in line for line in asked)
    assert refused == []
