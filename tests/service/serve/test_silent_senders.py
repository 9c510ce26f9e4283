"""Senders whose body stops in the middle, over real sockets."""

import base64
import hashlib
import json
import socket
from pathlib import Path

import httpx
import pytest

from serve.people.roles import Scope
from serve.settings import Settings
from tests.service.serve.conftest import Live, Start
from tests.service.serve.street import Seen, message

PICTURE = b"\xff\xd8\xff" + bytes(200_000)
HALF = len(PICTURE) // 2


@pytest.fixture
def live(start: Start, tmp_path: Path) -> Live:
    return start(Settings(home=tmp_path / "home", body_silence_s=1.5))


def begun(live: Live, head: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send a request's beginning, stop, and read until the service hangs up.

    Returns:
        Status, headers and body of the answer.
    """
    key = live.services.keys.create("engine", [Scope.INGEST])
    host = httpx.URL(live.url)
    head += f"\r\nHost: {host.host}\r\nAuthorization: Bearer {key}\r\n\r\n"
    with socket.create_connection((host.host, host.port or 80), timeout=20) as line:
        line.sendall(head.encode() + body)
        answer = b""
        while some := line.recv(65536):
            answer += some
    above, _, below = answer.partition(b"\r\n\r\n")
    first, *rest = above.decode().split("\r\n")
    headers = dict(one.lower().split(": ", 1) for one in rest)
    return int(first.split()[1]), headers, below


def report(engine: httpx.Client, event_id: str) -> None:
    sent = message(Seen(event_id=event_id))
    engine.post("/api/v1/events", json=sent).raise_for_status()


def test_a_file_that_stops_coming_is_given_up_and_can_be_sent_again(
    live: Live, engine: httpx.Client
) -> None:
    report(engine, "evt-1")
    digest = hashlib.sha256(PICTURE).hexdigest()
    path = "/api/v1/events/evt-1/evidence/0.jpg"
    head = (
        f"PUT {path} HTTP/1.1\r\nContent-Type: image/jpeg\r\n"
        f"X-Content-SHA256: {digest}\r\nContent-Length: {len(PICTURE)}"
    )
    status, headers, body = begun(live, head, PICTURE[:HALF])
    left = list((live.services.settings.home / "serve-evidence").rglob("tmp*"))
    again = engine.put(
        path,
        content=PICTURE,
        headers={"Content-Type": "image/jpeg", "X-Content-SHA256": digest},
    )

    assert status == 408
    assert headers["connection"] == "close"
    assert json.loads(body)["type"].endswith("timed-out")
    assert left == []
    assert again.status_code == 201


def test_a_document_that_stops_coming_is_given_up(live: Live) -> None:
    head = (
        "POST /api/v1/events HTTP/1.1\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000"
    )
    status, _, body = begun(live, head, b'{"specversion"')

    assert status == 408
    assert "stopped coming" in json.loads(body)["detail"]


def test_a_piece_of_an_upload_that_stops_coming_is_kept_so_far(
    live: Live, engine: httpx.Client
) -> None:
    report(engine, "evt-1")
    digest = hashlib.sha256(PICTURE).hexdigest()
    said = {
        "event_id": "evt-1",
        "filename": "0.jpg",
        "filetype": "image/jpeg",
        "sha256": digest,
    }
    pairs = (
        f"{key} {base64.b64encode(one.encode()).decode()}" for key, one in said.items()
    )
    told = engine.post(
        "/api/v1/uploads",
        headers={
            "Tus-Resumable": "1.0.0",
            "Upload-Length": str(len(PICTURE)),
            "Upload-Metadata": ",".join(pairs),
        },
    )
    where = "/api/v1/" + told.headers["Location"]
    head = (
        f"PATCH {where} HTTP/1.1\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        "Content-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {len(PICTURE)}"
    )
    status, _, _ = begun(live, head, PICTURE[:HALF])
    held = engine.head(where, headers={"Tus-Resumable": "1.0.0"})

    assert status == 408
    assert held.headers["Upload-Offset"] == str(HALF)


def test_who_listens_for_long_is_no_silent_sender(
    live: Live, engine: httpx.Client, reader: httpx.Client
) -> None:
    """Its body has ended: waiting for it to go away has no limit."""
    report(engine, "evt-1")
    head = (
        "POST /api/v1/events HTTP/1.1\r\nContent-Type: application/json\r\n"
        "Content-Length: 10"
    )
    with reader.stream("GET", "/api/v1/stream?types=violation.opened") as answer:
        lines = answer.iter_lines()
        next(lines)
        begun(live, head, b"{")  # takes longer than the limit
        report(engine, "evt-2")
        heard = next(line for line in lines if "evt-2" in line)

    assert heard
