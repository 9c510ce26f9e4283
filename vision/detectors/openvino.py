"""Detector on OpenVINO (extra `openvino`)."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.detectors.labels import DetectorOptions
from vision.detectors.model_file import read_model_file
from vision.detectors.network import NetworkDetector
from vision.detectors.onnx_metadata import read_onnx_metadata
from vision.detectors.preprocess import InputArray
from vision.detectors.runtime import InputPort

Precision = Literal["auto", "f32", "bf16"]
Hint = Literal["latency", "throughput"]

_DEVICE = "CPU"
_INPUT_RANK = 4
_DTYPES: dict[str, type[np.float32 | np.float16]] = {
    "f32": np.float32,
    "f16": np.float16,
}


@dataclass(frozen=True, slots=True)
class OpenVinoSettings:
    """How OpenVINO runs a model on the CPU.

    Attributes:
        precision: of the arithmetic; `auto` takes bf16 where the CPU has it.
        hint: `latency` runs a batch as one; `throughput` spreads its pictures over
            parallel streams, which pays from two threads on.
        threads: 0 for all cores.
    """

    precision: Precision = "auto"
    hint: Hint = "latency"
    threads: int = 0


class OpenVinoDetector(NetworkDetector):
    """A model in an ONNX file, or in OpenVINO's own `.xml` and `.bin`."""

    def __init__(
        self,
        path: Path,
        *,
        options: DetectorOptions | None = None,
        settings: OpenVinoSettings | None = None,
    ) -> None:
        """Load a model folder or file.

        Args:
            path: see `read_model_file`; an `.xml` needs a `model.toml` that names
                its classes.
            options: the site's choice.
            settings: how it runs.

        Raises:
            ModelError: OpenVINO is not installed, no such model, no detector, or a
                precision that this CPU does not have.
        """
        _import_openvino()
        model = read_model_file(path, embedded=_embedded)
        network = OpenVinoNetwork(model.path, settings or OpenVinoSettings())
        super().__init__(network, model, options or DetectorOptions())


