import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from vision.core.errors import ModelError
from vision.core.frame import Frame
from vision.core.ports import Detector
from vision.detectors.labels import DetectorOptions
from vision.detectors.ultralytics import UltralyticsDetector

# An untrained network is sure of nothing, so everything passes.
ANYTHING = dict.fromkeys(("garbage", "bin"), 1e-9)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an untrained YOLO26n for two classes, as the trainer would save it."""
    torch = pytest.importorskip("torch", reason="the training environment is needed")
    tasks = pytest.importorskip("ultralytics.nn.tasks")
    torch.manual_seed(0)
    model = tasks.DetectionModel("yolo26n.yaml", nc=2, verbose=False)
    model.names = {0: "garbage", 1: "garbage_bin"}
    model.args = {"imgsz": 64}
    path = tmp_path_factory.mktemp("checkpoint") / "best.pt"
    torch.save({"model": model, "train_args": {"imgsz": 64}}, path)
    return path


def frames(count: int) -> list[Frame]:
    rng = np.random.default_rng(1)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        Frame("c", 0, 0.0, at, rng.integers(0, 256, (60 + 9 * n, 80, 3), np.uint8))
        for n in range(count)
    ]


def test_without_the_packages_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)

    with pytest.raises(ModelError, match="training environment"):
        UltralyticsDetector(tmp_path / "best.pt")


@pytest.mark.train
def test_a_checkpoint_speaks_the_port(checkpoint: Path) -> None:
    options = DetectorOptions(
        class_map={"garbage_bin": "bin"}, thresholds=ANYTHING, max_detections=20
    )

    detector: Detector = UltralyticsDetector(checkpoint, options=options)
    found = detector.detect(frames(3))

    assert detector.labels == ("garbage", "bin")
    assert detector.model_id == f"best/{detector.model_sha256[:12]}"
    assert [len(boxes) > 0 for boxes in found] == [True] * 3
    assert {int(number) for boxes in found for number in boxes.class_id} <= {0, 1}


@pytest.mark.train
def test_its_results_do_not_depend_on_the_rest_of_the_batch(checkpoint: Path) -> None:
    options = DetectorOptions(thresholds={"garbage": 1e-9}, max_detections=5)
    detector = UltralyticsDetector(checkpoint, options=options)
    pictures = frames(4)

    together = detector.detect(pictures)
    apart = [detector.detect([picture])[0] for picture in pictures]

    for a, b in zip(together, apart, strict=True):
        np.testing.assert_allclose(a.xyxy, b.xyxy, atol=0.05)
        np.testing.assert_allclose(a.score, b.score, rtol=1e-3)


@pytest.mark.train
def test_the_head_is_the_one_without_anchors_to_suppress(checkpoint: Path) -> None:
    detector = UltralyticsDetector(checkpoint)

    output = detector._network.forward(np.zeros((1, 3, 64, 64), np.float32))

    assert output.shape[2] == 6


@pytest.mark.train
@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 broken"])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    pytest.importorskip("ultralytics", reason="the training environment is needed")
    path = tmp_path / "best.pt"
    path.write_bytes(content)

    with pytest.raises(ModelError, match="expected a checkpoint"):
        UltralyticsDetector(path)


@pytest.mark.train
def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ultralytics", reason="the training environment is needed")
    path = tmp_path / "model.onnx"
    path.write_bytes(b"x")

    with pytest.raises(ModelError, match=r"expected a \.pt file"):
        UltralyticsDetector(path)
