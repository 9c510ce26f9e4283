"""Evidence arrives whole or not at all."""

from pathlib import Path

import httpx
import pytest

from serve.people.audit import Search
from serve.people.roles import Scope
from serve.settings import Settings
from tests.service.serve.conftest import Live, Start
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256
from vision.evidence.manifest import Entry, Manifest

EVENTS = "/api/v1/events"
PICTURE = jpeg()


@pytest.fixture
def reported(engine: httpx.Client) -> httpx.Client:
    """Return a client that has reported an event with one overlay and one original."""
    artifacts = (
        artifact("overlay.jpg", "overlay", PICTURE),
        artifact("wide_first.jpg", "wide_first", PICTURE),
    )
    sent = message(Seen(artifacts=artifacts))
    engine.post(EVENTS, json=sent).raise_for_status()
    return engine


def put(
    client: httpx.Client,
    content: bytes,
    *,
    name: str = "overlay.jpg",
    digest: str | None = None,
    media_type: str = "image/jpeg",
) -> httpx.Response:
    return client.put(
        f"{EVENTS}/evt-1/evidence/{name}",
        content=content,
        headers={
            "Content-Type": media_type,
            "X-Content-SHA256": digest or sha256(content),
        },
    )


def test_a_picture_goes_in_and_comes_out_unchanged(
    reported: httpx.Client, reader: httpx.Client
) -> None:
    first = put(reported, PICTURE)
    again = put(reported, PICTURE)

    assert (first.status_code, again.status_code) == (201, 200)
    listed = reader.get(f"{EVENTS}/evt-1").json()["evidence"]
    assert [(file["name"], file["url"] is not None) for file in listed] == [
        ("overlay.jpg", True),
        ("wide_first.jpg", False),
    ]
    picture = reader.get(listed[0]["url"])
    assert picture.content == PICTURE
    assert picture.headers["content-type"] == "image/jpeg"


def test_a_part_of_a_file_can_be_asked_for(
    reported: httpx.Client, reader: httpx.Client
) -> None:
    put(reported, PICTURE)

    part = reader.get(
        f"{EVENTS}/evt-1/evidence/overlay.jpg", headers={"Range": "bytes=10-19"}
    )

    assert part.status_code == 206
    assert part.content == PICTURE[10:20]


def test_bytes_that_do_not_match_their_hash_leave_nothing_behind(
    live: Live, reported: httpx.Client
) -> None:
    answer = put(reported, PICTURE[:-1], digest=sha256(PICTURE))

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/problems/hash-mismatch")
    root = live.services.settings.evidence_dir
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_other_bytes_than_the_event_announced_are_refused(
    reported: httpx.Client,
) -> None:
    other = jpeg((1, 2, 3))

    answer = put(reported, other)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/problems/evidence-conflict")
    # The engine takes a conflict that names its own hash for "already there".
    assert sha256(other) not in answer.text


def test_a_file_that_was_not_announced_gets_the_role_sent_along(
    reported: httpx.Client, reader: httpx.Client
) -> None:
    clip = b"\x00\x00\x00\x18ftypisom" + b"\x00" * 64
    answer = reported.put(
        f"{EVENTS}/evt-1/evidence/clip.mp4",
        content=clip,
        headers={
            "Content-Type": "video/mp4",
            "X-Content-SHA256": sha256(clip),
            "X-Evidence-Role": "clip",
        },
    )
    other = put(reported, PICTURE, name="clip.mp4")

    assert answer.status_code == 201
    assert other.status_code == 409
    assert reader.get(f"{EVENTS}/evt-1").json()["evidence"][2]["role"] == "clip"


def hand_in_manifest(
    client: httpx.Client, files: dict[str, bytes], event_id: str = "evt-1"
) -> httpx.Response:
    listed = [artifact(name, "clip", content) for name, content in files.items()]
    sealed = Manifest(event_id, 1, {}, entries=tuple(Entry(one, 1) for one in listed))
    content = sealed.to_bytes()
    return client.put(
        f"{EVENTS}/evt-1/evidence/manifest-001.json",
        content=content,
        headers={
            "Content-Type": "application/json",
            "X-Content-SHA256": sha256(content),
            "X-Evidence-Role": "manifest",
        },
    )


def test_what_a_manifest_lists_must_have_its_hash_before_and_after(
    reported: httpx.Client, reader: httpx.Client
) -> None:
    put(reported, PICTURE)
    other = jpeg((9, 9, 9))

    contradicts = hand_in_manifest(reported, {"overlay.jpg": other})
    agrees = hand_in_manifest(reported, {"overlay.jpg": PICTURE, "late.jpg": other})
    wrong = put(reported, PICTURE, name="late.jpg")
    right = put(reported, other, name="late.jpg")

    assert contradicts.status_code == 409
    assert "manifest: overlay.jpg" in contradicts.json()["detail"]
    assert agrees.status_code == 201
    assert (wrong.status_code, right.status_code) == (409, 201)
    listed = reader.get(f"{EVENTS}/evt-1").json()["evidence"]
    roles = {file["name"]: file["role"] for file in listed}
    assert (roles["overlay.jpg"], roles["late.jpg"]) == ("overlay", "clip")


