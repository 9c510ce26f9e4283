"""The filmed patrol drives: pictures, positions and truth agree with each other."""

import csv
import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from tests.scenarios.patrol.drive import Drive, Receiver, two_drives
from tests.scenarios.patrol.film import Camera, Film
from tests.scenarios.patrol.sights import MEANT, sights
from tests.scenarios.patrol.street import to_map, to_street
from tests.scenarios.patrol.truth import map_zones, truth
from vision.core.mount import Mount
from vision.core.position import distance_m, within
from vision.detectors.onnx import OnnxDetector

FIRST, SECOND = two_drives()
SMALL = (320, 180)
MODEL = Path(__file__).parents[2] / "models/street-n"


def test_the_camera_s_matrix_is_what_its_mount_says() -> None:
    mount = Mount(2.3, 35, 12, 80, roll_deg=4, forward_m=1.5, right_m=-0.4)
    pose = FIRST.pose(7.0)
    camera = Camera(pose, mount, (1280, 720))
    rng = np.random.default_rng(3)
    street = rng.uniform((pose.along_m + 5, 1, 0), (pose.along_m + 20, 8, 4), (50, 3))
    turn = math.radians(pose.turn_deg)
    ahead, aside = street[:, 0] - pose.along_m, street[:, 1] - pose.across_m
    forward = ahead * math.cos(turn) + aside * math.sin(turn)
    right = aside * math.cos(turn) - ahead * math.sin(turn)

    seen = np.column_stack((street, np.ones(50))) @ camera.matrix().T

    wanted = mount.picture(np.column_stack((forward, right, street[:, 2])), (1280, 720))
    np.testing.assert_allclose(seen[:, :2] / seen[:, 2:], wanted, atol=1e-6)


@pytest.mark.parametrize("drive", [FIRST, SECOND])
def test_a_box_s_foot_lies_where_truth_says_and_shake_moves_it(drive: Drive) -> None:
    film = Film(drive)
    told = {thing["name"]: thing for thing in truth([film])["things"]}
    shaken: list[float] = []
    level: list[float] = []
    for time_s, camera in islice(film.cameras(), 0, None, 5):
        for name, (x1, _, x2, y2) in film.boxes(time_s, camera).items():
            there = told[name]
            foot = np.array([[(x1 + x2) / 2, y2]])
            forward, right = camera.mount.ground(foot, film.size_px)[0]
            if there["moves"] or not (x1 > 0 and x2 < 1280 and y2 < 720):
                continue
            if there["height_m"] > 3 or math.hypot(forward, right) > 15:
                continue
            # A board's foot is level on the road, not in the picture: the corner that
            # is less far ahead bounds the box.
            allowed = 0.1 + there["width_m"] / 2
            off = _off(camera, (forward, right), there)
            assert off < allowed, name
            shaken.append(off)
            forward, right = film.mount.ground(foot, film.size_px)[0]
            level.append(_off(camera, (forward, right), there))

    assert len(shaken) > 40
    assert float(np.max(np.array(level) - shaken)) > 0.2


def _off(camera: Camera, ground: tuple[float, float], there: dict[str, float]) -> float:
    """Return how far a point of the ground, vehicle axes, lies from a thing, metres."""
    return distance_m(_on_map(camera, ground), (there["lat"], there["lon"]))


def _on_map(camera: Camera, ground: tuple[float, float]) -> tuple[float, float]:
    forward, right = ground
    turn = math.radians(camera.pose.turn_deg)
    along = forward * math.cos(turn) - right * math.sin(turn)
    across = forward * math.sin(turn) + right * math.cos(turn)
    return to_map(camera.pose.along_m + along, camera.pose.across_m + across)


def test_map_and_street_are_inverse() -> None:
    assert to_street(*to_map(123.4, -5.6)) == pytest.approx((123.4, -5.6), abs=1e-6)


def test_the_same_seed_films_the_same_and_another_one_does_not(tmp_path: Path) -> None:
    def made(seed: int) -> tuple[bytes, list[bytes]]:
        drive = two_drives(seed)[1]
        track = drive.write_track(tmp_path / "track.csv").read_bytes()
        shown = Film(drive, size_px=SMALL).pictures(every=97)
        return track, [image.tobytes() for _, image in shown]

    assert made(5) == made(5)
    assert made(5)[0] != made(6)[0]
    assert made(5)[1] != made(6)[1]


def test_positions_are_off_as_a_receiver_s_are() -> None:
    off: list[tuple[float, float]] = []
    apart_s = 0.0
    for seed in range(150):
        drive = Drive(0, FIRST.begins, stop_s=0, seed=seed)
        rows = [*drive.fixes(Receiver(rate_hz=1))]
        for row in (rows[0], rows[-1]):
            pose = drive.pose(float(row["time_s"]))
            along, across = to_street(float(row["lat"]), float(row["lon"]))
            off.append((along - pose.along_m, across - pose.across_m))
        apart_s = float(rows[-1]["time_s"])
    first, last = np.array(off[::2]), np.array(off[1::2])

    assert 2.2 < first.std() < 2.8
    assert 2.2 < last.std() < 2.8
    alike = float(np.corrcoef(first.ravel(), last.ravel())[0, 1])
    assert alike == pytest.approx(math.exp(-apart_s / 60), abs=0.15)


