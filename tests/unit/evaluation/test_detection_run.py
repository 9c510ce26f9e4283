import json
from pathlib import Path

import pytest

from tests.fakes import ManualClock
from tests.unit.evaluation.pictures import GreenDetector, write_yolo
from vision.evaluation.about import About
from vision.evaluation.cases import map_classes
from vision.evaluation.detection import (
    DetectionResult,
    load_flags,
    save_flags,
    score_detections,
    worst_pictures,
)
from vision.evaluation.detection_report import (
    detection_report,
    worst_gallery,
    write_class_csv,
)
from vision.evaluation.layouts import read_pictures
from vision.evaluation.pictures import PictureSet
from vision.evaluation.predictions import (
    FILE_NAME,
    Header,
    PredictionsError,
    PredictionStore,
    read_predictions,
)
from vision.evaluation.problems import Problems
from vision.evaluation.report import detections_page
from vision.evaluation.runner import DetectRun, decode, detect_all
from vision.evaluation.values import write_json, write_problems_csv

ABOUT = About(command="streetwarden evaluate …", made_at="2026-11-02", seed=0)
HEADER = Header("green/1", "ab" * 32, ("person", "garbage"), "set", 0.01)
BOXES = [
    [(10, 10, 50, 50)],
    [],
    [(60, 20, 100, 60), (10, 70, 40, 110)],
    [(5, 5, 30, 30)],
]


def pictures_in(tmp_path: Path) -> tuple[PictureSet, Problems]:
    problems = Problems()
    data = write_yolo(tmp_path / "set", BOXES)
    return read_pictures(data, split="val", problems=problems), problems


def run_over(
    pictures: PictureSet, out: Path, detector: GreenDetector, *, batch: int = 2
) -> PredictionStore:
    run = DetectRun(detector, ManualClock(), batch=batch, workers=2)
    out.mkdir(exist_ok=True)
    with PredictionStore(out, HEADER) as store:
        detect_all(pictures.pictures, run, store, lambda *_: None)
    return store


def score(
    pictures: PictureSet, store: PredictionStore, problems: Problems
) -> DetectionResult:
    classes = map_classes(
        pictures,
        GreenDetector.labels,
        rename={"trash": "garbage"},
        ignore=[],
        problems=problems,
    )
    return score_detections(
        pictures, store.done, classes, problems, resamples=50, seed=1
    )


