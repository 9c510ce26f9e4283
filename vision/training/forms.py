"""Open a model in whatever form it is named."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from vision.core.errors import ModelError
from vision.training.fitting import Predict, Predictor
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
    from vision.training.predict import road_users_only  # noqa: PLC0415 - needs torch

    return road_users_only(_open_torch(root / "weights" / parent, TEACHER_PX))


def predictor(spec: str, size_px: int) -> Predictor:
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
        return _open_torch(path, size_px)
    if path.suffix == ".onnx":
        return onnx_predictor(path, size_px)
    msg = f"{path}: unknown kind {path.suffix!r}; expected .pt or .onnx"
    raise ModelError(msg)


def _open_torch(path: Path, size_px: int) -> Predictor:
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        msg = f"{path} needs torch and ultralytics: run `make train-env` first"
        raise ModelError(msg)
    from vision.training.network import load_checkpoint  # noqa: PLC0415 torch is installed only where models are trained
    from vision.training.predict import torch_predictor  # noqa: PLC0415 torch is installed only where models are trained

    return torch_predictor(load_checkpoint(path), size_px)
