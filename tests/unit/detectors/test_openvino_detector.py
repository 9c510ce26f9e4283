import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from vision.core.errors import ModelError
from vision.core.frame import Frame
from vision.detectors.labels import DetectorOptions
from vision.detectors.openvino import (
    OpenVinoDetector,
    OpenVinoNetwork,
    OpenVinoSettings,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "detectors"
DYNAMIC = GOLDEN / "raw_dynamic.onnx"
EXACT = OpenVinoSettings(precision="f32", threads=1)


def frame(column: int = 64) -> Frame:
    image = np.full((128, 128, 3), 90, np.uint8)
    image[32:64, column : column + 32] = (0, 0, 255)
    return Frame("c", 0, 0.0, datetime(2026, 1, 1, tzinfo=UTC), image)


def test_without_the_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)

    with pytest.raises(ModelError, match=r"streetwarden\[openvino\]"):
        OpenVinoDetector(DYNAMIC)


def test_openvinos_own_files_are_read_with_a_manifest(tmp_path: Path) -> None:
    ov = pytest.importorskip("openvino", reason="needs the extra `openvino`")
    ov.save_model(ov.Core().read_model(str(DYNAMIC)), str(tmp_path / "model.xml"))
    (tmp_path / "model.toml").write_text(
        '[model]\nname="t"\nversion="1"\nfile="model.xml"\nimgsz=128\n'
        '[names]\n0="red"\n1="green"\n2="blue"\n'
    )

    detector = OpenVinoDetector(tmp_path, settings=EXACT)

    (found,) = detector.detect([frame()])
    np.testing.assert_allclose(found.xyxy, [[64, 32, 96, 64]], atol=0.1)


def test_throughput_keeps_the_order_of_the_pictures() -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    settings = OpenVinoSettings(precision="f32", hint="throughput", threads=2)
    detector = OpenVinoDetector(DYNAMIC, settings=settings)

    found = detector.detect([frame(column) for column in (0, 32, 64, 96, 0, 64)])

    lefts = [boxes.xyxy[0, 0] for boxes in found]
    assert lefts == [0, 32, 64, 96, 0, 64]


def test_results_outlive_the_next_run() -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    detector = OpenVinoDetector(DYNAMIC, settings=EXACT)

    (first,) = detector.detect([frame(0)])
    detector.detect([frame(96)])

    assert first.xyxy.tolist() == [[0, 32, 32, 64]]


def test_precision_follows_what_the_cpu_has() -> None:
    ov = pytest.importorskip("openvino", reason="needs the extra `openvino`")
    has = "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    auto = OpenVinoNetwork(DYNAMIC, OpenVinoSettings())
    exact = OpenVinoNetwork(DYNAMIC, EXACT)

    assert auto.precision == ("bf16" if has else "f32")
    assert exact.precision == "f32"


def test_bf16_is_refused_where_the_cpu_lacks_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    monkeypatch.setattr(
        "openvino.Core.get_property", lambda *_: ["FP32", "INT8"], raising=True
    )

    with pytest.raises(ModelError, match="set precision to auto or f32"):
        OpenVinoNetwork(DYNAMIC, OpenVinoSettings(precision="bf16"))


@pytest.mark.parametrize("content", [b"<net", b""])
def test_a_broken_file_of_openvinos_own_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    (tmp_path / "model.xml").write_bytes(content)
    (tmp_path / "model.bin").write_bytes(b"")

    with pytest.raises(ModelError, match="OpenVINO cannot read it"):
        OpenVinoNetwork(tmp_path / "model.xml", EXACT)


def test_a_size_that_the_graph_does_not_take_is_refused() -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    options = DetectorOptions(imgsz=256)

    with pytest.raises(ModelError, match="the graph takes only"):
        OpenVinoDetector(GOLDEN / "raw_fixed.onnx", options=options, settings=EXACT)


def test_a_size_that_cannot_be_compiled_is_refused() -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    network = OpenVinoNetwork(DYNAMIC, EXACT)

    with pytest.raises(
        ModelError, match=r"cannot compile it for input \[-1, 3, 8, 8\]"
    ):
        network.prepare((8, 8))


@pytest.mark.parametrize("hint", ["latency", "throughput"])
def test_a_failing_run_names_the_model_and_the_batch(
    hint: Literal["latency", "throughput"],
) -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    settings = OpenVinoSettings(precision="f32", hint=hint, threads=1)
    network = OpenVinoNetwork(DYNAMIC, settings)
    network.prepare((32, 32))

    with pytest.raises(ModelError, match=r"raw_dynamic.*\[1, 4, 32, 32\]"):
        network.forward(np.zeros((1, 4, 32, 32), np.float32))


def test_a_run_that_gives_nothing_back_is_no_silent_loss() -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    # This head always gives its best 12 rows, and 32 x 32 px hold only three: OpenVINO
    # then answers with an empty batch.
    options = DetectorOptions(imgsz=32)

    with pytest.raises(ModelError, match="gave 0 results for a batch of 1"):
        OpenVinoDetector(
            GOLDEN / "nms_free_dynamic.onnx", options=options, settings=EXACT
        )


@pytest.mark.parametrize(
    ("kind", "shape"),
    [(TensorProto.UINT8, [1, 3, 64, 64]), (TensorProto.FLOAT, [1, 64, 64])],
    ids=["uint8", "rank3"],
)
def test_a_model_that_takes_no_pictures_is_refused(
    tmp_path: Path, kind: int, shape: list[int]
) -> None:
    pytest.importorskip("openvino", reason="needs the extra `openvino`")
    inputs = [helper.make_tensor_value_info("in0", kind, shape)]
    out = helper.make_tensor_value_info("out", kind, shape)
    node = helper.make_node("Relu", ["in0"], ["out"])
    model = helper.make_model(
        helper.make_graph([node], "g", inputs, [out]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    onnx.save(model, tmp_path / "model.onnx")

    with pytest.raises(ModelError, match="expected one picture batch"):
        OpenVinoNetwork(tmp_path / "model.onnx", EXACT)
