"""A person asks whether a place was put right; the engine looks and answers."""

from pathlib import Path

import httpx
import pytest

from serve.people.roles import Role, Scope
from serve.settings import Settings
from tests.scenarios.world import Actor, World, still
from tests.service.serve.city import do, until
from tests.service.serve.conftest import CONFIGS, Live, Start
from tests.service.serve.painted import (
    PaintedEngine,
    site_of,
    with_refuse,
    write_film,
)
from vision.config.home import Home
from vision.evidence.verify_store import verify_store

FOREVER_S = 1e6


@pytest.fixture
def report(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let an engine report refuse, people work on it; return its event's id."""
    key = live.services.keys.create("engine", [Scope.INGEST])
    monkeypatch.setenv("PAINTED_KEY", key)
    engine(live, tmp_path, with_refuse(FOREVER_S), 40).run()
    with live.person("boss", Role.SUPERVISOR) as boss:
        (event,) = boss.get("/api/v1/events").json()["items"]
        do(boss, 1, "register", "dispatch", "accept", "feedback")
        do(boss, 1, "request_verification")
    return str(event["event_id"])


def engine(live: Live, tmp_path: Path, world: World, seconds: float) -> PaintedEngine:
    clip = write_film(
        tmp_path / f"film-{len(list(tmp_path.iterdir()))}.mp4", world, seconds
    )
    return PaintedEngine(site_of(clip, live.url), Home(tmp_path / "engine"), world)


def looks_again(one: PaintedEngine) -> None:
    """Run an engine that knows what was asked before its first picture."""
    desk = one.desk()
    until(lambda: bool(desk.waiting("kerb-east")))
    one.run(desk)


def test_a_clean_place_closes_the_case_with_a_picture_of_it(
    live: Live, report: str, tmp_path: Path, reader: httpx.Client
) -> None:
    looks_again(engine(live, tmp_path, World([]), 30))

    case = reader.get("/api/v1/cases/1").json()
    (answer,) = case["verifications"]
    shown = reader.get(f"/api/v1/events/{report}/evidence/{answer['after']}")
    assert case["state"] == "closed"
    assert answer["verdict"] == "cleared"
    assert {reason["name"] for reason in answer["reasons"]} >= {"clear_views"}
    assert shown.headers["content-type"] == "image/jpeg"
    assert verify_store(tmp_path / "engine" / "evidence", None) == []


@pytest.mark.usefixtures("report")
def test_refuse_that_still_lies_there_sends_the_case_back(
    live: Live, tmp_path: Path, reader: httpx.Client
) -> None:
    looks_again(engine(live, tmp_path, with_refuse(FOREVER_S), 30))

    case = reader.get("/api/v1/cases/1").json()
    assert case["state"] == "rework"
    assert case["verifications"][0]["verdict"] == "still_there"


@pytest.mark.usefixtures("report")
def test_a_place_behind_a_bus_proves_nothing_and_moves_nothing(
    live: Live, tmp_path: Path, reader: httpx.Client
) -> None:
    bus = Actor("bus", still(160.0, 150.0, 0.0, FOREVER_S), size=(220, 110), look=9)

    looks_again(engine(live, tmp_path, World([bus]), 40))

    case = reader.get("/api/v1/cases/1").json()
    assert case["state"] == "feedback"
    assert case["verifications"][0]["verdict"] == "cannot_verify"


def test_an_answer_outlives_a_service_that_is_away_when_it_is_found(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path / "home", config_dir=CONFIGS)
    first = start(settings)
    monkeypatch.setenv(
        "PAINTED_KEY", first.services.keys.create("engine", [Scope.INGEST])
    )
    engine(first, tmp_path, with_refuse(FOREVER_S), 40).run()
    with first.person("boss", Role.SUPERVISOR) as boss:
        do(boss, 1, "register", "dispatch", "accept", "feedback")
        do(boss, 1, "request_verification")
    one = engine(first, tmp_path, World([]), 30)
    desk = one.desk()
    until(lambda: bool(desk.waiting("kerb-east")))
    first.stop()
    again = start(settings, port=int(first.url.rsplit(":", 1)[1]))

    one.run(desk)

    with again.client(Scope.READ) as reader:
        assert reader.get("/api/v1/cases/1").json()["state"] == "closed"
