"""Those who follow are told when an event's evidence is complete: once, and surely."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from serve.people.roles import Role, Scope
from serve.settings import Settings
from serve.store.evidence import Upload
from serve.store.retention_tables import DeletionRow
from serve.store.tables import EvidenceRow
from tests.service.serve.broker import Desk, broker, free_port, needs_broker
from tests.service.serve.city import GRID, MONDAY, report
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.receiver import receiving
from tests.service.serve.street import Seen, artifact, jpeg, message, sha256
from tests.service.serve.test_api_stream import listening
from tests.service.serve.test_uploads import begin, send
from vision.evidence.manifest import Entry, Manifest

EVENTS = "/api/v1/events"
TYPE = "org.streetwarden.evidence.completed.v1"
FIRST, SECOND = jpeg(), jpeg((9, 9, 9))
CLIP = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40


@dataclass
class Sealing:
    """An engine that seals packages and hands their files in."""

    client: httpx.Client
    event_id: str = "evt-1"
    files: dict[str, bytes] = field(default_factory=dict)
    sealed: int = 0

    def seal(self, **files: bytes) -> str:
        """Seal one more revision with these files; return its manifest's name."""
        self.files |= {name.replace("_", "."): one for name, one in files.items()}
        self.sealed += 1
        entries = tuple(
            Entry(artifact(name, role_of(name), content), 1)
            for name, content in self.files.items()
        )
        name = f"manifest-{self.sealed:03d}.json"
        sealed = Manifest(self.event_id, self.sealed, {}, entries=entries)
        self.files[name] = sealed.to_bytes()
        return name

    def put(self, *names: str) -> None:
        for name in names:
            self.try_to_put(name).raise_for_status()

    def try_to_put(self, name: str) -> httpx.Response:
        content = self.files[name]
        kind = {"json": "application/json", "mp4": "video/mp4"}.get(
            name[-4:].strip(".")
        )
        return self.client.put(
            f"{EVENTS}/{self.event_id}/evidence/{name}",
            content=content,
            headers={
                "Content-Type": kind or "image/jpeg",
                "X-Content-SHA256": sha256(content),
                "X-Evidence-Role": role_of(name),
            },
        )


def role_of(name: str) -> str:
    return "manifest" if name.endswith(".json") else "overlay"


@pytest.fixture
def sealing(engine: httpx.Client) -> Sealing:
    """Give an engine that has reported an event."""
    report(engine)
    return Sealing(engine)


def told(reader: httpx.Client) -> list[Any]:
    """Return what was told of evidence, oldest first."""
    page = reader.get("/api/v1/messages", params={"types": "evidence.", "after": 0})
    return [one["message"] for one in page.raise_for_status().json()["items"]]


def revisions(reader: httpx.Client) -> list[int]:
    return [one["data"]["revision"] for one in told(reader)]


@pytest.mark.parametrize("manifest_comes", ["last", "first", "between"])
def test_a_package_is_told_of_with_the_file_that_completes_it(
    sealing: Sealing, reader: httpx.Client, manifest_comes: str
) -> None:
    manifest = sealing.seal(a_jpg=FIRST, b_jpg=SECOND)
    names = ["a.jpg", "b.jpg"]
    places = {"first": 0, "between": 1, "last": 2}
    names.insert(places[manifest_comes], manifest)
    counts = []
    for name in names:
        sealing.put(name)
        counts.append(len(told(reader)))

    assert counts == [0, 0, 1]
    (one,) = told(reader)
    jsonschema.validate(one, reader.get("/schemas/evidence-event.v1.json").json())
    assert (one["type"], one["subject"]) == (TYPE, "events/evt-1")
    data = one["data"]
    assert (data["case"], data["code"], data["slug"]) == (1, "09009", "illegal_parking")
    assert (data["manifest"], data["revision"]) == (manifest, 1)
    for file in data["files"]:
        assert reader.get(file["url"]).status_code in {200, 403}
        assert sealing.files.pop(file["name"])
    assert sealing.files == {}