def test_a_detector_that_finds_all_boxes_scores_one(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    store = run_over(pictures, tmp_path / "out", GreenDetector())

    result = score(pictures, store, problems)

    assert result.map50.value == pytest.approx(1)
    assert result.map == pytest.approx(1)
    # All pictures agree: drawing them again says nothing about another one.
    assert (result.map50.low, result.map50.high) == (None, None)
    assert worst_pictures(result, 10) == []
    assert not problems.items


def test_an_interrupted_run_goes_on_where_it_stopped_and_ends_the_same(
    tmp_path: Path,
) -> None:
    pictures, _ = pictures_in(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_over(pictures, tmp_path / "out", GreenDetector(fails_after=3), batch=1)
    rest = GreenDetector()

    run_over(pictures, tmp_path / "out", rest, batch=1)
    run_over(pictures, tmp_path / "whole", GreenDetector(), batch=1)

    assert rest.seen == ["images/003.png"]
    resumed = (tmp_path / "out" / FILE_NAME).read_bytes()
    assert resumed == (tmp_path / "whole" / FILE_NAME).read_bytes()


def test_a_line_torn_by_a_crash_is_detected_again(tmp_path: Path) -> None:
    pictures, _ = pictures_in(tmp_path)
    run_over(pictures, tmp_path / "out", GreenDetector())
    file = tmp_path / "out" / FILE_NAME
    whole = file.read_bytes()
    file.write_bytes(whole[:-20])
    again = GreenDetector()

    run_over(pictures, tmp_path / "out", again)

    assert again.seen == ["images/003.png"]
    assert file.read_bytes() == whole


def test_predictions_of_another_model_are_not_mixed_in(tmp_path: Path) -> None:
    pictures, _ = pictures_in(tmp_path)
    run_over(pictures, tmp_path / "out", GreenDetector())
    other = Header("green/2", "cd" * 32, ("person", "garbage"), "set", 0.01)

    with pytest.raises(PredictionsError, match="model_id, model_sha256"):
        PredictionStore(tmp_path / "out", other)


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    pictures, _ = pictures_in(tmp_path)
    run_over(pictures, tmp_path / "out", GreenDetector())
    file = tmp_path / "out" / FILE_NAME
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([lines[0], "{broken\n", *lines[2:]]))

    with pytest.raises(PredictionsError, match=f"{FILE_NAME}:2"):
        PredictionStore(tmp_path / "out", HEADER)
    with pytest.raises(PredictionsError, match=f"{FILE_NAME}:2"):
        read_predictions(file)


def test_stored_predictions_read_back_to_the_same_bits(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    store = run_over(pictures, tmp_path / "out", GreenDetector())

    read = read_predictions(tmp_path / "out" / FILE_NAME)

    assert list(read) == list(store.done)
    for key, prediction in read.items():
        mine = store.done[key].said
        assert prediction.said is not None
        assert mine is not None
        assert prediction.said.xyxy.tobytes() == mine.xyxy.tobytes()
    assert not problems.items


def test_a_picture_that_breaks_after_its_header_is_reported_and_counted(
    tmp_path: Path,
) -> None:
    pictures, problems = pictures_in(tmp_path)
    file = tmp_path / "set" / "images" / "000.png"
    file.write_bytes(file.read_bytes()[:60])
    store = run_over(pictures, tmp_path / "out", GreenDetector())

    result = score(pictures, store, problems)
    report = detection_report(result, pictures, problems, ABOUT)

    assert [problem.text for problem in problems] == [
        "cannot be decoded; the picture is not scored"
    ]
    counts = report["counts"]
    assert isinstance(counts, dict)
    assert counts["pictures_listed"] == 4
    assert counts["pictures_scored"] == 3
    assert counts["pictures_left_out"] == 1
    assert counts["boxes_left_out"] == 1


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    written = []
    for name in ("a", "b"):
        store = run_over(pictures, tmp_path / name, GreenDetector())
        result = score(pictures, store, problems)
        report = detection_report(result, pictures, problems, ABOUT)
        write_json(tmp_path / name / "report.json", report)
        save_flags(tmp_path / name / "flags.npz", result)
        files = ("report.json", "flags.npz", FILE_NAME)
        written.append([(tmp_path / name / file).read_bytes() for file in files])

    assert written[0] == written[1]


def test_flags_are_kept_for_later_comparison(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    result = score(
        pictures, run_over(pictures, tmp_path / "out", GreenDetector()), problems
    )
    save_flags(tmp_path / "flags.npz", result)

    keys, flags = load_flags(tmp_path / "flags.npz")

    assert keys == [case.key for case in result.cases]
    assert list(flags) == ["garbage"]
    assert flags["garbage"].hit.tolist() == [True] * 4


def test_the_page_shows_the_worst_pictures_and_needs_no_network(
    tmp_path: Path,
) -> None:
    pictures, problems = pictures_in(tmp_path)
    label = tmp_path / "set" / "labels" / "001.txt"
    label.write_text("0 0.5 0.5 0.2 0.2\n")
    pictures = read_pictures(
        tmp_path / "set" / "data.yaml", split="val", problems=problems
    )
    store = run_over(pictures, tmp_path / "out", GreenDetector())
    result = score(pictures, store, problems)
    report = detection_report(result, pictures, problems, ABOUT)
    gallery = worst_gallery(result, pictures, decode, 5)

    page = detections_page(report, gallery, "zh")

    assert [row["key"] for row in gallery] == ["images/001.png"]
    assert gallery[0]["uri"] in page
    assert '<html lang="zh"' in page
    assert "目标检测评测报告" in page
    assert "Detection report" in page
    assert "streetwarden evaluate …" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_names_from_outside_cannot_put_markup_into_the_page(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    result = score(
        pictures, run_over(pictures, tmp_path / "out", GreenDetector()), problems
    )
    problems.add(Path("<script>alert(1)</script>"), 3, "<b>bold</b>")

    page = detections_page(detection_report(result, pictures, problems, ABOUT), [])

    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page
    assert "&lt;b&gt;bold" in page


def test_tables_hold_one_row_per_class_and_problem(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    result = score(
        pictures, run_over(pictures, tmp_path / "out", GreenDetector()), problems
    )
    problems.add(Path("labels/x.txt"), 3, 'a "quoted", text')

    write_class_csv(tmp_path / "classes.csv", result)
    write_problems_csv(tmp_path / "problems.csv", problems)

    tables = (tmp_path / "classes.csv", tmp_path / "problems.csv")
    # The mark by which a spreadsheet knows UTF-8.
    assert {table.read_bytes()[:3] for table in tables} == {b"\xef\xbb\xbf"}
    rows = tables[0].read_text("utf-8-sig").splitlines()
    assert rows[0].startswith("class,true,ap50,")
    assert rows[1].startswith("garbage,4,1.0,")
    faults = tables[1].read_text("utf-8-sig").splitlines()
    assert faults[1] == 'labels/x.txt,3,"a ""quoted"", text",1'


def test_the_report_is_plain_json(tmp_path: Path) -> None:
    pictures, problems = pictures_in(tmp_path)
    result = score(
        pictures, run_over(pictures, tmp_path / "out", GreenDetector()), problems
    )
    write_json(
        tmp_path / "report.json", detection_report(result, pictures, problems, ABOUT)
    )

    read = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))

    assert read["kind"] == "detections"
    assert read["figures"]["map50"]["value"] == pytest.approx(1)
    assert read["mistakes"]["missed"] == {"count": 0, "ap50_gain": 0.0}
