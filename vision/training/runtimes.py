"""Run an exported model on whole pictures: ONNX Runtime or OpenVINO."""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import onnxruntime

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.training.fitting import Predictor


def onnx_predictor(path: Path, size_px: int, threads: int = 1) -> Predictor:
    """Predict with an exported model.

    Args:
        path: the `.onnx` file.
        size_px: side of the square.
        threads: of ONNX Runtime.

    Returns:
        The predictor.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name

    def infer(pictures: FloatArray) -> FloatArray:
        rows: FloatArray = session.run(None, {name: pictures})[0][0]
        return rows

    return Predictor(infer, size_px)


def openvino_predictor(path: Path, size_px: int, precision: str) -> Predictor:
    """Predict with OpenVINO on one thread.

    Args:
        path: the `.onnx` file.
        size_px: side of the square.
        precision: ``f32`` or ``bf16``; what the processor computes in.

    Returns:
        The predictor.

    Raises:
        ModelError: OpenVINO is not installed.
    """
    try:
        openvino = importlib.import_module("openvino")
    except ModuleNotFoundError as error:
        msg = "OpenVINO is not installed: pip install 'streetwarden[openvino]'"
        raise ModelError(msg) from error
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape([1, 3, size_px, size_px])
    hints = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": 1,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = core.compile_model(model, "CPU", hints).create_infer_request()

    def infer(pictures: FloatArray) -> FloatArray:
        request.infer([pictures])
        return np.array(request.get_output_tensor(0).data[0], np.float32)

    return Predictor(infer, size_px)