@pytest.mark.parametrize("taken", [True, False])
def test_an_earlier_seal_may_have_another_name_here_than_in_the_manifest(
    sealing: Sealing, reader: httpx.Client, *, taken: bool
) -> None:
    """Two nodes have sealed one event; the seal that came later lies beside."""
    if taken:
        other = Sealing(sealing.client)
        other.put("b.jpg", other.seal(b_jpg=SECOND))
    earlier, beside = sealing.seal(a_jpg=FIRST), "manifest-001-1a2b3c4d.json"
    manifest = sealing.seal(c_jpg=FIRST)
    sealing.files[beside] = sealing.files.pop(earlier)
    sealing.put("a.jpg", "c.jpg", beside, manifest)

    assert [one["data"]["manifest"] for one in told(reader)][-2:] == [beside, manifest]
    event = reader.get(f"{EVENTS}/evt-1").json()
    assert all(file["url"] for file in event["evidence"])


def test_a_listed_file_that_is_no_seal_is_known_by_its_name(
    sealing: Sealing, reader: httpx.Client
) -> None:
    first = sealing.seal(a_jpg=FIRST)
    sealing.put("a.jpg", first)
    manifest = sealing.seal(b_jpg=FIRST)  # the same bytes
    sealing.put(manifest)

    assert revisions(reader) == [1]


def test_what_is_handed_in_again_is_not_told_again(
    sealing: Sealing, reader: httpx.Client
) -> None:
    names = [sealing.seal(a_jpg=FIRST), "a.jpg"]
    sealing.put(*names, *names, *names)

    assert revisions(reader) == [1]


def test_a_clip_that_comes_later_completes_the_package_once_more(
    sealing: Sealing, reader: httpx.Client
) -> None:
    first = sealing.seal(a_jpg=FIRST)
    sealing.put("a.jpg", first)
    second = sealing.seal(clip_mp4=CLIP)
    early = revisions(reader)
    sealing.put(second)
    waiting = revisions(reader)
    sealing.put("clip.mp4")

    assert (early, waiting) == ([1], [1])
    assert revisions(reader) == [1, 2]
    names = [file["name"] for file in told(reader)[-1]["data"]["files"]]
    assert sorted(names) == ["a.jpg", "clip.mp4", first, second]


def test_a_clip_that_is_refused_keeps_back_only_the_manifest_that_lists_it(
    start: Start, tmp_path: Path
) -> None:
    live = start(Settings(home=tmp_path / "home", max_evidence_bytes=4096))
    with live.client(Scope.INGEST) as engine, live.client(Scope.READ) as reader:
        report(engine)
        sealing = Sealing(engine)
        sealing.put(sealing.seal(a_jpg=FIRST), "a.jpg")
        sealing.put(sealing.seal(clip_mp4=CLIP))
        refused = sealing.try_to_put("clip.mp4")
        shown = reader.get(f"{EVENTS}/evt-1").json()["evidence"]

        assert refused.status_code == 413
        assert revisions(reader) == [1]
    assert [one["name"] for one in shown if one["url"] is None] == ["clip.mp4"]


def test_a_clip_that_came_in_pieces_counts_as_well(
    sealing: Sealing, reader: httpx.Client
) -> None:
    sealing.put(sealing.seal(clip_mp4=CLIP))
    begun = begin(sealing.client, CLIP, filename="clip.mp4")
    send(sealing.client, begun, CLIP, 0).raise_for_status()

    assert revisions(reader) == [1]


def test_what_was_cut_off_before_it_was_told_is_told_when_the_engine_repeats_itself(
    live: Live, sealing: Sealing, reader: httpx.Client
) -> None:
    manifest = sealing.seal(a_jpg=FIRST)
    sealing.put(manifest)
    # The record alone, as a service leaves it that is killed right after.
    upload = Upload("evt-1", "a.jpg", "image/jpeg", sha256(FIRST), "overlay")
    live.services.evidence.add(upload, role="overlay", size_bytes=len(FIRST))
    before = revisions(reader)
    again = sealing.try_to_put("a.jpg")

    assert (before, again.status_code) == ([], 200)
    assert revisions(reader) == [1]


def test_files_that_are_recorded_at_once_complete_a_package_once(
    live: Live, sealing: Sealing, reader: httpx.Client
) -> None:
    pictures = {f"p{n}_jpg": jpeg((n, n, n)) for n in range(6)}
    names = [sealing.seal(**pictures), *(one.replace("_", ".") for one in pictures)]
    clients = [live.client(Scope.INGEST) for _ in names]
    with ThreadPoolExecutor(len(names)) as pool:
        pairs = zip(clients, names, strict=True)
        hand = [
            pool.submit(Sealing(client, files=sealing.files).put, name)
            for client, name in pairs
        ]
        for one in hand:
            one.result()
    for client in clients:
        client.close()

    assert revisions(reader) == [1]