def test_a_track_stands_where_the_car_stops_and_has_no_course_there() -> None:
    rows = [*FIRST.fixes(Receiver())]
    still = [row for row in rows if float(row["speed_mps"]) < 0.05]
    driving = [row for row in rows if float(row["speed_mps"]) > 2]

    assert FIRST.stop_s - 1 < len(still) / 5 < FIRST.stop_s + 2
    assert not any(row["heading"] for row in still)
    courses = np.array([float(row["heading"]) for row in driving])
    assert np.median(courses) == pytest.approx(65, abs=0.5)
    assert 5.2 < np.percentile([float(r["speed_mps"]) for r in driving], 60) < 8.4
    assert rows[5]["time_s"] == "1.00"
    assert rows[5]["utc"] == "2026-05-12T02:00:01.000Z"


def test_a_track_may_have_few_columns(tmp_path: Path) -> None:
    path = FIRST.write_track(tmp_path / "t.csv", columns=("utc", "lat", "lon"))

    with path.open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file)) == ["utc", "lat", "lon"]


def test_the_truth_tells_what_should_come_of_the_drives() -> None:
    told = truth([Film(FIRST), Film(SECOND)])

    assert {
        (e["slug"], e["thing"], e["opens_in"], e["cleared_in"]) for e in told["events"]
    } == {
        ("garbage_pile", "heap-a", 0, None),
        ("garbage_pile", "heap-b", 0, None),
        ("garbage_pile", "heap-c", 1, None),
        ("overflowing_bin", "full-bin", 0, None),
        ("illegal_parking", "car-p", 1, None),
    }
    alone = {event["thing"] for event in truth([Film(FIRST)])["events"]}
    assert alone == {"heap-a", "heap-b", "full-bin"}
    third = Film(replace(SECOND, number=2))
    told = truth([Film(FIRST), Film(SECOND), third])
    cleared = {event["thing"]: event["cleared_in"] for event in told["events"]}
    assert {thing for thing, gone in cleared.items() if gone == 2} == {
        "heap-b",
        "car-p",
    }
    assert {gone for gone in cleared.values() if gone != 2} == {None}


def test_the_forbidden_stretch_holds_two_of_the_bays() -> None:
    (zone,) = map_zones()
    cars = [
        thing
        for thing in truth([Film(FIRST), Film(SECOND)])["things"]
        if thing["kind"] == "car" and not thing["moves"]
    ]
    inside = {
        car["name"] for car in cars if within((car["lat"], car["lon"]), zone["polygon"])
    }

    assert inside == {"car-p", "car-q", "car-q2"}
    assert {car["name"] for car in cars} == {*inside, "car-r"}


def test_who_drives_before_us_waits_elsewhere_in_each_drive() -> None:
    waits = []
    for drive, during_s in ((FIRST, 25.0), (SECOND, 12.0)):
        (ahead,) = (thing for thing in drive.things() if thing.name == "ahead")
        where = ahead.along_m(during_s)
        assert where == ahead.along_m(during_s + 2)
        assert 6 < where - drive.along(during_s) < 12
        waits.append(where)

    assert abs(waits[0] - waits[1]) > 30


def test_a_film_is_a_video_of_its_size_and_length(tmp_path: Path) -> None:
    begins = datetime(2026, 5, 12, tzinfo=UTC)
    film = Film(Drive(0, begins, to_m=20, stop_s=0), size_px=SMALL, fps=5)

    with av.open(str(film.write(tmp_path / "x.mp4"))) as container:
        stream = container.streams.video[0]
        assert (stream.codec.canonical_name, stream.width) == ("h264", 320)
        times = [float(frame.time or 0) for frame in container.decode(stream)]

    assert times == pytest.approx([i / 5 for i in range(len(times))], abs=1e-3)
    assert len(times) == int(film.drive.duration_s * 5)


def test_the_shipped_model_sees_what_matters_from_nearby() -> None:
    detector = OnnxDetector(MODEL, threads=1)
    begins = FIRST.begins
    stretches = (
        Film(Drive(0, begins, from_m=21, to_m=25, stop_s=0)),  # heap-a
        Film(Drive(0, begins, from_m=54, to_m=57, stop_s=0)),  # car-p
        Film(Drive(0, begins, from_m=67, to_m=70, stop_s=0)),  # full-bin
        Film(Drive(1, begins, from_m=107, to_m=110, stop_s=0)),  # heap-c
    )
    best: dict[str, float] = {}
    for film in stretches:
        for sight in sights(film, detector, every=3):
            for label, score in sight.found:
                if label == MEANT[sight.kind]:
                    best[sight.name] = max(best.get(sight.name, 0.0), score)

    for name in ("heap-a", "car-p", "full-bin", "heap-c"):
        assert best.get(name, 0.0) >= 0.5, name
