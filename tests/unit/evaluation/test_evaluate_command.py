import json
import socket
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.unit.evaluation.pictures import write_truth, write_yolo
from vision.bootstrap.suite import build_suite_watcher
from vision.cli.evaluate import app
from vision.cli.exits import BAD_INPUT, status_of
from vision.config.site import load_site
from vision.core.errors import ConfigError
from vision.core.violations import Slug
from vision.evaluation.gate import read_gate
from vision.evaluation.hands import HandsError, in_processes
from vision.evaluation.json_lines import LabelError
from vision.evaluation.problems import Problems
from vision.evaluation.spread import Spread, SpreadError, on_ray
from vision.evaluation.truth import read_truth

# A real ONNX graph that finds red, green and blue cells of 32 x 32 px.
ROOT = Path(__file__).parents[3]
MODEL = ROOT / "tests" / "golden" / "detectors" / "nms_free_dynamic.onnx"
CELL = (32, 32, 64, 64)


def evaluate(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def score(data: Path, out: Path, *more: object) -> Result:
    return evaluate(
        "detections",
        *("--model", MODEL, "--data", data, "--out", out),
        *("--map", "trash=green", "--imgsz", 160, "--threads", 1, "--batch", 2),
        *more,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_yolo(tmp_path / "set", [[CELL], [], [(96, 64, 128, 96)]])


def test_a_right_model_scores_one_and_leaves_with_zero(
    data: Path, tmp_path: Path
) -> None:
    result = score(data, tmp_path / "out")

    assert result.exit_code == 0
    assert "mAP50 1.000" in result.output
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert report["about"]["model_sha256"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "classes.csv",
        "flags.npz",
        "predictions.jsonl",
        "problems.csv",
        "report.html",
        "report.json",
    }


def test_a_picture_that_was_changed_is_looked_at_again(
    data: Path, tmp_path: Path
) -> None:
    score(data, tmp_path / "out")
    first, second, _ = sorted((tmp_path / "set" / "images").iterdir())
    first.write_bytes(second.read_bytes())  # nothing lies there any more

    result = score(data, tmp_path / "out")
    again = score(data, tmp_path / "out")

    assert "mAP50 1.000" not in result.output
    assert result.output == again.output
    lines = (tmp_path / "out" / "predictions.jsonl").read_text().splitlines()
    assert len(lines) == 1 + 3 + 1


def test_bad_labels_are_told_and_the_exit_status_says_so(
    data: Path, tmp_path: Path
) -> None:
    label = tmp_path / "set" / "labels" / "000.txt"
    label.write_text(label.read_text() + "\n4 0.5 0.5 0.1 0.1\n0 nan 0.5 0.1 0.1\n")

    result = score(data, tmp_path / "out")

    assert result.exit_code == BAD_INPUT
    assert f"{label}:2: class 4 out of range" in result.stderr
    assert f"{label}:3: got" in result.stderr
    assert "mAP50 1.000" in result.output
    assert len((tmp_path / "out" / "problems.csv").read_text().splitlines()) == 3


def test_an_empty_set_is_refused_with_what_was_wrong(tmp_path: Path) -> None:
    data = write_yolo(tmp_path / "set", [[CELL]])
    (picture,) = (tmp_path / "set" / "images").iterdir()
    picture.write_bytes(b"no picture")

    with pytest.raises(LabelError, match=r"000\.png") as refused:
        score(data, tmp_path / "out")

    assert status_of(refused.value) == BAD_INPUT


@pytest.mark.parametrize("command", ["detections", "events"])
def test_a_report_folder_that_cannot_be_written_is_refused(
    data: Path, site: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "out").write_text("a file")
    write_truth(tmp_path / "suite", "heap")

    run = {
        "events": partial(judge, site, tmp_path / "suite"),
        "detections": partial(score, data),
    }[command]

    with pytest.raises(ConfigError, match=r"--out .*out: File exists"):
        run(tmp_path / "out")


@pytest.mark.ray
@pytest.mark.filterwarnings("default")  # Ray's own
def test_a_cluster_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs the extra `ray`")
    write_truth(tmp_path / "suite", "heap")
    read = read_truth(tmp_path / "suite" / "heap.truth.json", Problems())
    with socket.socket() as reserved:  # bound, but nobody listens
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        hands = on_ray(
            partial(build_suite_watcher, tmp_path, tmp_path),
            Spread(f"127.0.0.1:{port}"),
        )

        assert read is not None
        with pytest.raises(SpreadError, match="expected a running cluster"):
            list(hands([read]))


def test_a_set_without_a_class_in_common_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="none in common"):
        score(data, tmp_path / "out", "--map", "trash=litter")


def test_a_rename_without_a_sign_between_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected SET=MODEL"):
        score(data, tmp_path / "out", "--map", "trash")


def test_no_data_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"expected a YOLO data\.yaml"):
        score(tmp_path / "nothing", tmp_path / "out")


@pytest.mark.parametrize(("at_least", "status"), [(0.99, 0), (1.01, 1)])
def test_a_gate_decides_the_exit_status(
    data: Path, tmp_path: Path, at_least: float, status: int
) -> None:
    for name in ("a", "b"):
        score(data, tmp_path / name)
    gate = tmp_path / "gate.toml"
    gate.write_text(f"[figures.map50]\nat_least = {at_least}\n")

    result = evaluate(
        "compare",
        *(tmp_path / "a", tmp_path / "b"),
        *("--gate", gate, "--out", tmp_path / "page"),
    )

    assert result.exit_code == status
    assert (tmp_path / "page" / "comparison.html").is_file()


