"""Filmed drives along one street, watched by the whole engine as a city runs it."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.patrol.drive import Drive, two_drives
from tests.scenarios.patrol.film import Film
from tests.scenarios.patrol.truth import clip, labels, site, track

ROOT = Path(__file__).parents[2]
_SIZE_PX, _FPS = (960, 540), 5
_TEN_MINUTES = timedelta(minutes=10)


def later(drive: Drive, number: int) -> Drive:
    return replace(drive, number=number, begins=drive.begins + _TEN_MINUTES)


def streetwarden(folder: Path, *arguments: str) -> None:
    command = [str(Path(sys.executable).parent / "streetwarden"), *arguments]
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr


def judged(films: list[Film], folder: Path) -> dict[str, Any]:
    """Film the drives and have the engine judged on them; return the report's tour."""
    for film in films:
        film.write(folder / clip(film.drive))
        film.drive.write_track(folder / track(film.drive))
    settings = site(films[0], str(ROOT / "models/street-n"))
    settings["sinks"] = [{"type": "jsonl", "path": "events.jsonl"}]
    (folder / "site.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    (folder / "street.truth.json").write_text(json.dumps(labels(films)), "utf-8")
    told = ("--truth", "street.truth.json", "--out", "out")
    streetwarden(folder, "evaluate", "drives", "--config", "site.yaml", *told)
    report = json.loads((folder / "out/report.json").read_text("utf-8"))
    (tour,) = report["clips"]
    return dict(tour)


def filmed(*drives: Drive) -> list[Film]:
    return [Film(drive, size_px=_SIZE_PX, fps=_FPS) for drive in drives]


def check(tour: dict[str, Any]) -> None:
    """Hold what was found, when it opened and when it was gone against the truth."""
    assert {event["verdict"] for event in tour["found"]} == {"true"}
    for thing in tour["true"]:
        assert thing["missed"] is None, thing
        event = tour["found"][thing["found"]]
        assert event["error_m"] <= 1.3 * event["accuracy_m"], thing["note"]
        assert event["opened_in"] == thing["due_in"], thing["note"]
        assert event["cleared_in"] == thing["clear_due_in"], thing["note"]


@pytest.mark.timeout(180)
def test_two_drives_ten_minutes_apart_tell_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuse and the full bin open in one pass, the parked van in the second."""
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "home"))
    tour = judged(filmed(*two_drives()), tmp_path)
    check(tour)
    assert {one["slug"] for one in tour["found"]} >= {"illegal_parking", "garbage_pile"}
    proof = [file for one in tour["found"] for file in one["evidence"]]
    assert proof
    assert all((tmp_path / "out" / file).is_file() for file in proof)
    assert not (tmp_path / "home").exists()  # the city's own memory is left alone
    assert not (tmp_path / "events.jsonl").exists()  # and so are its receivers


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_four_drives_along_one_street_tell_what_is_there_and_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each drive is a run of its own; between them the street is tidied up."""
    first, second = two_drives()
    third = later(second, 2)
    films = filmed(first, second, third, later(third, 3))
    tour = judged(films, tmp_path)
    check(tour)

    # The same recording, put in once more where all four are remembered.
    (home,) = (tmp_path / "out/drives").iterdir()
    monkeypatch.setenv("STREETWARDEN_HOME", str(home))
    streetwarden(tmp_path, "run", "site.yaml")
    told = (tmp_path / "events.jsonl").read_text("utf-8").splitlines()
    messages = [json.loads(line) for line in told]
    again = {m["data"]["event_id"] for m in messages if ".violation." in m["type"]}
    assert again <= {event["event_id"] for event in tour["found"]}
