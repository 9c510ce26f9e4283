"""Resumable uploads as tus 1.0.0 has them: core and creation."""

import base64
import os
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from serve.errors import Unavailable, UnknownUpload
from serve.partials import PartialFiles
from serve.people.roles import Scope
from serve.settings import Settings
from serve.store.evidence import Upload
from tests.fakes import ManualClock
from tests.service.serve.conftest import Live, Start
from tests.service.serve.street import Seen, artifact, message, sha256

EVENTS = "/api/v1/events"
CLIP = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def reported(engine: httpx.Client) -> httpx.Client:
    """Return a client that has reported an event with a clip."""
    clip = artifact("001-clip.mp4", "clip", CLIP)
    engine.post(EVENTS, json=message(Seen(artifacts=(clip,)))).raise_for_status()
    return engine


def begin(client: httpx.Client, content: bytes = CLIP, **other: str) -> httpx.Response:
    said = {
        "event_id": "evt-1",
        "filename": "001-clip.mp4",
        "filetype": "video/mp4",
        "sha256": sha256(content),
        "role": "clip",
    } | other
    pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in said.items())
    headers = {"Upload-Length": str(len(content)), "Upload-Metadata": ",".join(pairs)}
    return client.post("/api/v1/uploads", headers=TUS | headers)


def send(
    client: httpx.Client, begun: httpx.Response, piece: bytes, offset: int
) -> httpx.Response:
    return client.patch(
        str(begun.request.url.join(begun.headers["Location"])),
        content=piece,
        headers=TUS
        | {
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
        },
    )


def left(live: Live) -> list[str]:
    folder = live.services.settings.evidence_dir / "incoming"
    return sorted(path.suffix for path in folder.glob("*"))


def test_a_file_comes_in_pieces_and_is_stored_with_the_last(
    live: Live, reported: httpx.Client, reader: httpx.Client
) -> None:
    begun = begin(reported)
    first = send(reported, begun, CLIP[:1000], 0)
    again = begin(reported)
    told = reported.head(
        str(begun.request.url.join(begun.headers["Location"])), headers=TUS
    )
    last = send(reported, again, CLIP[1000:], 1000)
    after = begin(reported)

    assert (begun.status_code, first.status_code, last.status_code) == (201, 204, 204)
    assert again.headers["Location"] == begun.headers["Location"]
    offsets = [one.headers["Upload-Offset"] for one in (begun, first, again, told)]
    assert offsets == ["0", "1000", "1000", "1000"]
    assert told.headers["Upload-Length"] == str(len(CLIP))
    assert told.headers["Cache-Control"] == "no-store"
    assert after.headers["Upload-Offset"] == str(len(CLIP))
    assert live.services.files.size(sha256(CLIP)) == len(CLIP)
    stored = reader.get(f"{EVENTS}/evt-1").json()["evidence"][0]
    assert (stored["role"], stored["url"] is not None) == ("clip", True)
    assert left(live) == []


