"""What a model file says about itself."""

import dataclasses
import subprocess
import tomllib
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="training needs torch: make train-env")
pytest.importorskip("ultralytics", reason="training needs it: make train-env")

from vision.training.export import Papers, write_sheet
from vision.training.labels import CLASSES
from vision.training.sheet import note_thresholds, read_thresholds

pytestmark = [
    pytest.mark.train,
    # Ultralytics warns about itself.
    pytest.mark.filterwarnings("ignore"),
]

PAPERS = Papers(
    name="tiny",
    version="0",
    size_px=320,
    preview=(),
    thresholds=dict.fromkeys(CLASSES, 0.35),
    provenance={"pictures": "generated"},
)


def test_an_export_leaves_the_thresholds_that_a_report_chose(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"first")
    write_sheet(tmp_path, PAPERS)
    note_thresholds(tmp_path / "model.onnx", {"garbage": 0.11})
    (tmp_path / "model.onnx").write_bytes(b"second")

    write_sheet(tmp_path, PAPERS)

    thresholds = read_thresholds(tmp_path / "model.onnx")
    assert thresholds["garbage"] == 0.11
    assert thresholds["car"] == 0.35


def test_papers_may_hold_quotes(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"x")
    said = {"pictures": 'by "Jörg" \\ friends'}

    sheet = write_sheet(tmp_path, dataclasses.replace(PAPERS, provenance=said))

    assert tomllib.loads(sheet.read_text(encoding="utf-8"))["provenance"] == said


def test_make_improve_names_the_set_in_training_and_in_the_papers() -> None:
    said = subprocess.run(
        ["make", "-n", "improve", "SET=mine", "STREETWARDEN_DATA=here"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    steps = [line for line in said.splitlines() if "--own mine" in line]
    assert [line.split()[1] for line in steps] == ["train", "export"]
