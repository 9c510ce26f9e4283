"""Evidence goes when its time is over, never under a hold, always with a line."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serve.people.audit import Search
from serve.people.roles import Role, Scope
from serve.retention import load_rules
from serve.settings import Settings, SettingsError
from tests.service.serve.city import HandClock, act, do
from tests.service.serve.conftest import Live, Start
from tests.service.serve.street import Seen, artifact, message, sha256

EVENTS = "/api/v1/events"
ROLES = {
    "wide.jpg": "wide_first",
    "wide_redacted.jpg": "wide_first_redacted",
    "overlay.jpg": "overlay",
    "clip.jpg": "clip",
    "clip_redacted.jpg": "clip_redacted",
}
RULES = "originals_days: 180\nclips_days: 90\nshared_days: 365\n"


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that is moved by hand."""
    return HandClock()


@pytest.fixture
def live(start: Start, tmp_path: Path, clock: HandClock) -> Live:
    """Start a service with retention rules."""
    (tmp_path / "retention.yaml").write_text(RULES, "utf-8")
    return start(Settings(home=tmp_path / "home", config_dir=tmp_path), clock)


@pytest.fixture
def boss(live: Live) -> Iterator[httpx.Client]:
    """Give a supervisor."""
    with live.person("boss", Role.SUPERVISOR) as client:
        yield client


def content(event_id: str, name: str) -> bytes:
    return b"\xff\xd8\xff" + f"{event_id}/{name}".encode()


def put(engine: httpx.Client, event_id: str, name: str, body: bytes) -> httpx.Response:
    return engine.put(
        f"{EVENTS}/{event_id}/evidence/{name}",
        content=body,
        headers={"Content-Type": "image/jpeg", "X-Content-SHA256": sha256(body)},
    )


def report(engine: httpx.Client, event_id: str, *, same: bool = False) -> None:
    bodies = {name: content("" if same else event_id, name) for name in ROLES}
    files = tuple(artifact(name, ROLES[name], body) for name, body in bodies.items())
    sent = message(Seen(event_id=event_id, artifacts=files))
    engine.post(EVENTS, json=sent).raise_for_status()
    for name, body in bodies.items():
        put(engine, event_id, name, body).raise_for_status()


def left(live: Live, event_id: str) -> set[str]:
    with live.client(Scope.READ) as reader:
        listed = reader.get(f"{EVENTS}/{event_id}").json()["evidence"]
    return {file["name"] for file in listed if file["url"] is not None}


def test_each_class_of_file_goes_at_its_own_time_after_the_case(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine, "evt-1")
    report(engine, "evt-2")
    act(boss, 1, "reject", note="nothing there").raise_for_status()
    after = {}
    for days in (89, 2, 90, 185):
        clock.forward(days=days)
        live.services.retention.run()
        after[days] = left(live, "evt-1")

    assert after == {
        89: set(ROLES),
        2: {"wide.jpg", "wide_redacted.jpg", "overlay.jpg"},
        90: {"wide_redacted.jpg", "overlay.jpg"},
        185: set(),
    }
    assert left(live, "evt-2") == set(ROLES)  # its case is not over
    kept = {path.name for path in live.services.settings.evidence_dir.rglob("??/*")}
    assert kept == {sha256(content("evt-2", name)) for name in ROLES}


def test_what_was_deleted_stands_in_the_log_and_is_not_taken_in_again(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine, "evt-1")
    do(boss, 1, "reject")
    clock.forward(days=91)
    live.services.retention.run()

    again = put(engine, "evt-1", "clip.jpg", content("evt-1", "clip.jpg"))
    with live.person("audrey", Role.AUDITOR) as auditor, live.client(Scope.READ) as r:
        log = auditor.get("/api/v1/deletions", params={"event_id": "evt-1"}).json()
        gone = r.get(f"{EVENTS}/evt-1/evidence/clip.jpg")

    assert again.status_code == 200
    assert {one["name"] for one in log} == {"clip.jpg", "clip_redacted.jpg"}
    assert log[0]["rule"] == "clip: 90 days after the case"
    assert all(one["deleted_at"] for one in log)
    assert gone.status_code == 410
    assert gone.json()["type"].endswith("/problems/evidence-deleted")
    assert "clip.jpg" not in left(live, "evt-1")


