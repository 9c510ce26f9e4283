"""Find a model, check that it is what it claims to be, and read what it is."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vision.core.errors import ModelError
from vision.detectors.embedded import Embedded, ordered_names
from vision.detectors.manifest import (
    MANIFEST_NAME,
    Manifest,
    ModelTable,
    read_manifest,
)
from vision.detectors.onnx_metadata import read_onnx_metadata

DEFAULT_STRIDE_PX = 32

_HASH_CHUNK_BYTES = 1 << 20
_DIGITS_OF_AN_UNNAMED_VERSION = 12

log = logging.getLogger(__name__)

EmbeddedReader = Callable[[Path], Mapping[str, str]]
"""Returns a model file's own metadata; raises ModelError if it is no model."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A detector's file and what is known about it.

    Attributes:
        path: the file that the runtime loads.
        sha256: hex digest of the file; of OpenVINO's `.xml` followed by its `.bin`
            (`cat model.xml model.bin | sha256sum`).
        name: from `model.toml`, else the file's stem.
        version: from `model.toml`, else the first digits of the digest.
        names: the model's class names, in the order of its outputs.
        imgsz: (height, width) that it was exported for, pixels, or None if unsaid.
        stride: the input's sides are multiples of it, pixels.
        head: `nms_free` or `raw` if `model.toml` promises one, else None.
        thresholds: least score by the model's class names, (0, 1).
        preview: the model's classes that are off unless asked for.
        proven: runtimes in which this file passed the parity gate.
        licence: SPDX expression, or None if unsaid.
    """

    path: Path
    sha256: str
    name: str
    version: str
    names: tuple[str, ...]
    imgsz: tuple[int, int] | None = None
    stride: int = DEFAULT_STRIDE_PX
    head: str | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    preview: tuple[str, ...] = ()
    proven: tuple[str, ...] = ()
    licence: str | None = None

    @property
    def model_id(self) -> str:
        """`name/version`."""
        return f"{self.name}/{self.version}"


def read_model_file(
    path: Path, *, embedded: EmbeddedReader = read_onnx_metadata, suffix: str = ".onnx"
) -> ModelFile:
    """Read a model folder, or a model file with or without its `model.toml`.

    What `model.toml` says goes before what the file says of itself.

    Args:
        path: folder with a `model.toml` or with one model file; or the model file,
            whose `model.toml` beside it counts if it names this file.
        embedded: how to read the file's own metadata, keys and values as
            Ultralytics writes them: every value is `str(v)`.
        suffix: which files in a folder without `model.toml` are models.

    Returns:
        The model file.

    Raises:
        ModelError: nothing there, no model, no detector, class names missing, a
            digest that differs, or statements that contradict each other.
    """
    file, manifest = _locate(path, suffix)
    digest = _sha256(file)
    table = None if manifest is None else manifest.model
    if table is not None and table.sha256 not in {None, digest}:
        msg = (
            f"model {file}: sha256 is {digest}, expected {table.sha256} as "
            f"{MANIFEST_NAME} says; fetch the file again or correct {MANIFEST_NAME}"
        )
        raise ModelError(msg)
    own = Embedded.parse(file, embedded(file))
    names = _agreed_names(file, manifest, own)
    facts = _facts(file, digest, table)
    thresholds = {} if manifest is None else manifest.thresholds
    _check_names_known(file, names, thresholds=tuple(thresholds), preview=facts.preview)
    return ModelFile(
        path=file,
        sha256=digest,
        name=facts.name,
        version=facts.version,
        names=names,
        imgsz=facts.imgsz or own.imgsz,
        stride=facts.stride or own.stride or DEFAULT_STRIDE_PX,
        head=facts.head,
        thresholds=thresholds,
        preview=facts.preview,
        proven=facts.proven,
        licence=facts.licence,
    )


def _locate(path: Path, suffix: str) -> tuple[Path, Manifest | None]:
    if path.is_dir():
        return _locate_in_folder(path, suffix)
    if not path.is_file():
        msg = f"model {path}: no such file or folder; check the path"
        raise ModelError(msg)
    if path.name == MANIFEST_NAME:
        return _locate_in_folder(path.parent, suffix)
    beside = path.with_name(MANIFEST_NAME)
    manifest = read_manifest(beside) if beside.is_file() else None
    described = None if manifest is None else manifest.for_file(path.name)
    if manifest is not None and described is None:
        log.info("model %s: %s describes other files", path, beside)
    return path, described


def _locate_in_folder(folder: Path, suffix: str) -> tuple[Path, Manifest | None]:
    listed = folder / MANIFEST_NAME
    if listed.is_file():
        manifest = read_manifest(listed)
        file = folder / manifest.model.file
        if not file.is_file():
            msg = (
                f"{listed}: model.file {manifest.model.file!r} is not in the folder; "
                "put it there or correct the name"
            )
            raise ModelError(msg)
        return file, manifest
    found = sorted(folder.glob(f"*{suffix}"))
    if len(found) != 1:
        have = ", ".join(file.name for file in found) or "none"
        msg = (
            f"model {folder}: expected {MANIFEST_NAME} or exactly one *{suffix} file, "
            f"got {have}; name the file itself or add {MANIFEST_NAME}"
        )
        raise ModelError(msg)
    return found[0], None


def _sha256(file: Path) -> str:
    """Return the digest of a model; of OpenVINO's two files, one after the other."""
    parts = (file, file.with_suffix(".bin")) if file.suffix == ".xml" else (file,)
    digest = hashlib.sha256()
    for part in parts:
        try:
            with part.open("rb") as stream:
                while chunk := stream.read(_HASH_CHUNK_BYTES):
                    digest.update(chunk)
        except OSError as error:
            msg = f"model {part}: cannot be read: {error.strerror}; check the path"
            raise ModelError(msg) from error
    return digest.hexdigest()


