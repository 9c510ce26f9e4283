import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from vision.core.violations import Slug
from vision.evaluation.problems import Problems
from vision.evaluation.truth import check_clip, read_truth
from vision.evaluation.truth_checks import tell_of_twins

GOOD: dict[str, Any] = {
    "schema": 1,
    "clip": "street.mp4",
    "synthetic": True,
    "width": 960,
    "height": 540,
    "fps": 5.0,
    "conditions": ["day", "queue"],
    "zones": [
        {"id": "kerb", "kind": "no_parking", "polygon": [[0, 0], [1, 0], [1, 1]]}
    ],
    "events": [
        {"slug": "illegal_parking", "start_s": 3.2, "xyxy": [0.1, 0.1, 0.2, 0.2]},
        {
            "slug": "garbage_pile",
            "start_s": 0,
            "end_s": 9.5,
            "xyxy": [-0.1, 0.5, 0.2, 1.1],
            "note": "cut by the picture's edge",
        },
    ],
    "decoys": [
        {"kind": "queue", "start_s": 1, "end_s": 20, "xyxy": [0.5, 0.5, 0.6, 0.6]}
    ],
}


def write(folder: Path, truth: dict[str, Any]) -> Path:
    path = folder / "truth.json"
    path.write_text(json.dumps(truth, indent=1), encoding="utf-8")
    return path


def line_of(path: Path, text: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(n for n, line in enumerate(lines, 1) if text in line)


def test_a_good_truth_is_read_whole(tmp_path: Path) -> None:
    problems = Problems()

    truth = read_truth(write(tmp_path, GOOD), problems)

    assert not problems.items
    assert truth is not None
    assert truth.camera == "street"
    assert truth.clip == tmp_path / "street.mp4"
    assert [event.slug for event in truth.events] == [
        Slug.ILLEGAL_PARKING,
        Slug.GARBAGE_PILE,
    ]
    assert truth.zones[0].kind == "no_parking"
    assert truth.decoys[0].slug is Slug.ILLEGAL_PARKING


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "jaywalking"}, "slug"),
        ({"start_s": -1}, "got -1; expected at least 0"),
        ({"start_s": float("nan")}, "finite"),
        ({"end_s": 1}, "end_s: got 1, expected more than start_s"),
        ({"xyxy": [0.2, 0.1, 0.1, 0.2]}, "expected left < right"),
        ({"xyxy": [100, 100, 200, 200]}, "got 100; expected at most 2"),
        ({"colour": "red"}, "colour: got an unknown key"),
    ],
)
def test_a_bad_event_is_named_with_its_line_and_the_rest_is_kept(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    bad = {**GOOD["events"][0], "note": "the bad one", **change}
    path = write(tmp_path, {**GOOD, "events": [GOOD["events"][1], bad]})
    problems = Problems()

    truth = read_truth(path, problems)

    assert truth is not None
    assert len(truth.events) == 1
    (problem,) = problems.items
    assert said in problem.text
    # The event begins one or two lines above its first keys.
    assert problem.line == line_of(path, "the bad one") - _offset(path)


def _offset(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if "the bad one" in line)
    return next(k for k in range(at) if lines[at - k].strip() == "{")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 2}, "schema"),
        ({"width": 0}, "width"),
        ({"fps": None}, "fps"),
        ({"sha256": "abc"}, "sha256"),
        ({"evnts": []}, "evnts"),
        (
            {"zones": [{**GOOD["zones"][0], "calender": "day"}]},
            "calender: got an unknown key; remove it or fix its name; the clip is",
        ),
    ],
)
def test_a_bad_head_leaves_the_clip_out(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    problems = Problems()

    assert read_truth(write(tmp_path, {**GOOD, **change}), problems) is None
    assert said in problems.items[0].text


def test_a_truth_without_its_events_does_not_say_that_nothing_happens(
    tmp_path: Path,
) -> None:
    rest = {key: value for key, value in GOOD.items() if key != "events"}
    problems = Problems()

    assert read_truth(write(tmp_path, rest), problems) is None
    assert "events: expected a list" in problems.items[0].text


def test_what_is_labelled_twice_is_told(tmp_path: Path) -> None:
    parked = {**GOOD["events"][0], "end_s": 20}
    later = {**parked, "start_s": 20, "end_s": 30}
    beside = {**parked, "xyxy": [0.15, 0.1, 0.25, 0.2]}
    told = []
    for other in (parked, later, beside):
        problems = Problems()
        path = write(tmp_path, {**GOOD, "events": [parked, other]})
        truth = read_truth(path, problems)
        assert truth is not None
        tell_of_twins(truth, problems)
        told.append(len(problems))

    assert told == [1, 0, 0]


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"schema": 1', '{"a": 1,}', '{"a": [1,]}', '{"a": 1} x', "{1: 2}"],
)
def test_what_is_not_a_json_object_is_a_problem_not_a_crash(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "truth.json"
    path.write_text(text, encoding="utf-8")
    problems = Problems()

    assert read_truth(path, problems) is None
    assert "expected a JSON object" in problems.items[0].text


def test_a_missing_truth_file_is_a_problem(tmp_path: Path) -> None:
    problems = Problems()

    assert read_truth(tmp_path / "none.json", problems) is None
    assert len(problems) == 1


def test_a_truth_for_another_clip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "street.mp4").write_bytes(b"this clip")
    digest = hashlib.sha256(b"this clip").hexdigest()
    other = hashlib.sha256(b"that clip").hexdigest()

    verdicts = []
    for sha256 in (digest, other):
        problems = Problems()
        truth = read_truth(write(tmp_path, {**GOOD, "sha256": sha256}), problems)
        assert truth is not None
        verdicts.append((check_clip(truth, problems), problems.lost))

    assert verdicts == [(True, 0), (False, 2)]


def test_a_missing_clip_is_said_with_all_its_events(tmp_path: Path) -> None:
    problems = Problems()
    truth = read_truth(write(tmp_path, GOOD), problems)

    assert truth is not None
    assert not check_clip(truth, problems)
    assert problems.lost == 2


def test_the_published_schema_names_the_same_keys_as_the_reader(
    tmp_path: Path,
) -> None:
    schema = json.loads(Path("datasets/truth.schema.json").read_text(encoding="utf-8"))
    everything = {
        **GOOD,
        "sha256": "0" * 64,
        "duration_s": 30.0,
        "camera": "north",
        "starts_at": "2026-03-02T08:00:00+08:00",
        "about": "all keys",
    }
    problems = Problems()

    truth = read_truth(write(tmp_path, everything), problems)

    assert truth is not None
    assert not problems.items
    assert set(everything) == set(schema["properties"])
