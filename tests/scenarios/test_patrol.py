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
from tests.scenarios.patrol.truth import clip, site, track, truth
from vision.core.position import distance_m

ROOT = Path(__file__).parents[2]
_SIZE_PX, _FPS = (960, 540), 5
_TEN_MINUTES = timedelta(minutes=10)


def later(drive: Drive, number: int) -> Drive:
    return replace(drive, number=number, begins=drive.begins + _TEN_MINUTES)


def watch(film: Film, folder: Path) -> list[dict[str, Any]]:
    """Film one drive and run the engine on it; return the events of violations."""
    film.write(folder / clip(film.drive))
    film.drive.write_track(folder / track(film.drive))
    settings = site(film, str(ROOT / "models/street-n"))
    settings["sinks"] = [{"type": "jsonl", "path": "events.jsonl"}]
    (folder / "site.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    told = folder / "events.jsonl"
    told.unlink(missing_ok=True)
    command = [str(Path(sys.executable).parent / "streetwarden"), "run", "site.yaml"]
    done = subprocess.run(
        command,
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr
    messages = [json.loads(line) for line in told.read_text("utf-8").splitlines()]
    return [m["data"] for m in messages if ".violation." in m["type"]]


def filmed(*drives: Drive) -> list[Film]:
    return [Film(drive, size_px=_SIZE_PX, fps=_FPS) for drive in drives]


def check(steps: list[tuple[int, dict[str, Any]]], films: list[Film]) -> None:
    """Hold the events of some drives against what is true."""
    opened = [(n, step) for n, step in steps if step["lifecycle"] == "opened"]
    expected = truth(films)["events"]
    assert len(opened) == len(expected)
    for wanted in expected:
        here = wanted["lat"], wanted["lon"]
        (event_id,) = (
            step["event_id"]
            for number, step in opened
            if (number, step["slug"]) == (wanted["opens_in"], wanted["slug"])
            and distance_m(here, (step["location"]["lat"], step["location"]["lon"]))
            <= 1.3 * step["location"]["accuracy_m"]
        )
        ends = [
            number
            for number, step in steps
            if step["event_id"] == event_id and step["lifecycle"] == "cleared"
        ]
        gone = wanted["cleared_in"]
        assert ends == ([] if gone is None else [gone]), wanted["thing"]


@pytest.mark.timeout(180)
def test_two_drives_ten_minutes_apart_tell_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refuse and the full bin open in one pass, the parked van in the second."""
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "home"))
    films = filmed(*two_drives())
    steps = [(f.drive.number, step) for f in films for step in watch(f, tmp_path)]
    check(steps, films)
    assert {step["slug"] for _, step in steps} >= {"illegal_parking", "garbage_pile"}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_four_drives_along_one_street_tell_what_is_there_and_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each drive is a run of its own; between them the street is tidied up."""
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "home"))
    first, second = two_drives()
    third = later(second, 2)
    films = filmed(first, second, third, later(third, 3))
    steps = [(f.drive.number, step) for f in films for step in watch(f, tmp_path)]
    check(steps, films)

    again = watch(films[0], tmp_path)  # the same recording, put in once more
    known = {step["event_id"] for _, step in steps}
    assert {step["event_id"] for step in again} <= known
