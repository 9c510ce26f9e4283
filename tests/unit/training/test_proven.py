import hashlib
from pathlib import Path

import pytest

from vision.core.errors import ModelError
from vision.training.proven import note_proven

SHEET = """[model]
name = "tiny"
file = "model.onnx"
sha256 = "{sha256}"
precision = "fp32"

[names]
0 = "garbage"
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
    assert text.count("proven") == 1


def test_a_sheet_of_another_file_is_not_touched(model: Path) -> None:
    model.write_bytes(b"other weights")

    with pytest.raises(ModelError, match="sha256 is not that of"):
        note_proven(model, "openvino-bf16")
    assert "proven" not in model.with_name("model.toml").read_text(encoding="utf-8")


def test_a_model_without_a_sheet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="streetwarden export"):
        note_proven(tmp_path / "model.onnx", "openvino-bf16")