class OpenVinoNetwork:
    """A model that OpenVINO has read and, after `prepare`, compiled."""

    def __init__(self, path: Path, settings: OpenVinoSettings) -> None:
        """Read the model.

        Args:
            path: `.onnx` or `.xml`.
            settings: how it runs.

        Raises:
            ModelError: it cannot be read, or the CPU lacks the precision.
        """
        self._ov = _import_openvino()
        self._path = path
        self._core = self._ov.Core()
        self._config = self._configuration(settings)
        try:
            self._graph = self._core.read_model(str(path))
        except RuntimeError as error:
            msg = (
                f"model {path}: OpenVINO cannot read it: {_reason(error)}; "
                "export it anew or update openvino"
            )
            raise ModelError(msg) from error
        self._port = _port(path, self._graph)
        self._parallel = settings.hint == "throughput" and self._port.batch is None
        # Infer request or queue of requests by input size: few, all multiples of the
        # stride up to the largest.
        self._requests: dict[tuple[int, int], Any] = {}

    @property
    def input(self) -> InputPort:
        """What it takes."""
        return self._port

    @property
    def precision(self) -> str:
        """Arithmetic in use: `f32` or `bf16`."""
        return str(self._config["INFERENCE_PRECISION_HINT"])

    def prepare(self, input_size: tuple[int, int]) -> None:
        """Compile for inputs of this (height, width), pixels.

        A known size is a few per cent faster than an open one (measured: 3 to 7).

        Raises:
            ModelError: the graph does not take that size.
        """
        batch = 1 if self._parallel else -1
        shape = [self._port.batch or batch, 3, *input_size]
        name = self._graph.inputs[0].any_name
        try:
            self._graph.reshape({name: self._ov.PartialShape(shape)})
            compiled = self._core.compile_model(self._graph, _DEVICE, self._config)
        except RuntimeError as error:
            msg = (
                f"model {self._path}: OpenVINO cannot compile it for input "
                f"{shape}: {_reason(error)}; choose another imgsz"
            )
            raise ModelError(msg) from error
        self._requests[input_size] = (
            self._ov.AsyncInferQueue(compiled)
            if self._parallel
            else compiled.create_infer_request()
        )

    def forward(self, batch: InputArray) -> FloatArray:
        """Return the output for a batch, (B, 3, H, W) RGB in [0, 1].

        Raises:
            ModelError: the runtime failed.
        """
        try:
            ready = self._requests[batch.shape[2], batch.shape[3]]
            if self._parallel:
                return self._forward_each(ready, batch)
            ready.infer({0: batch}, share_inputs=True)
        except RuntimeError as error:
            msg = (
                f"model {self._path}: OpenVINO failed on a batch of shape "
                f"{list(batch.shape)}: {_reason(error)}"
            )
            raise ModelError(msg) from error
        # Valid until the next run, as the port says; decoding copies what it keeps.
        return np.asarray(ready.get_output_tensor(0).data, np.float32)

    @staticmethod
    def _forward_each(queue: Any, batch: InputArray) -> FloatArray:
        outputs: list[FloatArray | None] = [None] * len(batch)

        def keep(request: Any, index: int) -> None:
            outputs[index] = np.array(request.get_output_tensor(0).data, np.float32)

        queue.set_callback(keep)
        for index in range(len(batch)):
            queue.start_async({0: batch[index : index + 1]}, index)
        queue.wait_all()
        return np.concatenate([output for output in outputs if output is not None])

    def _configuration(self, settings: OpenVinoSettings) -> dict[str, str | int]:
        capable = _has_bf16(self._core)
        if settings.precision == "bf16" and not capable:
            msg = (
                "precision: got 'bf16', but this CPU has no bfloat16 arithmetic; "
                "set precision to auto or f32"
            )
            raise ModelError(msg)
        use_bf16 = capable and settings.precision != "f32"
        config: dict[str, str | int] = {
            "PERFORMANCE_HINT": settings.hint.upper(),
            "INFERENCE_PRECISION_HINT": "bf16" if use_bf16 else "f32",
        }
        if settings.threads:
            config["INFERENCE_NUM_THREADS"] = settings.threads
        return config


def has_bf16() -> bool:
    """Return whether this processor computes in bfloat16.

    Raises:
        ModelError: OpenVINO is not installed.
    """
    return _has_bf16(_import_openvino().Core())


def _has_bf16(core: Any) -> bool:
    return "BF16" in core.get_property(_DEVICE, "OPTIMIZATION_CAPABILITIES")


def _import_openvino() -> ModuleType:
    try:
        import openvino  # noqa: PLC0415 an extra
    except ImportError as error:
        msg = (
            "detector type openvino: the package openvino is not installed; run "
            "pip install 'streetwarden[openvino]' or choose type onnx"
        )
        raise ModelError(msg) from error
    module: ModuleType = openvino
    return module


def _embedded(path: Path) -> dict[str, str]:
    """Return what a file says of itself; OpenVINO's own files keep silent."""
    return {} if path.suffix == ".xml" else read_onnx_metadata(path)


def _port(path: Path, graph: Any) -> InputPort:
    sides = [
        None if side.is_dynamic else int(side.get_length())
        for side in graph.inputs[0].partial_shape
    ]
    kind = graph.inputs[0].element_type.get_type_name()
    dtype = _DTYPES.get(kind)
    if len(graph.inputs) != 1 or dtype is None or len(sides) != _INPUT_RANK:
        msg = (
            f"model {path}: its first of {len(graph.inputs)} inputs is {kind} {sides}, "
            "expected one picture batch [B, 3, H, W] of f32 or f16; "
            "export a plain detection model"
        )
        raise ModelError(msg)
    batch, _, height, width = sides
    return InputPort(batch=batch, height=height, width=width, dtype=dtype)


def _reason(error: RuntimeError) -> str:
    """Return the line of OpenVINO's trace that tells what is wrong."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
