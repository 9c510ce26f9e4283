"""Detector on an Ultralytics checkpoint, `.pt` (training environment).

A checkpoint is a pickle: loading one runs what is in it. Load only files that you
made or trust.
"""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.detectors.labels import DetectorOptions
from vision.detectors.model_file import read_model_file
from vision.detectors.network import NetworkDetector
from vision.detectors.preprocess import InputArray
from vision.detectors.runtime import InputPort

_SUFFIX = ".pt"
# What unpickling a file that is no checkpoint is known to raise.
_LOAD_ERRORS = (
    AttributeError,
    EOFError,
    ImportError,
    KeyError,
    OSError,
    RuntimeError,
    TypeError,
    UnicodeDecodeError,
    ValueError,
)


class UltralyticsDetector(NetworkDetector):
    """A checkpoint as the trainer writes it, run by torch.

    Preprocessing and decoding are ours, so that what differs from the exported model
    is the network alone.
    """

    def __init__(
        self, path: Path, *, options: DetectorOptions | None = None, device: str = "cpu"
    ) -> None:
        """Load a checkpoint.

        Args:
            path: `.pt` file, or a folder with one; see `read_model_file`.
            options: the site's choice.
            device: torch's name: `cpu`, `cuda:0` ...

        Raises:
            ModelError: torch or ultralytics is not installed, no such file, no
                checkpoint of a detector, or no such device.
        """
        _import_ultralytics()
        loaded: list[TorchNetwork] = []

        def embedded(file: Path) -> Mapping[str, str]:
            loaded.append(TorchNetwork(file, device))
            return loaded[0].metadata

        model = read_model_file(path, embedded=embedded, suffix=_SUFFIX)
        super().__init__(loaded[0], model, options or DetectorOptions())


class TorchNetwork:
    """A checkpoint's network in evaluation mode."""

    def __init__(self, path: Path, device: str) -> None:
        """Load the checkpoint.

        Args:
            path: `.pt` file.
            device: torch's name.

        Raises:
            ModelError: no checkpoint, or no such device.
        """
        self._torch, tasks = _import_ultralytics()
        self._path = path
        self._device = device
        if path.suffix != _SUFFIX:  # or ultralytics would look for it online
            msg = (
                f"model {path}: expected a {_SUFFIX} file; choose type onnx for others"
            )
            raise ModelError(msg)
        try:
            model, _ = tasks.load_checkpoint(path, device=device)
        except _LOAD_ERRORS as error:
            msg = (
                f"model {path}: cannot be loaded on {device!r}: {error!r:.300}; "
                "expected a checkpoint that Ultralytics wrote, and a device of torch"
            )
            raise ModelError(msg) from error
        self.metadata = _metadata(model)
        if self._has_nms_free_head(model):
            model.end2end = True  # the branch that our export takes
        self._model = model.fuse(verbose=False).eval()

    @property
    def input(self) -> InputPort:
        """What it takes: any batch of any size."""
        return InputPort(batch=None, height=None, width=None)

    def prepare(self, input_size: tuple[int, int]) -> None:
        """Do nothing: torch takes every size."""

    def forward(self, batch: InputArray) -> FloatArray:
        """Return the output for a batch, (B, 3, H, W) RGB in [0, 1].

        Raises:
            ModelError: torch failed.
        """
        torch = self._torch
        try:
            with torch.inference_mode():
                output = self._model(torch.from_numpy(batch).to(self._device))
        except RuntimeError as error:
            msg = (
                f"model {self._path}: torch failed on a batch of shape "
                f"{list(batch.shape)}: {error}"
            )
            raise ModelError(msg) from error
        first = output[0] if isinstance(output, list | tuple) else output
        return np.asarray(first.float().cpu().numpy(), np.float32)

    @staticmethod
    def _has_nms_free_head(model: Any) -> bool:
        return getattr(model.model[-1], "one2one_cv2", None) is not None


def _metadata(model: Any) -> dict[str, str]:
    """Return what an export of this model would say of itself."""
    texts = {
        "names": str(dict(model.names)),
        "stride": str(int(model.stride.max())),
        "task": str(model.task),
    }
    imgsz = model.args.get("imgsz")
    return texts if imgsz is None else texts | {"imgsz": str(imgsz)}


def _import_ultralytics() -> tuple[ModuleType, ModuleType]:
    """Return torch and the part of ultralytics that reads checkpoints."""
    try:
        import torch  # noqa: PLC0415 an extra
        from ultralytics.nn import tasks  # noqa: PLC0415 an extra
    except ImportError as error:
        msg = (
            f"detector type ultralytics: {error}; it needs the training environment "
            "(make train-env); in the engine choose type onnx with an exported model"
        )
        raise ModelError(msg) from error
    return torch, tasks
