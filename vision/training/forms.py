"""Open a model in whatever form it is named."""

from __future__ import annotations

from pathlib import Path

from vision.core.errors import ModelError
from vision.training.fitting import Predict
from vision.training.network import load_checkpoint
from vision.training.predict import road_users_only, torch_predictor
from vision.training.runtimes import onnx_predictor, openvino_predictor

TEACHER_PX = 640


def teacher(root: Path, parent: str) -> Predict:
    """Open the COCO parent as a detector of our road users, at 640 px.

    Args:
        root: data root; holds `weights/`.
        parent: checkpoint file.

    Returns:
        The predictor, in our classes.
    """
    model = load_checkpoint(root / "weights" / parent)
    return road_users_only(torch_predictor(model, TEACHER_PX))


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
