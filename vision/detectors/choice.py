"""Which runtime is the fastest that is known to see the same."""

import logging
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from vision.detectors.model_file import read_model_file
from vision.detectors.onnx_metadata import read_onnx_metadata
from vision.detectors.openvino import has_bf16

OPENVINO_BF16 = "openvino-bf16"

log = logging.getLogger(__name__)


def fastest_proven(path: Path) -> Literal["openvino", "onnx"]:
    """Return the runtime for a model on this machine.

    OpenVINO computes in bf16 only where the processor has it, and only a model whose
    `model.toml` says that this very file passed the parity gate so is given to it.

    Args:
        path: model folder or file.

    Raises:
        ModelError: no such model.
    """
    model = read_model_file(path, embedded=read_onnx_metadata)
    reasons = {
        f"model.toml does not list {OPENVINO_BF16} as proven": (
            OPENVINO_BF16 not in model.proven
        ),
        "openvino is not installed (extra `openvino`)": find_spec("openvino") is None,
    }
    against = [why for why, holds in reasons.items() if holds]
    if not against and not has_bf16():
        against = ["this processor has no bfloat16 arithmetic"]
    if against:
        log.info("model %s: ONNX Runtime runs it: %s", path, "; ".join(against))
        return "onnx"
    log.info("model %s: OpenVINO runs it in bf16, as its parity gate allows", path)
    return "openvino"