def test_a_break_keeps_the_bytes_that_came(live: Live, engine: httpx.Client) -> None:
    long = CLIP * 60
    clip = artifact("001-clip.mp4", "clip", long)
    engine.post(EVENTS, json=message(Seen(artifacts=(clip,)))).raise_for_status()
    begun = begin(engine, long)
    url = begun.request.url.join(begun.headers["Location"])
    head = (
        f"PATCH {url.path} HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\n"
        f"Authorization: {engine.headers['Authorization']}\r\nUpload-Offset: 0\r\n"
        "Content-Type: application/offset+octet-stream\r\n"
        f"Content-Length: {len(long)}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port)) as line:
        line.sendall(head.encode() + long[:300_000])
        came = until(lambda: offset_of(engine, url))
        busy = send(engine, begun, long[came:], came)
    rest = until(lambda: resumed(engine, begun, long))

    assert busy.status_code == 423
    assert came >= 256 << 10
    assert rest == 204
    assert live.services.files.size(sha256(long)) == len(long)


def until(ask: Callable[[], int]) -> int:
    for _ in range(400):
        if answer := ask():
            return answer
        time.sleep(0.02)
    pytest.fail("it never came")


def offset_of(client: httpx.Client, url: httpx.URL) -> int:
    return int(client.head(str(url), headers=TUS).headers["Upload-Offset"])


def resumed(client: httpx.Client, begun: httpx.Response, content: bytes) -> int:
    """Go on from where it is; 0 while the broken request still holds it."""
    offset = int(begin(client, content).headers["Upload-Offset"])
    answer = send(client, begun, content[offset:], offset)
    return 0 if answer.status_code in {409, 423} else answer.status_code


def test_bytes_that_do_not_follow_are_refused_and_told_where_to_go_on(
    reported: httpx.Client,
) -> None:
    begun = begin(reported)
    send(reported, begun, CLIP[:100], 0)

    twice = send(reported, begun, CLIP[:100], 0)
    gap = send(reported, begun, CLIP[200:], 200)

    assert (twice.status_code, gap.status_code) == (409, 409)
    assert twice.json()["type"].endswith("/problems/offset-conflict")
    assert twice.headers["Upload-Offset"] == gap.headers["Upload-Offset"] == "100"


def test_damaged_bytes_are_forgotten_so_that_the_file_can_come_again(
    live: Live, reported: httpx.Client
) -> None:
    begun = begin(reported)
    damaged = send(reported, begun, CLIP[:-1] + b"?", 0)
    again = begin(reported)
    right = send(reported, again, CLIP, 0)

    assert damaged.status_code == 422
    assert damaged.json()["type"].endswith("/problems/hash-mismatch")
    assert again.headers["Upload-Offset"] == "0"
    assert right.status_code == 204
    assert left(live) == []


def test_more_than_was_announced_is_refused(reported: httpx.Client) -> None:
    begun = begin(reported)

    answer = send(reported, begun, CLIP + b"more", 0)

    assert answer.status_code == 413
    assert send(reported, begun, CLIP, 0).status_code == 204


def test_what_the_whole_file_may_not_the_pieces_may_not_either(
    start: Start, tmp_path: Path
) -> None:
    live = start(Settings(home=tmp_path / "small", max_evidence_bytes=4096))
    with live.client(Scope.INGEST) as engine:
        engine.post(EVENTS, json=message(Seen())).raise_for_status()
        large = begin(engine)
        other = begin(engine, CLIP[:500], event_id="nobody")
        kind = begin(engine, CLIP[:500], filetype="text/html")
        name = begin(engine, CLIP[:500], filename="../serve.db")
        able = engine.options("/api/v1/uploads")
    with live.client(Scope.READ) as reader, live.client() as stranger:
        statuses = [begin(reader).status_code, begin(stranger).status_code]

    assert [one.status_code for one in (large, other, kind, name)] == [
        413, 404, 415, 422,
    ]  # fmt: skip
    assert all(one.headers["Tus-Resumable"] == "1.0.0" for one in (large, other))
    assert statuses == [403, 401]
    assert able.headers["Tus-Version"] == "1.0.0"
    assert able.headers["Tus-Max-Size"] == "4096"
    assert not (live.services.settings.evidence_dir / "incoming").exists()


def test_announced_bytes_must_be_those_that_are_begun(reported: httpx.Client) -> None:
    assert begin(reported, CLIP + b"x").status_code == 409


def test_a_version_that_is_not_spoken_is_named(reported: httpx.Client) -> None:
    answer = reported.post("/api/v1/uploads", headers={"Tus-Resumable": "0.2.2"})

    assert answer.status_code in {412, 422}
    begun = begin(reported)
    url = str(begun.request.url.join(begun.headers["Location"]))
    older = reported.head(url, headers={"Tus-Resumable": "0.2.2"})
    assert older.status_code == 412
    assert older.headers["Tus-Version"] == "1.0.0"


@pytest.mark.parametrize("upload_id", ["0" * 32, "..%2F..%2Fserve", "a.b"])
def test_an_upload_that_is_not_known_is_not_found(
    reported: httpx.Client, upload_id: str
) -> None:
    assert reported.head(f"/api/v1/uploads/{upload_id}", headers=TUS).is_client_error


def test_a_service_that_died_before_the_record_finishes_when_asked_again(
    live: Live, reported: httpx.Client
) -> None:
    begun = begin(reported)
    name = begun.headers["Location"].rpartition("/")[2]
    bytes_path = live.services.settings.evidence_dir / "incoming" / f"{name}.bytes"
    bytes_path.write_bytes(CLIP)

    again = begin(reported)

    assert again.headers["Upload-Offset"] == str(len(CLIP))
    assert live.services.files.size(sha256(CLIP)) == len(CLIP)


def test_uploads_are_bounded_in_bytes_and_in_age(tmp_path: Path) -> None:
    clock = ManualClock()
    partials = PartialFiles(tmp_path / "in", limit_bytes=1000, clock=clock)
    first = partials.begin(_upload("a"), 600)
    with pytest.raises(Unavailable, match="1200 bytes would be on their way in"):
        partials.begin(_upload("b"), 600)
    stray = tmp_path / "in" / "tmpabc"
    stray.touch()
    old_s = (clock.now() - timedelta(days=2)).timestamp()
    for path in (tmp_path / "in").iterdir():
        os.utime(path, (old_s, old_s))

    assert partials.begin(_upload("b"), 600).offset == 0
    with pytest.raises(UnknownUpload, match="not known"):
        partials.find(first.upload_id)
    assert not stray.exists()


def _upload(name: str) -> Upload:
    return Upload("evt-1", name, "video/mp4", "0" * 64)
