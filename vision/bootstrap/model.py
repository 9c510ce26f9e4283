"""Which detector a site's settings mean."""

from typing import assert_never

from vision.config.models import (
    AutoModel,
    ModelSettings,
    OnnxModel,
    OpenVINOModel,
    UltralyticsModel,
)
from vision.core.ports import Detector
from vision.detectors.choice import fastest_proven
from vision.detectors.labels import DetectorOptions
from vision.detectors.network import NetworkDetector
from vision.detectors.openvino import OpenVinoDetector, OpenVinoSettings
from vision.detectors.ultralytics import UltralyticsDetector

_LEAST_REDUCED_PX = 640  # the view check and looks need no less


def reduced_px(detector: Detector) -> int | None:
    """Return how long the pictures that the analysis reads have to be, pixels.

    None where the detector does not tell what it looks at: it gets every pixel.
    """
    if not isinstance(detector, NetworkDetector):
        return None
    return max(_LEAST_REDUCED_PX, *detector.input_size)


def build_detector(settings: ModelSettings) -> Detector:
    """Load the model.

    Raises:
        ModelError: missing, broken, no detector, or its runtime is not installed.
    """
    options = DetectorOptions(
        class_map=settings.class_map,
        thresholds=settings.thresholds,
        enable_preview=settings.enable_preview,
        imgsz=settings.imgsz,
        tight=settings.tight,
        batch_max=settings.batch_max,
    )
    match settings:
        case AutoModel() if fastest_proven(settings.path) == "openvino":
            return OpenVinoDetector(
                settings.path,
                options=options,
                settings=OpenVinoSettings(threads=settings.threads),
            )
        case AutoModel() | OnnxModel():
            return _on_onnx_runtime(settings, options)
        case OpenVINOModel():
            return OpenVinoDetector(
                settings.path,
                options=options,
                settings=OpenVinoSettings(
                    precision=settings.precision, threads=settings.threads
                ),
            )
        case UltralyticsModel():
            return UltralyticsDetector(
                settings.path, options=options, device=settings.device
            )
        case _:
            assert_never(settings)


def _on_onnx_runtime(
    settings: AutoModel | OnnxModel, options: DetectorOptions
) -> Detector:
    from vision.detectors.onnx import (  # noqa: PLC0415 20 MB that OpenVINO's users save
        CPU,
        OnnxDetector,
        Providers,
    )

    providers: Providers = (CPU,)
    if isinstance(settings, OnnxModel):
        given = settings.provider_options
        providers = [(name, given.get(name, {})) for name in settings.providers]
    return OnnxDetector(
        settings.path, options=options, providers=providers, threads=settings.threads
    )