SITE = """
site: judged
model: {{type: onnx, path: {model}, class_map: {{green: garbage}}, imgsz: 320}}
places: {{open_score: 0.3}}  # the green of a compressed film is pale
cameras: [{{id: any, source: {{type: images, path: .}}, period_s: 0.5}}]
rules: [{{type: garbage_pile, dwell_s: 8, alone_s: 3}}]
sinks: [{{type: jsonl}}]
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(SITE.format(model=MODEL))
    return path


def judge(site: Path, truth: Path, out: Path, *more: object) -> Result:
    return evaluate("events", "--config", site, "--truth", truth, "--out", out, *more)


def test_events_are_judged_from_site_file_and_truth_folder(
    site: Path, tmp_path: Path
) -> None:
    truth = write_truth(tmp_path / "suite", "heap")
    other = {**truth, "sha256": "0" * 64}
    (tmp_path / "suite" / "other.truth.json").write_text(json.dumps(other))

    result = judge(site, tmp_path / "suite", tmp_path / "out", "--lang", "zh")

    assert result.exit_code == BAD_INPUT
    assert "the truth is for another clip" in result.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    counts = report["counts"]
    assert (counts["clips_listed"], counts["clips_scored"]) == (2, 1)
    (clip,) = report["clips"]
    assert clip["found"]
    assert all(
        (tmp_path / "out" / file).is_file() for file in clip["found"][0]["evidence"]
    )
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert '<html lang="zh"' in page


@pytest.mark.parametrize(
    ("option", "value"), [("--min-iou", 0), ("--min-iou", 30), ("--onset-s", -1)]
)
def test_limits_that_match_everything_or_nothing_are_refused(
    site: Path, tmp_path: Path, option: str, value: float
) -> None:
    result = judge(site, tmp_path, tmp_path / "out", option, value)

    assert result.exit_code == 2
    assert "is not in the range" in result.stderr


@pytest.mark.parametrize("value", ["nan", "inf"])
@pytest.mark.parametrize("option", ["--min-iou", "--onset-s", "--clear-within-s"])
def test_limits_that_are_no_numbers_are_refused(
    site: Path, tmp_path: Path, option: str, value: str
) -> None:
    result = judge(site, tmp_path, tmp_path / "out", option, value)

    assert result.exit_code == 2
    assert value in result.stderr


def test_what_can_never_be_found_is_told_before_it_is_missed(
    site: Path, tmp_path: Path
) -> None:
    truth = write_truth(tmp_path / "suite", "heap")
    text = json.dumps(truth).replace("garbage_pile", "street_vending")
    (tmp_path / "suite" / "heap.truth.json").write_text(text)

    result = judge(site, tmp_path / "suite", tmp_path / "out")

    assert result.exit_code == BAD_INPUT
    assert "1 of street_vending can never be found: the site has no" in result.stderr
    assert result.stderr.count("can never be found") == 1


@pytest.mark.timeout(120)
def test_two_workers_report_what_one_does(site: Path, tmp_path: Path) -> None:
    suite = tmp_path / "suite"
    for name, laid_s in (("a", 5.0), ("b", 15.0)):
        write_truth(suite, name, laid_s=laid_s)
    # Has a truth and a video by name, but no video by content.
    broken = write_truth(suite, "c") | {"sha256": None}
    (suite / "c.mp4").write_bytes(b"no video")
    (suite / "c.truth.json").write_text(json.dumps(broken))

    results = [
        judge(site, suite, tmp_path / f"{workers}", "--workers", workers)
        for workers in (1, 2)
    ]

    assert [result.exit_code for result in results] == [BAD_INPUT, BAD_INPUT]
    one, two = (
        json.loads((tmp_path / name / "report.json").read_text("utf-8"))
        for name in ("1", "2")
    )
    assert one["about"].pop("made_at") <= two["about"].pop("made_at")
    assert one == two
    assert one["counts"]["clips_scored"] == 2
    events = [(tmp_path / name / "events.csv").read_bytes() for name in ("1", "2")]
    assert events[0] == events[1]


@pytest.mark.timeout(120)
def test_a_worker_that_cannot_begin_is_told_and_not_waited_for(tmp_path: Path) -> None:
    write_truth(tmp_path / "suite", "heap")
    read = read_truth(tmp_path / "suite" / "heap.truth.json", Problems())
    hands = in_processes(
        partial(build_suite_watcher, tmp_path / "gone.yaml", tmp_path), workers=2
    )

    assert read is not None
    with pytest.raises(HandsError, match="a worker ended"):
        list(hands([read]))


def test_a_folder_without_truth_is_refused(site: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no \*truth\.json below"):
        judge(site, tmp_path, tmp_path / "out")


def test_the_shipped_suite_configuration_and_gate_are_right() -> None:
    settings = load_site(ROOT / "configs" / "evaluate.yaml").settings
    gate = read_gate(ROOT / "configs" / "gate.toml")
    lacking = {slug.value for slug in Slug} - {rule.type for rule in settings.rules}

    assert not lacking, "configs/evaluate.yaml: add a rule, or clips of it cannot count"
    assert "false_per_camera_hour negative" in gate
