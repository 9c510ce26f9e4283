"""Detector on ONNX Runtime."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.detectors.labels import DetectorOptions
from vision.detectors.model_file import read_model_file
from vision.detectors.network import NetworkDetector
from vision.detectors.preprocess import InputArray
from vision.detectors.runtime import InputPort

CPU = "CPUExecutionProvider"

Providers = Sequence[str | tuple[str, Mapping[str, str | int | bool]]]
"""Names of execution providers, each alone or with options of its own."""

_INPUT_RANK = 4
_DTYPES: dict[str, type[np.float32 | np.float16]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}
# ONNX Runtime's exceptions share no base but Exception.
_ORT_ERRORS = (
    ort_errors.EPFail,
    ort_errors.EngineError,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,
)

log = logging.getLogger(__name__)


class OnnxDetector(NetworkDetector):
    """A model in an ONNX file, self-configuring from what the file says."""

    def __init__(
        self,
        path: Path,
        *,
        options: DetectorOptions | None = None,
        providers: Providers = (CPU,),
        threads: int = 0,
    ) -> None:
        """Load a model folder or file.

        Args:
            path: see `read_model_file`.
            options: the site's choice.
            providers: ONNX Runtime's execution providers, preferred first.
            threads: of one run; 0 for all cores.

        Raises:
            ModelError: no such model, no detector, or no such provider.
        """
        model = read_model_file(path)
        network = OnnxNetwork(model.path, providers=providers, threads=threads)
        super().__init__(network, model, options or DetectorOptions())


class OnnxNetwork:
    """An ONNX Runtime session."""

    def __init__(self, path: Path, *, providers: Providers, threads: int) -> None:
        """Open the session.

        Args:
            path: the `.onnx` file.
            providers: preferred first.
            threads: of one run; 0 for all cores.

        Raises:
            ModelError: the file cannot be loaded or a provider does not exist.
        """
        wanted = [one if isinstance(one, str) else one[0] for one in providers]
        _check_providers(wanted)
        settings = ort.SessionOptions()
        settings.intra_op_num_threads = threads
        settings.inter_op_num_threads = 1
        # Threads that spin between runs take cores from decoding.
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._path = path
        try:
            self._session = ort.InferenceSession(
                str(path), sess_options=settings, providers=list(providers)
            )
        except _ORT_ERRORS as error:
            msg = (
                f"model {path}: ONNX Runtime cannot load it: {error}; "
                "export it anew or update onnxruntime"
            )
            raise ModelError(msg) from error
        self._say_missing(wanted)
        inputs = self._session.get_inputs()
        self._input_name = inputs[0].name
        self._output_name = self._session.get_outputs()[0].name
        self._port = _port(path, [(port.type, port.shape) for port in inputs])

    @property
    def input(self) -> InputPort:
        """What it takes."""
        return self._port

    @property
    def providers(self) -> tuple[str, ...]:
        """Execution providers in use, which may be fewer than were asked for."""
        return tuple(self._session.get_providers())

    def prepare(self, input_size: tuple[int, int]) -> None:
        """Do nothing: a session takes every size that its graph takes."""

    def forward(self, batch: InputArray) -> FloatArray:
        """Return the output for a batch, (B, 3, H, W) RGB in [0, 1].

        Raises:
            ModelError: the session failed.
        """
        try:
            (output,) = self._session.run(
                [self._output_name], {self._input_name: batch}
            )
        except _ORT_ERRORS as error:
            msg = (
                f"model {self._path}: ONNX Runtime failed on a batch of shape "
                f"{list(batch.shape)}: {error}"
            )
            raise ModelError(msg) from error
        return np.asarray(output, dtype=np.float32)

    def _say_missing(self, wanted: Sequence[str]) -> None:
        missing = [name for name in wanted if name not in self.providers]
        if missing:
            log.warning(
                "model %s: %s could not start (driver or libraries missing); "
                "running on %s",
                self._path,
                missing,
                list(self.providers),
            )


def _check_providers(providers: Sequence[str]) -> None:
    available = ort.get_available_providers()
    unknown = [name for name in providers if name not in available]
    if unknown or not providers:
        msg = (
            f"providers: got {list(providers)}, expected some of {available}; "
            "correct the name, or install the build that has it (CUDA and TensorRT: "
            "onnxruntime-gpu in place of onnxruntime, with NVIDIA's driver)"
        )
        raise ModelError(msg)


def _port(path: Path, inputs: list[tuple[str, list[int | str | None]]]) -> InputPort:
    kind, shape = inputs[0]
    dtype = _DTYPES.get(kind)
    if len(inputs) != 1 or dtype is None or len(shape) != _INPUT_RANK:
        msg = (
            f"model {path}: its inputs are {inputs}, expected one picture batch "
            "[B, 3, H, W] of float or float16; export a plain detection model"
        )
        raise ModelError(msg)
    batch, channels, height, width = (
        side if isinstance(side, int) and side > 0 else None for side in shape
    )
    if channels not in {3, None}:
        msg = (
            f"model {path}: it takes {channels} channels, expected 3 (RGB); "
            "choose a model for colour pictures"
        )
        raise ModelError(msg)
    return InputPort(batch=batch, height=height, width=width, dtype=dtype)
