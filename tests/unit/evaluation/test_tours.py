"""Drives of a patrol car, judged on the map."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from typer.testing import CliRunner

from vision.bootstrap.positions import build_positions
from vision.bootstrap.tour import (
    _on_drive,
    camera_of_tour,
    check_positions,
    doubts_of_tour,
)
from vision.cli.evaluate import app
from vision.config.site import SiteSettings
from vision.core.clock import SystemClock
from vision.core.crs import wgs84_to_gcj02
from vision.core.errors import ConfigError
from vision.core.frame import Frame
from vision.core.position import LocalPlane, distance_m
from vision.core.violations import Slug
from vision.evaluation.about import About
from vision.evaluation.event_report import Scoring
from vision.evaluation.outcomes import Verdict
from vision.evaluation.problems import Problems
from vision.evaluation.report import drives_page
from vision.evaluation.tour_figures import figures_of_drives, summarise_drives
from vision.evaluation.tour_outcome import MapRule, TourOutcome, settle_tour
from vision.evaluation.tour_report import tour_report, write_tour_csv
from vision.evaluation.tour_run import Driven, MapEvent, Point, TourRun, Waiting
from vision.evaluation.tour_truth import (
    Tour,
    TrueDrive,
    TrueThing,
    check_drives,
    read_tour,
)
from vision.evaluation.truth import read_truth
from vision.evaluation.values import write_json

MAP = LocalPlane(30.5931, 114.3054)
BEGIN = datetime(2026, 9, 1, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
REFUSE, PARKED = Slug.GARBAGE_PILE, Slug.ILLEGAL_PARKING
ABOUT = About(command="streetwarden evaluate drives", made_at="2026-11-27", seed=0)


def at(along_m: float) -> Point:
    return MAP.degrees(along_m, 0.0)


def thing(along_m: float, slug: Slug = REFUSE, **more: object) -> dict[str, object]:
    lat, lon = at(along_m)
    return {"slug": slug.value, "lat": lat, "lon": lon, **more}


def written(folder: Path, drives: int = 4, **more: object) -> Path:
    head = {
        "schema": 1,
        "camera": "patrol-7",
        "drives": [
            {"clip": f"{k}.mp4", "starts_at": (BEGIN + k * HOUR).isoformat()}
            for k in range(drives)
        ],
        "things": [],
    }
    path = folder / "street.truth.json"
    path.write_text(json.dumps(head | more, indent=1), encoding="utf-8")
    return path


def tour_of(folder: Path, *things: dict[str, object]) -> Tour:
    problems = Problems()
    tour = read_tour(written(folder, things=list(things)), problems)
    assert tour is not None
    assert not problems.items
    return tour


def event(
    along_m: float,
    drive: int,
    slug: Slug = REFUSE,
    *,
    cleared_in: int | None = None,
    accuracy_m: float = 6.0,
) -> MapEvent:
    opened_at = BEGIN + (drive - 1) * HOUR + timedelta(seconds=along_m)
    name = f"{slug}-{along_m:g}-{drive}"
    return MapEvent(name, slug, drive, opened_at, at(along_m), accuracy_m, cleared_in)


def run(
    *found: MapEvent,
    waiting: tuple[Waiting, ...] = (),
    ways: tuple[tuple[float, float], ...] = ((0, 100),) * 4,
) -> TourRun:
    drives = tuple(
        Driven(
            BEGIN + k * HOUR + timedelta(minutes=1),
            300,
            60.0,
            tuple(at(metres) for metres in range(int(first), int(last) + 1, 5)),
        )
        for k, (first, last) in enumerate(ways)
    )
    return TourRun(drives, found, waiting)


def settled(tour: Tour, said: TourRun) -> TourOutcome:
    return settle_tour(tour, said, MapRule())


def figure(outcome: TourOutcome, name: str) -> float:
    return float(figures_of_drives(outcome.sums[None])[name][0])


def test_right_events_are_measured_in_metres(tmp_path: Path) -> None:
    tour = tour_of(tmp_path, thing(20), thing(60, PARKED, radius_m=2))

    one = settled(tour, run(event(24, 1), event(70, 2, PARKED)))

    assert one.verdicts == (Verdict.TRUE, Verdict.TRUE)
    assert one.error_m == pytest.approx((4.0, 8.0), abs=0.01)
    assert figure(one, "within_accuracy") == 0.5  # 8 m, and it told 6
    assert figure(one, "f1") == figure(one, "in_time") == 1
    figures = summarise_drives([one], resamples=0, seed=0)
    assert figures["error_median_m"].value == pytest.approx(6.0, abs=0.01)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (event(36, 1), Verdict.BACKGROUND),
        (event(20, 1, PARKED), Verdict.WRONG_CLASS),
        (event(20, 4), Verdict.WRONG_TIME),
    ],
)
def test_too_far_another_or_not_there_is_no_match(
    tmp_path: Path, said: MapEvent, verdict: Verdict
) -> None:
    one = settled(tour_of(tmp_path, thing(20, until=2)), run(said))

    assert one.verdicts == (verdict,)
    assert [missed.index for missed in one.missed] == [0]


def test_how_much_accuracy_is_claimed_finds_nothing_more(tmp_path: Path) -> None:
    one = settled(tour_of(tmp_path, thing(20)), run(event(40, 1, accuracy_m=50)))

    assert one.verdicts == (Verdict.BACKGROUND,)


def test_a_second_event_is_a_duplicate_or_after_a_false_end_a_fragment(
    tmp_path: Path,
) -> None:
    tour = tour_of(tmp_path, thing(20))

    doubled = settled(tour, run(event(20, 1), event(26, 2)))
    parted = settled(tour, run(event(20, 1, cleared_in=2), event(26, 3)))

    assert doubled.verdicts == (Verdict.TRUE, Verdict.DUPLICATE)
    assert parted.verdicts == (Verdict.TRUE, Verdict.FRAGMENT)
    assert figure(doubled, "precision") == 0.5


def test_what_is_doubtful_neither_helps_nor_hurts(tmp_path: Path) -> None:
    one = settled(tour_of(tmp_path, thing(20, ignore=True)), run(event(21, 1)))

    assert one.verdicts == (Verdict.IGNORED,)
    assert not one.missed
    assert math.isnan(figure(one, "precision"))


@pytest.mark.parametrize(
    ("slug", "said", "precision", "recall"),
    [
        (PARKED, 3, 1, 1),
        (PARKED, 2, 0, 0),  # it still stood there
        (PARKED, None, math.nan, 0),
        (REFUSE, 4, 1, 1),
        (REFUSE, None, math.nan, 0),  # two passes showed the place without it
    ],
)
def test_an_end_is_right_once_it_is_gone_and_due_once_passed_again(
    tmp_path: Path, slug: Slug, said: int | None, precision: float, recall: float
) -> None:
    tour = tour_of(tmp_path, thing(20, slug, until=2))

    one = settled(tour, run(event(20, 1 + (slug is PARKED), slug, cleared_in=said)))

    assert figure(one, "clear_precision") == pytest.approx(precision, nan_ok=True)
    assert figure(one, "clear_recall") == recall


@pytest.mark.parametrize("slug", [REFUSE, PARKED])
def test_one_pass_more_makes_the_end_due_of_a_car_alone(
    tmp_path: Path, slug: Slug
) -> None:
    ways = ((0, 100), (0, 100), (0, 100), (500, 600))  # the last one elsewhere
    tour = tour_of(tmp_path, thing(20, slug, until=2))

    one = settled(tour, run(event(20, 1 + (slug is PARKED), slug), ways=ways))

    due = 3 if slug is PARKED else None
    assert one.presences[0].clear_in(slug) == due
    recall = 0.0 if slug is PARKED else math.nan
    assert figure(one, "clear_recall") == pytest.approx(recall, nan_ok=True)


def test_wall_times_say_the_same_as_drives(tmp_path: Path) -> None:
    came = (BEGIN + HOUR / 2).isoformat()
    went = (BEGIN + 2 * HOUR + timedelta(seconds=30)).isoformat()  # amid the third

    lasting = {**thing(20), "from": came, "until": went}

    one = settled(tour_of(tmp_path, lasting), run())

    assert one.presences[0].may == (2, 3)
    assert one.presences[0].sure == (2,)


def test_what_is_missed_says_why(tmp_path: Path) -> None:
    tour = tour_of(
        tmp_path, thing(20), thing(300), thing(60, PARKED, until=1), thing(90)
    )
    facts = ("✗ looks 3 (needs >= 4)", "range 9 m")
    waits = Waiting(REFUSE, "garbage", 2, at(23), facts)
    parked = Waiting(None, "car", 1, at(61))

    one = settled(tour, run(waiting=(waits, parked)))

    why = [missed.why for missed in one.missed]
    assert why[0] == ("drive 2: garbage 3.0 m from it did not open", *facts)
    assert why[1] == ("no drive came within 20 m of it, the nearest 200 m away",)
    assert why[2][0] == "passed once while it was there (drive 1), needs two"
    assert "no rule is concerned" in why[2][-1]
    assert "too little was seen" in why[3][0]


def test_a_thing_from_a_chinese_map_lies_where_it_lies(tmp_path: Path) -> None:
    lat, lon = wgs84_to_gcj02(*at(20))

    tour = tour_of(tmp_path, {**thing(20, crs="gcj02"), "lat": lat, "lon": lon})

    assert tour.things[0].point == pytest.approx(at(20), abs=1e-6)


def _backwards(head: dict[str, Any]) -> None:
    head["drives"].reverse()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda head: head.pop("drives"), "drives: got none"),
        (lambda head: head.pop("things"), "things: expected a list"),
        (_backwards, "expected the order in which they were driven"),
        (
            lambda head: head["drives"][1].pop("starts_at"),
            "starts_at: got nothing; expected this key",
        ),
        (
            lambda head: head["drives"][1].update(starts_at="2026-09-01T09:00:00"),
            "timezone",
        ),
        (lambda head: head.update(clip="a.mp4"), "judge it by `evaluate events`"),
    ],
)
def test_a_truth_without_usable_drives_is_left_out(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], said: str
) -> None:
    path = written(tmp_path)
    head = json.loads(path.read_text("utf-8"))
    change(head)
    path.write_text(json.dumps(head, indent=1), "utf-8")
    problems = Problems()

    assert read_tour(path, problems) is None
    assert said in problems.items[0].text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"until": 5}, "until: got drive 5, expected one of 1 to 4"),
        ({"from": 3, "until": 2}, "until: got drive 2, expected no earlier than from"),
        ({"lat": 114.3, "lon": 30.6}, "are the two swapped?"),
        ({"slug": "graffiti"}, "slug"),
    ],
)
def test_a_faulty_thing_is_left_out_with_its_line(
    tmp_path: Path, wrong: dict[str, object], said: str
) -> None:
    path = written(tmp_path, things=[thing(20), {**thing(60), **wrong}])
    problems = Problems()

    tour = read_tour(path, problems)

    assert tour is not None
    assert (len(tour.things), tour.faulty) == (1, 1)
    (problem,) = problems.items
    assert said in problem.text
    assert problem.line is not None


def test_the_schema_agrees_with_the_reader(tmp_path: Path) -> None:
    schema = json.loads(Path("datasets/drives.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    text = Path("datasets/truth.md").read_text("utf-8")
    example = json.loads(text.split("```json\n")[1].split("```")[0])
    path = tmp_path / "market.truth.json"
    path.write_text(json.dumps(example), "utf-8")
    problems = Problems()

    jsonschema.validate(example, schema)
    tour = read_tour(path, problems)

    assert tour is not None
    assert not problems.items
    for name, model in (("drives", TrueDrive), ("things", TrueThing)):
        known = schema["properties"][name]["items"]["properties"]
        assert set(known) == {f.alias or k for k, f in model.model_fields.items()}


def test_each_command_names_the_other_for_the_other_s_truth(tmp_path: Path) -> None:
    problems = Problems()

    assert read_truth(written(tmp_path), problems) is None
    assert "judge them by `evaluate drives`" in problems.items[0].text


def test_missing_videos_are_told_at_once(tmp_path: Path) -> None:
    tour = tour_of(tmp_path, thing(20))
    (tmp_path / "0.mp4").touch()
    problems = Problems()

    assert not check_drives(tour, problems)
    assert "drive 2: clip" in problems.items[0].text
    assert problems.lost == 1


def site(**position: object) -> SiteSettings:
    corners = [at(0), at(100), MAP.degrees(100, 20), MAP.degrees(0, 20)]
    mount = {"height_m": 2, "yaw_deg": 60, "pitch_deg": 12, "fov_deg": 90}
    source = {"type": "images", "path": ".", "starts_at": "2026-09-01T01:00Z"}
    told = position or {"type": "gpsd"}
    moving = {"id": "patrol-7", "source": source, "mount": mount, "position": told}
    standing = {"id": "pole", "source": {"type": "images", "path": "."}}
    zone = {"id": "kerb", "kind": "no_parking", "polygon": corners}
    return SiteSettings.model_validate(
        {
            "site": "city",
            "model": {"type": "onnx", "path": "models/street-n"},
            "cameras": [moving, standing],
            "map_zones": [zone],
            "rules": [{"type": "garbage_pile"}, {"type": "illegal_parking"}],
            "sinks": [{"type": "jsonl"}],
        }
    )


@pytest.mark.parametrize(
    ("camera", "said"),
    [("patrol-8", "not in the site file; expected one of: patrol-7"), ("pole", "stan")],
)
def test_a_camera_that_cannot_be_meant_is_refused(
    tmp_path: Path, camera: str, said: str
) -> None:
    tour = replace(tour_of(tmp_path), camera=camera)

    with pytest.raises(ConfigError, match=said):
        camera_of_tour(site(), tour)
    assert camera_of_tour(site(), replace(tour, camera=None)).id == "patrol-7"


def test_a_drive_without_recorded_positions_is_refused(tmp_path: Path) -> None:
    tour = tour_of(tmp_path)

    with pytest.raises(ConfigError, match=r"drive 1: .* \(gpsd\) are of now"):
        check_positions(site(), tour)
    drives = tuple(one.model_copy(update={"positions": "a.kml"}) for one in tour.drives)
    with pytest.raises(ConfigError, match=r"got a\.kml, expected a file ending in"):
        check_positions(site(), replace(tour, drives=drives))


def test_a_drive_s_own_positions_are_read_on_the_camera_s_map(tmp_path: Path) -> None:
    lines = ["t_sec,lat,lon"]
    for second in range(3):
        lat, lon = wgs84_to_gcj02(*at(20 + second))
        lines.append(f"{second},{lat:.8f},{lon:.8f}")
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    tour = tour_of(tmp_path)
    told = site(type="csv", path=str(tmp_path / "else.csv"), crs="gcj02")
    drive = tour.drives[0].model_copy(update={"positions": "a.csv"})

    camera = _on_drive(camera_of_tour(told, tour), tour, drive)

    assert camera.position is not None
    positions = build_positions(camera.position, clock=SystemClock())
    frame = Frame(camera.id, 0, 1.0, drive.starts_at, np.zeros((4, 4, 3), np.uint8))
    fix = positions.at(frame)
    assert fix is not None
    assert distance_m((fix.lat, fix.lon), at(21)) < 1


def test_what_can_never_be_found_is_told_at_the_start(tmp_path: Path) -> None:
    tour = tour_of(
        tmp_path,
        thing(20),
        thing(20, Slug.STREET_VENDING),
        thing(300, PARKED),
        thing(300, PARKED, ignore=True),
        thing(50, PARKED),
    )

    told = list(doubts_of_tour(site(), tour))

    assert len(told) == 2
    assert "no such rule for camera patrol-7" in told[0]
    assert "lies in no no_parking zone" in told[1]


def report(folder: Path, outcome: TourOutcome) -> Path:
    folder.mkdir()
    values = tour_report(
        [outcome.tour],
        [outcome],
        scoring=Scoring(MapRule(), resamples=0),
        problems=Problems(),
        about=ABOUT,
    )
    write_json(folder / "report.json", values)
    write_tour_csv(folder / "events.csv", values)
    (folder / "report.html").write_text(drives_page(values), "utf-8")
    return folder


def test_page_and_table_tell_all_and_the_gate_holds(tmp_path: Path) -> None:
    tour = tour_of(tmp_path, thing(20, note="sofa"), thing(60, note="bags"))
    good = report(tmp_path / "a", settled(tour, run(event(20, 1), event(60, 1))))
    poor = report(tmp_path / "b", settled(tour, run(event(28, 1), event(90, 1))))
    gate = tmp_path / "gate.toml"
    gate.write_text(
        "[figures.recall]\nmax_loss = 0.1\n[figures.error_rms_m]\nmax_loss = 1\n"
    )

    def held(*runs: Path) -> tuple[int, str]:
        names = [str(one) for one in runs]
        done = CliRunner().invoke(app, ["compare", *names, "--gate", str(gate)])
        return done.exit_code, done.output

    assert held(good, good)[0] == held(poor, good)[0] == 0
    status, told = held(good, poor)
    assert status != 0
    assert "recall" in told
    assert "error_rms_m" in told
    page = (poor / "report.html").read_text("utf-8")
    assert "bags" in page
    assert ">10 m</text>" in page  # 100 m are 820 pixels, and the scale 160 at most
    assert "too little was seen" in page
    rows = (poor / "events.csv").read_text("utf-8-sig").splitlines()
    assert [row.split(",")[3] for row in rows[1:]] == ["true", "missed", "background"]
