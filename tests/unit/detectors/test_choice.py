"""The automatic runtime is fast only where it is known to see the same."""

from pathlib import Path

import pytest

from vision.bootstrap.model import build_detector
from vision.config.models import AutoModel
from vision.detectors import choice
from vision.detectors.onnx import OnnxDetector
from vision.detectors.openvino import OpenVinoDetector, has_bf16

SHIPPED = Path(__file__).parents[3] / "models" / "street-n"


def test_a_proven_model_runs_on_openvino_where_the_processor_has_bf16() -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    capable = has_bf16()
    detector = build_detector(AutoModel(type="auto", path=SHIPPED, threads=1))

    assert isinstance(detector, OpenVinoDetector if capable else OnnxDetector)


def test_a_model_that_nobody_has_proven_stays_on_onnx_runtime(tmp_path: Path) -> None:
    text = (SHIPPED / "model.toml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("proven")]
    (tmp_path / "model.toml").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "model.onnx").symlink_to(SHIPPED / "model.onnx")

    assert choice.fastest_proven(tmp_path) == "onnx"


def test_without_openvino_the_model_runs_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(choice, "find_spec", lambda _name: None)

    assert choice.fastest_proven(SHIPPED) == "onnx"


def test_a_processor_without_bf16_is_given_onnx_runtime(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    monkeypatch.setattr(choice, "has_bf16", lambda: False)

    assert choice.fastest_proven(SHIPPED) == "onnx"