def test_a_manifest_of_another_event_or_of_nothing_is_refused(
    reported: httpx.Client,
) -> None:
    other = hand_in_manifest(reported, {}, event_id="evt-2")
    headers = {"X-Evidence-Role": "manifest", "Content-Type": "application/json"}
    nothing = reported.put(
        f"{EVENTS}/evt-1/evidence/manifest.json",
        content=b"{}",
        headers={**headers, "X-Content-SHA256": sha256(b"{}")},
    )

    assert (other.status_code, nothing.status_code) == (422, 422)


def test_evidence_of_an_event_that_nobody_reported_is_refused(
    engine: httpx.Client,
) -> None:
    answer = put(engine, PICTURE)

    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/problems/unknown-event")


@pytest.mark.parametrize(
    "name",
    [
        "..%2F..%2Fserve.db",
        "%2e%2e",
        "a%2Fb",
        ".hidden",
        "a%00b",
        "%5C..%5Cx",
        "x" * 129,
    ],
)
def test_names_that_could_leave_the_folder_are_refused(
    live: Live, reported: httpx.Client, name: str
) -> None:
    before = sorted(live.services.settings.home.rglob("*"))

    answer = put(reported, PICTURE, name=name)

    assert answer.status_code in {404, 405, 422}
    assert sorted(live.services.settings.home.rglob("*")) == before


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/html", b"<script>"),
        ("image/svg+xml", b"<svg/>"),
        ("image/jpeg", b"<script>alert(1)</script>"),
        ("video/mp4", b"no video"),
        ("", PICTURE),
    ],
)
def test_content_that_is_not_an_accepted_type_is_refused(
    live: Live, reported: httpx.Client, media_type: str, content: bytes
) -> None:
    answer = put(reported, content, name="new.bin", media_type=media_type)

    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"
    root = live.services.settings.evidence_dir
    assert [path for path in root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("sent", ["announced", "streamed"])
def test_a_file_over_the_limit_is_refused_announced_or_not(
    start: Start, tmp_path: Path, sent: str
) -> None:
    live = start(Settings(home=tmp_path / "small", max_evidence_bytes=4096))
    content = b"\xff\xd8\xff" + bytes(8192)
    seen = Seen(artifacts=(artifact("overlay.jpg", "overlay", content),))
    with live.client(Scope.INGEST) as client:
        client.post(EVENTS, json=message(seen)).raise_for_status()

        answer = client.put(
            f"{EVENTS}/evt-1/evidence/overlay.jpg",
            content=content
            if sent == "announced"
            else iter([content[:4000], content[4000:]]),
            headers={
                "Content-Type": "image/jpeg",
                "X-Content-SHA256": sha256(content),
            },
        )

    assert answer.status_code == 413
    assert answer.json()["type"].endswith("/problems/too-large")


def test_an_original_needs_the_scope_and_a_marked_copy_does_not(
    live: Live, reported: httpx.Client, reader: httpx.Client
) -> None:
    put(reported, PICTURE, name="wide_first.jpg")
    put(reported, PICTURE)
    original = f"{EVENTS}/evt-1/evidence/wide_first.jpg"

    assert reader.get(original).status_code == 403
    assert reader.get(original.replace("wide_first", "overlay")).status_code == 200
    with live.client(Scope.READ, Scope.ORIGINALS) as trusted:
        assert trusted.get(original).status_code == 422
        reason = {"reason": "case 4711, plate unreadable in the copy"}
        assert trusted.get(original, params=reason).content == PICTURE
    line = live.services.audit.page(Search(), limit=1)[0]
    assert (line.action, line.subject) == ("original.read", "evt-1/wide_first.jpg")
    assert line.reason == reason["reason"]


def test_a_browser_keeps_no_original_and_no_copy_for_somebody_else(
    live: Live, reported: httpx.Client
) -> None:
    put(reported, PICTURE, name="wide_first.jpg")
    put(reported, PICTURE)
    with live.client(Scope.READ, Scope.ORIGINALS) as trusted:
        shared = trusted.get(f"{EVENTS}/evt-1/evidence/overlay.jpg")
        original = trusted.get(f"{EVENTS}/evt-1/evidence/wide_first.jpg?reason=x")

    assert original.headers["cache-control"] == "no-store"
    assert shared.headers["vary"] == "Authorization, Cookie"


def test_a_disk_that_takes_no_more_is_a_503_that_says_try_again(
    live: Live, reported: httpx.Client
) -> None:
    # A file where the folder should be fails like a full disk, also for root.
    live.services.settings.evidence_dir.write_bytes(b"")

    answer = put(reported, PICTURE)

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_what_a_caller_has_already_is_not_sent_again(
    reported: httpx.Client, reader: httpx.Client
) -> None:
    put(reported, PICTURE)
    url = f"{EVENTS}/evt-1/evidence/overlay.jpg"
    tag = reader.get(url).headers["ETag"]

    for known in (tag, f'"other", W/{tag}', "*"):
        same = reader.get(url, headers={"If-None-Match": known})
        assert (same.status_code, same.content) == (304, b"")
        assert same.headers["ETag"] == tag
    other = reader.get(url, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, PICTURE)
