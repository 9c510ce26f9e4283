"""What `evaluate detections` runs: a detector that hides nothing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from vision.bootstrap.model import build_detector
from vision.config.models import ModelSettings
from vision.core.ports import Detector

Runtime = Literal["onnx", "openvino", "ultralytics"]


@dataclass(frozen=True, slots=True)
class JudgedModel:
    """Which detector is judged, and how it is run.

    Attributes:
        path: model folder or file.
        runtime: what runs it.
        min_score: least score of any class, so that whole curves can be drawn.
        imgsz: side of the model's input, pixels; None: as exported.
        threads: of one run; 0 for all cores.
        batch: most pictures in one run.
    """

    path: Path
    runtime: Runtime = "onnx"
    min_score: float = 0.01
    imgsz: int | None = None
    threads: int = 0
    batch: int = 8


def build_judged_detector(model: JudgedModel) -> Detector:
    """Load a detector with all its score limits lowered to one.

    Raises:
        ModelError: missing, broken, no detector, or its runtime is not installed.
    """
    settings: dict[str, object] = {
        "type": model.runtime,
        "path": model.path,
        "imgsz": model.imgsz,
        "threads": model.threads,
        "batch_max": model.batch,
    }
    labels = _build(settings).labels
    return _build({**settings, "thresholds": dict.fromkeys(labels, model.min_score)})


def _build(settings: dict[str, object]) -> Detector:
    adapter: TypeAdapter[ModelSettings] = TypeAdapter(ModelSettings)
    return build_detector(adapter.validate_python(settings))