def test_what_was_deleted_under_a_rule_had_come(
    live: Live, sealing: Sealing, reader: httpx.Client
) -> None:
    sealing.put(sealing.seal(a_jpg=FIRST), "a.jpg")
    with live.services.database.write() as session:
        session.delete(session.get_one(EvidenceRow, ("evt-1", "a.jpg")))
        line = {"role": "overlay", "sha256": sha256(FIRST), "size_bytes": len(FIRST)}
        session.add(
            DeletionRow(
                event_id="evt-1", name="a.jpg", rule="shared", decided_at=MONDAY, **line
            )
        )
    sealing.put(sealing.seal(b_jpg=SECOND), "b.jpg")

    assert revisions(reader) == [1, 2]
    files = told(reader)[-1]["data"]["files"]
    assert [one["name"] for one in files if one["url"] is None] == ["a.jpg"]


def test_a_manifest_whose_bytes_are_lost_stops_no_evidence(
    live: Live, sealing: Sealing, reader: httpx.Client
) -> None:
    manifest = sealing.seal(a_jpg=FIRST)
    sealing.put(manifest)
    live.services.files.delete(sha256(sealing.files[manifest]))
    sealing.put("a.jpg")

    assert revisions(reader) == []


def test_evidence_is_told_by_webhook_and_stream_and_only_to_those_it_is_for(
    start: Start, tmp_path: Path
) -> None:
    settings = Settings(
        home=tmp_path / "home", config_dir=CONFIGS, allow_private_webhooks=True
    )
    live = start(settings)
    with (
        receiving() as ours,
        receiving() as others,
        live.person("root", Role.ADMIN) as root,
        live.person("wang", Role.VIEWER, "民主路") as elsewhere,
        live.client(Scope.INGEST) as engine,
        live.client(Scope.READ) as reader,
        listening(reader, "?types=evidence.") as listener,
    ):
        root.put("/api/v1/grid", json=GRID).raise_for_status()
        report(engine)
        case = reader.get("/api/v1/cases/1").json()
        for desk, code in ((ours, case["department"]), (others, "elsewhere")):
            wish = {"url": desk.url, "types": ["evidence."], "departments": [code]}
            root.post("/api/v1/subscriptions", json=wish).raise_for_status()
        sealing = Sealing(engine)
        sealing.put(sealing.seal(a_jpg=FIRST), "a.jpg")
        (heard,) = listener.take(1)
        (received,) = ours.wait(1)

        assert told(elsewhere) == []
        assert others.requests == []
        assert json.loads(received.body) == heard[2] == told(reader)[0]
    assert heard[1] == TYPE


@pytest.mark.mqtt
@needs_broker
def test_evidence_has_a_topic_of_its_own(start: Start, tmp_path: Path) -> None:
    port = free_port()
    with broker(tmp_path, port):
        desk = Desk(port)
        live = start(
            Settings(home=tmp_path / "home", mqtt_url=f"mqtt://127.0.0.1:{port}/city")
        )
        with live.client(Scope.INGEST) as engine:
            report(engine)
            sealing = Sealing(engine)
            sealing.put(sealing.seal(a_jpg=FIRST), "a.jpg")
        topics = [topic for topic, _, _ in desk.take(3)]
        desk.close()

    assert topics[-1] == "city/evidence/evt-1"


def test_those_who_follow_violations_are_told_of_violations_alone(
    engine: httpx.Client, sealing: Sealing, reader: httpx.Client
) -> None:
    sealing.put(sealing.seal(a_jpg=FIRST), "a.jpg")
    engine.post(EVENTS, json=message(Seen(event_id="evt-2"))).raise_for_status()
    page = reader.get("/api/v1/messages?types=violation.&after=0").json()
    shown = reader.get(f"{EVENTS}/evt-1").json()

    ids = [one["message"]["id"] for one in page["items"]]
    assert ids == ["evt-1.1", "evt-2.1"]
    assert [step["id"] for step in shown["history"]] == ["evt-1.1"]
