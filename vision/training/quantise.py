"""Quantise a model to 8 bits for OpenVINO, calibrated on real pictures.

The result is a candidate: `streetwarden parity` decides whether it may be
installed. Written as OpenVINO's own form, because OpenVINO reads the same
quantised graph from an ONNX file wrongly (mean AP near 0), without a word.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from vision.core.arrays import ImageU8
from vision.core.errors import ModelError
from vision.training.fitting import letterbox, to_tensor

#: Boxes and the choice of the best rows do not survive 8 bits.
_FLOAT = ".*/model.23/.*"


def quantise(
    source: Path, target: Path, pictures: Sequence[ImageU8], size_px: int
) -> None:
    """Write an 8-bit form of an exported model; the head stays in float.

    Args:
        source: float32 `.onnx`.
        target: the `.xml`; its weights go beside it.
        pictures: (H, W, 3) uint8 BGR each, what the cameras show.
        size_px: side of the square.

    Raises:
        ModelError: a file is of another kind, or NNCF is not installed.
    """
    if target.suffix != ".xml":
        msg = f"{target}: expected a name that ends with .xml, OpenVINO's own form"
        raise ModelError(msg)
    if not source.is_file():
        msg = f"{source} is not there; expected a float32 .onnx"
        raise ModelError(msg)
    try:
        nncf = importlib.import_module("nncf")
        openvino = importlib.import_module("openvino")
    except ModuleNotFoundError as error:
        msg = "quantising needs NNCF and OpenVINO: pip install nncf openvino"
        raise ModelError(msg) from error
    shown = nncf.Dataset(
        list(pictures), lambda image: to_tensor([letterbox(image, size_px)[0]])
    )
    quantised = nncf.quantize(
        openvino.Core().read_model(source),
        shown,
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(pictures),
        ignored_scope=nncf.IgnoredScope(patterns=[_FLOAT]),
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(quantised, target)