def test_a_hold_keeps_everything_until_it_is_released(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine, "evt-1")
    do(boss, 1, "reject")
    hold = f"{EVENTS}/evt-1/hold"
    placed = boss.post(hold, json={"reason": "court case 4711"})
    twice = boss.post(hold, json={"reason": "again"})
    clock.forward(days=999)
    live.services.retention.run()
    held = left(live, "evt-1")
    with live.person("audrey", Role.AUDITOR) as auditor:
        standing = auditor.get("/api/v1/holds").json()
    boss.post(f"{hold}/release", json={"reason": "over"}).raise_for_status()
    live.services.retention.run()

    assert (placed.status_code, twice.status_code) == (201, 409)
    assert held == set(ROLES)
    assert [one["reason"] for one in standing] == ["court case 4711"]
    assert left(live, "evt-1") == set()
    deeds = [line.action for line in live.services.audit.page(Search(), limit=2)]
    assert deeds == ["hold.released", "hold.placed"]


def test_bytes_that_two_events_share_stay_until_the_last_of_them(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    report(engine, "evt-1", same=True)
    report(engine, "evt-2", same=True)
    do(boss, 1, "reject")
    clock.forward(days=400)
    live.services.retention.run()

    with live.client(Scope.READ) as reader:
        still = reader.get(f"{EVENTS}/evt-2/evidence/overlay.jpg")
    assert left(live, "evt-1") == set()
    assert still.content == content("", "overlay.jpg")


def test_a_stop_between_record_and_bytes_is_finished_by_the_next_run(
    live: Live,
    engine: httpx.Client,
    boss: httpx.Client,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report(engine, "evt-1")
    do(boss, 1, "reject")
    clock.forward(days=91)

    def broken(_: str) -> bool:
        msg = "the storage is away"
        raise OSError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(type(live.services.files), "delete", lambda _, sha: broken(sha))
        with pytest.raises(OSError, match="away"):
            live.services.retention.run()
    half = live.services.holds.deletions(event_id="evt-1", before=None, limit=9)
    live.services.retention.run()

    whole = live.services.holds.deletions(event_id="evt-1", before=None, limit=9)
    assert [line.deleted_at for line in half] == [None, None]
    assert all(line.deleted_at for line in whole)
    assert live.services.files.size(sha256(content("evt-1", "clip.jpg"))) is None


def test_without_rules_nothing_goes_and_a_wrong_rule_is_named(tmp_path: Path) -> None:
    assert load_rules(tmp_path).clips_days is None
    (tmp_path / "retention.yaml").write_text("clips_days: 0\ncats: 1\n", "utf-8")

    with pytest.raises(SettingsError, match=r"clips_days(.|\n)*cats"):
        load_rules(tmp_path)


def test_a_hold_needs_a_supervisor_and_a_reason(
    live: Live, engine: httpx.Client, boss: httpx.Client
) -> None:
    report(engine, "evt-1")
    hold = f"{EVENTS}/evt-1/hold"

    with live.person("li", Role.REVIEWER) as reviewer:
        assert reviewer.post(hold, json={"reason": "x"}).status_code == 403
    assert boss.post(hold, json={"reason": "  "}).status_code == 422
    assert boss.post(f"{hold}/release", json={"reason": "x"}).status_code == 404
    assert boss.post(f"{EVENTS}/none/hold", json={"reason": "x"}).status_code == 404


@pytest.mark.parametrize("cases", [2, 3])
def test_what_was_merged_into_a_case_stays_as_long_as_that_one(
    live: Live,
    engine: httpx.Client,
    boss: httpx.Client,
    clock: HandClock,
    cases: int,
) -> None:
    last = f"evt-{cases}"
    for number in range(1, cases + 1):
        report(engine, f"evt-{number}")
    for number in range(cases, 1, -1):  # each into the one before, so into the first
        act(boss, number, "merge", into=number - 1).raise_for_status()
    clock.forward(days=400)
    live.services.retention.run()
    meanwhile = left(live, last)
    do(boss, 1, "reject")
    clock.forward(days=89)
    live.services.retention.run()
    early = left(live, last)
    clock.forward(days=300)
    live.services.retention.run()

    assert meanwhile == early == set(ROLES)
    assert left(live, last) == set()