def _facts(file: Path, digest: str, table: ModelTable | None) -> ModelTable:
    if table is not None:
        return table
    version = digest[:_DIGITS_OF_AN_UNNAMED_VERSION]
    return ModelTable(name=file.stem, version=version, file=file.name)


def _agreed_names(
    file: Path, manifest: Manifest | None, own: Embedded
) -> tuple[str, ...]:
    listed = None
    if manifest is not None and manifest.names is not None:
        listed = ordered_names(
            file.with_name(MANIFEST_NAME), _integer_keys(file, manifest.names)
        )
    names = listed or own.names
    if names is None:
        msg = (
            f"model {file}: its class names are missing; expected `names` in the "
            f"file's metadata or a [names] table in {MANIFEST_NAME}; add that table"
        )
        raise ModelError(msg)
    if own.names is not None and len(own.names) != len(names):
        msg = (
            f"model {file}: {MANIFEST_NAME} names {len(names)} classes, the file "
            f"itself {len(own.names)}; they do not belong together"
        )
        raise ModelError(msg)
    if own.names is not None and own.names != names:
        log.warning(
            "model %s: %s calls the classes %s, the file itself %s; the former counts",
            file,
            MANIFEST_NAME,
            names,
            own.names,
        )
    return names


def _integer_keys(file: Path, names: Mapping[str, str]) -> dict[int, str]:
    try:
        return {int(key): name for key, name in names.items()}
    except ValueError as error:
        msg = (
            f"{file.with_name(MANIFEST_NAME)}: [names] has keys {list(names)[:5]}, "
            'expected class numbers as in `0 = "garbage"`; correct the file'
        )
        raise ModelError(msg) from error


def _check_names_known(
    file: Path, names: tuple[str, ...], **used: tuple[str, ...]
) -> None:
    for table, mentioned in used.items():
        unknown = sorted(set(mentioned) - set(names))
        if unknown:
            msg = (
                f"{file.with_name(MANIFEST_NAME)}: {table} speaks of {unknown}, but "
                f"the model's classes are {list(names)}; correct {table}"
            )
            raise ModelError(msg)
