import logging
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from vision.core.errors import ModelError
from vision.core.frame import Frame
from vision.detectors.labels import DetectorOptions
from vision.detectors.onnx import CPU, OnnxDetector, OnnxNetwork

GOLDEN = Path(__file__).parents[2] / "golden" / "detectors"
DYNAMIC = GOLDEN / "raw_dynamic.onnx"


def frame() -> Frame:
    image = np.full((128, 128, 3), 90, np.uint8)
    image[32:64, 64:96] = (0, 0, 255)
    return Frame("c", 0, 0.0, datetime(2026, 1, 1, tzinfo=UTC), image)


def graph_with(path: Path, *inputs: tuple[int, list[int | str]]) -> Path:
    """Write a model that hands its first input through, with any inputs."""
    infos = [
        helper.make_tensor_value_info(f"in{number}", kind, shape)
        for number, (kind, shape) in enumerate(inputs)
    ]
    node = helper.make_node("Identity", ["in0"], ["out"])
    out = helper.make_tensor_value_info("out", inputs[0][0], None)
    model = helper.make_model(
        helper.make_graph([node], "g", infos, [out]),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=9,
    )
    helper.set_model_props(model, {"names": "['a']", "imgsz": "64"})
    onnx.save(model, path)
    return path


def test_an_unknown_provider_is_refused_with_those_there_are() -> None:
    with pytest.raises(ModelError, match=rf"\['WarpDrive'\].*{CPU}"):
        OnnxDetector(DYNAMIC, providers=("WarpDrive",))


def test_no_provider_at_all_is_refused() -> None:
    with pytest.raises(ModelError, match="providers: got"):
        OnnxDetector(DYNAMIC, providers=())


def test_a_provider_gets_its_own_options(monkeypatch: pytest.MonkeyPatch) -> None:
    real, given = ort.InferenceSession, list[object]()

    def opened(path: str, **choices: object) -> ort.InferenceSession:
        given.append(choices["providers"])
        return real(path, **choices)

    monkeypatch.setattr("onnxruntime.InferenceSession", opened)
    options = {"use_arena": False}

    OnnxDetector(DYNAMIC, providers=[(CPU, options)]).detect([frame()])

    assert given == [[(CPU, options)]]


def test_a_provider_that_cannot_start_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands for a CUDA build on a machine without the driver.
    monkeypatch.setattr(
        "onnxruntime.InferenceSession.get_providers", lambda _: ["OtherProvider"]
    )

    with caplog.at_level(logging.WARNING):
        OnnxNetwork(DYNAMIC, providers=(CPU,), threads=1)

    assert "could not start" in caplog.text


def test_an_onnx_file_whose_graph_is_broken_is_refused(tmp_path: Path) -> None:
    model = onnx.load(DYNAMIC)
    model.graph.node[0].op_type = "NoSuchOperator"
    path = tmp_path / "model.onnx"
    onnx.save(model, path)

    with pytest.raises(ModelError, match=r"cannot load it.*NoSuchOperator"):
        OnnxDetector(path)


@pytest.mark.parametrize(
    "inputs",
    [
        [(TensorProto.UINT8, [1, 3, 64, 64])],
        [(TensorProto.FLOAT, [1, 64, 64])],
        [(TensorProto.FLOAT, [1, 3, 64, 64]), (TensorProto.FLOAT, [1, 2])],
        [(TensorProto.FLOAT, [1, 4, 64, 64])],
    ],
    ids=["uint8", "rank3", "two", "four-channels"],
)
def test_a_model_that_takes_no_colour_pictures_is_refused(
    tmp_path: Path, inputs: list[tuple[int, list[int | str]]]
) -> None:
    path = graph_with(tmp_path / "model.onnx", *inputs)

    with pytest.raises(ModelError, match=r"expected (one picture batch|3 )"):
        OnnxDetector(path)


def test_a_model_that_takes_pictures_but_detects_nothing_is_refused(
    tmp_path: Path,
) -> None:
    path = graph_with(tmp_path / "model.onnx", (TensorProto.FLOAT, ["n", 3, "h", "w"]))

    with pytest.raises(ModelError, match=r"expected \[B, N, 6\]"):
        OnnxDetector(path)


def test_a_failing_run_names_the_model_and_the_batch() -> None:
    network = OnnxNetwork(GOLDEN / "raw_fixed.onnx", providers=(CPU,), threads=1)

    with pytest.raises(ModelError, match=r"raw_fixed.*\[1, 3, 64, 64\]"):
        network.forward(np.zeros((1, 3, 64, 64), np.float32))


def test_the_flag_in_the_metadata_does_not_decide_the_head() -> None:
    detector = OnnxDetector(GOLDEN / "nms_free_dynamic.onnx", threads=1)

    (found,) = detector.detect([frame()])

    assert found.xyxy.tolist() == [[64, 32, 96, 64]]
    assert detector.labels[found.class_id[0]] == "red"


def test_half_precision_is_taken_where_the_model_says_so() -> None:
    detector = OnnxDetector(GOLDEN / "raw_half.onnx", threads=1)

    (found,) = detector.detect([frame()])

    np.testing.assert_allclose(found.xyxy, [[64, 32, 96, 64]], atol=0.1)


def test_a_fixed_input_takes_no_other_size() -> None:
    options = DetectorOptions(imgsz=256)

    with pytest.raises(ModelError, match="leave imgsz out or export"):
        OnnxDetector(GOLDEN / "raw_fixed.onnx", options=options)


def test_threads_are_those_asked_for() -> None:
    network = OnnxNetwork(DYNAMIC, providers=(CPU,), threads=3)

    options = network._session.get_session_options()
    assert options.intra_op_num_threads == 3
    assert options.inter_op_num_threads == 1
