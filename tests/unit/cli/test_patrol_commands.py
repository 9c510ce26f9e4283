"""The commands that a person runs before a camera on a vehicle drives off."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from tests.drives import START, patrol, write_pictures, write_track
from tests.footage import write_clip
from tests.unit.patrol.street import Drive, Patrol, Thing
from vision.cli.app import app
from vision.core.errors import ConfigError
from vision.core.memory import pack
from vision.core.mount import Mount
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.params import PatrolParams
from vision.pipeline.memory_disk import write_memory

ROOT = Path(__file__).parents[3]
KERB = [[30.5931, 114.3054], [30.5931, 114.3064], [30.5935, 114.3064]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STREETWARDEN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "400")
    write_pictures(tmp_path / "pictures", 4)
    write_track(tmp_path / "drive.csv")
    return tmp_path


def site(folder: Path, camera: dict[str, object] | None = None) -> str:
    path = folder / "site.yaml"
    zone = {"id": "north", "kind": "no_vending", "polygon": KERB}
    settings = {
        "site": "demo",
        "model": {"type": "onnx", "path": str(ROOT / "models" / "street-n")},
        "cameras": [camera or patrol(folder)],
        "map_zones": [zone],
        "rules": [{"type": "garbage_pile"}, {"type": "illegal_parking"}],
        "sinks": [{"type": "jsonl"}],
    }
    path.write_text(json.dumps(settings), encoding="utf-8")
    return str(path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_check_tells_what_a_drive_lacks(folder: Path) -> None:
    said = run("check", site(folder)).stdout

    assert "1 camera(s), 1 zone(s)" in said
    assert "camera patrol-7 moves: " in said
    assert "10 positions" in said
    assert "map zone north (no_vending) is asked about by no rule" in said
    assert "rule illegal_parking watches no camera" in said


def test_check_compares_positions_and_video(folder: Path) -> None:
    clip = write_clip(folder / "drive.mp4", seconds=4, fps=5)
    starts_at = (START + timedelta(days=1)).isoformat()
    source = {"type": "packets", "url": str(clip), "starts_at": starts_at}

    said = run("check", site(folder, patrol(folder, source=source))).stdout

    assert "note: camera patrol-7: its place is known for 0% of its video" in said


@pytest.mark.parametrize(("late_s", "mark"), [(0, "ok"), (3600, "bad")])
def test_doctor_asks_where_the_vehicle_is(folder: Path, late_s: int, mark: str) -> None:
    write_track(folder / "drive.csv", start=START + timedelta(seconds=late_s))

    said = run("doctor", site(folder)).stdout

    (line,) = (one for one in said.splitlines() if "camera patrol-7" in one)
    assert line.startswith(mark)
    place = "at 30.593100, 114.305400 ±10 m, heading 90°, 29 km/h"
    assert place in said or late_s
    assert ("place not known" in said) == bool(late_s)


def test_the_zones_of_a_camera_that_moves_are_not_drawn_on_a_picture(
    folder: Path,
) -> None:
    out = folder / "zones.html"

    done = run("snapshot", site(folder), "patrol-7", "--out", str(out))

    assert done.exit_code != 0
    assert "its zones are map_zones" in str(done.exception)
    assert not out.exists()


def test_a_snapshot_shows_road_and_place(folder: Path) -> None:
    out = folder / "look.png"

    done = run("snapshot", site(folder), "patrol-7", "--out", str(out))

    assert "patrol-7: at 30.593100, 114.305400" in done.stdout
    before = folder / "pictures" / "0000.png"
    drawn, shot = (np.asarray(cv2.imread(str(path))) for path in (out, before))
    assert (drawn != shot).any(axis=2).mean() > 0.01


def test_a_replay_draws_a_drive_and_refuses_a_receiver(folder: Path) -> None:
    clip = write_clip(folder / "drive.mp4", seconds=2, fps=5)
    source = {"type": "packets", "url": str(clip), "starts_at": START.isoformat()}
    out = str(folder / "out.mp4")

    recorded = site(folder, patrol(folder, source=source))
    assert run("replay", str(clip), "--site", recorded, "--out", out).exit_code == 0
    live = site(folder, patrol(folder, source=source, position={"type": "gpsd"}))
    refused = run("replay", str(clip), "--site", live, "--out", out).exception

    assert isinstance(refused, ConfigError)
    assert "expected csv, gpx or nmea" in str(refused)


def test_a_replay_of_another_drive_than_the_sites_says_whose_places_it_takes(
    folder: Path,
) -> None:
    clip = write_clip(folder / "drive.mp4", seconds=1, fps=5)
    source = {"type": "packets", "url": str(clip), "starts_at": START.isoformat()}
    settings = site(folder, patrol(folder, source=source))
    other = folder / "other.mp4"
    other.write_bytes(clip.read_bytes())

    def said(shown: Path) -> str:
        out = str(folder / "out.mp4")
        done = run("replay", str(shown), "--site", settings, "--out", out)
        return " ".join(done.output.split())

    assert "placed by the position file" not in said(clip)
    assert "is placed by the position file and starts_at of camera" in said(other)


def test_a_bench_refuses_to_copy_a_vehicle(folder: Path) -> None:
    refused = run("bench", "--site", site(folder), "--out", str(folder)).exception

    assert "expected a site whose first camera stands" in str(refused)


def test_doctor_tells_what_the_drives_say_of_the_mount(folder: Path) -> None:
    """The site says pitch 12; what was passed stood still by 9."""
    told = Mount(height_m=2.1, yaw_deg=60, pitch_deg=12, fov_deg=90)
    watch = DriveWatch("patrol-7", told, PatrolParams(), lambda _event: None)
    hung = replace(told, pitch_deg=9)
    things = [Thing("bin", 3 + k % 3, 15 + 12.0 * k, (0.7, 1.1)) for k in range(12)]
    Patrol(told, watch=watch).drive(
        Drive(north_m=(0, 170), mount=told, hung=hung), *things
    )
    record = {"version": 1, "parts": {"drives": watch.state()}}
    places = folder / "home" / "places"
    places.mkdir(parents=True)
    write_memory(places / "patrol-7.json", pack(record), sync=False)

    said = run("doctor", site(folder)).stdout

    (line,) = (one for one in said.splitlines() if "camera patrol-7" in one)
    assert line.startswith("bad")
    assert "mount.pitch_deg 9.0 would fit" in line
