"""`model.toml`: what a person or the exporter says about a model file."""

import logging
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from vision.core.errors import ModelError
from vision.core.expected import mistake

MANIFEST_NAME = "model.toml"

log = logging.getLogger(__name__)

Threshold = Annotated[float, Field(gt=0, lt=1)]
_Side = Annotated[int, Field(strict=True, gt=0, le=8192)]


_Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class VariantTable(BaseModel):
    """A `[[variants]]` table: the same model in another file.

    Attributes:
        file: relative to the folder.
        sha256: hex digest that the file must have, or None.
        precision: for people.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    file: Annotated[str, Field(min_length=1)]
    sha256: _Digest | None = None
    precision: str | None = None


class ModelTable(BaseModel):
    """The `[model]` table.

    Keys that are not known here are named in the log and otherwise left alone: a
    newer exporter may say more than this engine understands.

    Attributes:
        name: first half of the model's identity on every event.
        version: second half.
        file: model file, relative to the folder.
        sha256: hex digest that the file must have, in lower case, or None.
        licence: SPDX expression, or None.
        head: what the exporter meant the output to be, or None; the shape decides.
        imgsz: (height, width) of the input, pixels, or None.
        stride: the input's sides are multiples of it, pixels, or None.
        precision: of the weights, for people.
        preview: classes that are not good enough yet and off unless asked for.
        proven: faster runtimes in which this very file passed the parity gate, such as
            `openvino-bf16`; worth nothing without `sha256`.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1)]
    file: Annotated[str, Field(min_length=1)]
    sha256: _Digest | None = None
    licence: str | None = None
    head: Literal["nms_free", "raw"] | None = None
    imgsz: tuple[_Side, _Side] | None = None
    stride: Annotated[int, Field(gt=0, le=256)] | None = None
    precision: str | None = None
    preview: tuple[str, ...] = ()
    proven: tuple[str, ...] = ()

    @field_validator("imgsz", mode="before")
    @classmethod
    def _square(cls, value: object) -> object:
        return (value, value) if isinstance(value, int) else value


class Manifest(BaseModel):
    """A whole `model.toml`; `[provenance]` is free and not read here.

    Attributes:
        model: identity and input.
        variants: further files, e.g. quantised; chosen by naming the file.
        names: class number (as TOML text) to name, or None to use the file's own.
        thresholds: least score by the model's class names, (0, 1).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: ModelTable
    variants: tuple[VariantTable, ...] = ()
    names: dict[str, str] | None = None
    thresholds: dict[str, Threshold] = Field(default_factory=dict)

    def for_file(self, name: str) -> "Manifest | None":
        """Return what this says about a file, or None if it speaks of others."""
        if name == self.model.file:
            return self
        for variant in self.variants:
            if name == variant.file:
                changed = variant.model_dump(include={"file", "sha256", "precision"})
                model = self.model.model_copy(update=changed)
                return self.model_copy(update={"model": model})
        return None


def read_manifest(path: Path) -> Manifest:
    """Read a `model.toml`.

    Raises:
        ModelError: unreadable, no TOML, or values of the wrong kind; all at once.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; check the path"
        raise ModelError(msg) from error
    except ValueError as error:  # broken TOML and broken UTF-8 alike
        msg = f"{path}: is no TOML: {error}; correct the file"
        raise ModelError(msg) from error
    try:
        manifest = Manifest.model_validate(tree)
    except ValidationError as error:
        problems = "; ".join(mistake(fault) for fault in error.errors())
        msg = f"{path}: {problems}; correct the file or export the model anew"
        raise ModelError(msg) from error
    if manifest.model.model_extra:
        unknown = ", ".join(sorted(manifest.model.model_extra))
        log.warning("%s: [model] has keys that are not used: %s", path, unknown)
    return manifest
