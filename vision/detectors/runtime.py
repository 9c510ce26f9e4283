"""What a runtime must offer to be a detector's inner part."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vision.core.arrays import FloatArray
from vision.core.errors import ModelError
from vision.detectors.labels import DetectorOptions
from vision.detectors.model_file import ModelFile
from vision.detectors.preprocess import InputArray


@dataclass(frozen=True, slots=True)
class InputPort:
    """What a loaded network takes; None where any number will do.

    Attributes:
        batch: pictures in a run.
        height: pixels.
        width: pixels.
        dtype: float32 or float16.
    """

    batch: int | None
    height: int | None
    width: int | None
    dtype: type[np.float32 | np.float16] = np.float32


class Network(Protocol):
    """A model as some runtime has loaded it."""

    @property
    def input(self) -> InputPort:
        """What it takes."""
        ...

    def prepare(self, input_size: tuple[int, int]) -> None:
        """Get ready for inputs of this (height, width), pixels.

        Called before the first batch of each size.

        Raises:
            ModelError: the runtime cannot.
        """
        ...

    def forward(self, batch: InputArray) -> FloatArray:
        """Return the output for a batch, (B, 3, H, W) RGB in [0, 1].

        The array may be overwritten by the next call.

        Raises:
            ModelError: the runtime failed.
        """
        ...


def choose_input_size(
    port: InputPort, model: ModelFile, options: DetectorOptions
) -> tuple[int, int]:
    """Return (height, width): the site's choice, the file's word, or the graph's.

    Raises:
        ModelError: they contradict each other, or nobody says it.
    """
    where = f"model {model.path}"
    wanted = options.imgsz
    chosen = (wanted, wanted) if isinstance(wanted, int) else wanted
    fixed = (port.height, port.width)
    said = chosen or model.imgsz
    if said is None:
        said = (port.height or 0, port.width or 0)
    if any(size not in {None, side} for size, side in zip(fixed, said, strict=True)):
        msg = (
            f"{where}: imgsz {said} is wanted, but the graph takes only {fixed}; "
            "leave imgsz out or export the model with dynamic=True"
        )
        raise ModelError(msg)
    if min(said) < 1:
        msg = (
            f"{where}: its input size is unsaid and the graph takes any; "
            "give imgsz in model.toml"
        )
        raise ModelError(msg)
    if any(side % model.stride for side in said):
        msg = (
            f"{where}: imgsz is {said}, expected multiples of {model.stride} px; "
            "choose such a size"
        )
        raise ModelError(msg)
    return said
