"""Open a model in whatever form it is named."""

from __future__ import annotations

from pathlib import Path

from vision.core.errors import ModelError
from vision.training.fitting import Predict
from vision.training.network import load_checkpoint
from vision.training.predict import torch_predictor
from vision.training.runtimes import onnx_predictor, openvino_predictor


def predictor(spec: str, size_px: int) -> Predict:
    """Open a model on one thread.

    Args:
        spec: ``x.pt``, ``x.onnx``, or ``openvino:bf16:x.onnx``.
        size_px: side of the square.

    Returns:
        The predictor.

    Raises:
        ModelError: the file is missing or of an unknown kind.
    """
    runtime, _, rest = spec.partition(":")
    precision, _, name = rest.partition(":")
    path = Path(name or spec)
    if not path.is_file():
        msg = f"{path} is not there; expected x.pt, x.onnx or openvino:bf16:x.onnx"
        raise ModelError(msg)
    if runtime == "openvino":
        return openvino_predictor(path, size_px, precision)
    if path.suffix == ".pt":
        return torch_predictor(load_checkpoint(path), size_px)
    if path.suffix == ".onnx":
        return onnx_predictor(path, size_px)
    msg = f"{path}: unknown kind {path.suffix!r}; expected .pt or .onnx"
    raise ModelError(msg)
