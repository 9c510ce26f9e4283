import hashlib
from pathlib import Path

import pytest

from vision.core.errors import ModelError
from vision.training.sheet import note_proven, note_thresholds, read_thresholds

SHEET = """[model]
name = "tiny"
file = "model.onnx"
sha256 = "{sha256}"
precision = "fp32"

[names]
0 = "garbage"

[thresholds]
garbage = 0.30
bin = 0.20

[provenance]
parent = "none"
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"weights")
    sha256 = hashlib.sha256(b"weights").hexdigest()
    (tmp_path / "model.toml").write_text(SHEET.format(sha256=sha256), "utf-8")
    return path


def test_a_form_that_passed_stands_in_the_sheet_once(model: Path) -> None:
    for form in ("openvino-bf16", "openvino-bf16", "other"):
        note_proven(model, form)

    text = model.with_name("model.toml").read_text(encoding="utf-8")
    assert 'precision = "fp32"\nproven = ["openvino-bf16", "other"]\n\n[names]' in text
    assert text.count("proven = ") == 1


def test_chosen_thresholds_replace_the_defaults_and_nothing_else(model: Path) -> None:
    sheet = model.with_name("model.toml")
    before = sheet.read_text(encoding="utf-8")

    note_thresholds(model, {"garbage": 0.174})

    assert read_thresholds(model) == {"garbage": 0.17, "bin": 0.2}
    after = sheet.read_text(encoding="utf-8")
    assert after == before.replace("garbage = 0.30", "garbage = 0.17")


def test_a_sheet_of_another_file_is_not_touched(model: Path) -> None:
    model.write_bytes(b"other weights")

    with pytest.raises(ModelError, match="sha256 is not that of"):
        note_proven(model, "openvino-bf16")
    assert "proven = " not in model.with_name("model.toml").read_text(encoding="utf-8")


def test_a_model_without_a_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="streetwarden export"):
        note_proven(tmp_path / "model.onnx", "openvino-bf16")
