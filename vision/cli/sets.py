"""What the commands of the model's pipeline share: sets and their root."""

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from vision.core.errors import ConfigError
from vision.training.collect import Manifest, list_split, load, read_manifest
from vision.training.labels import Sample

DATASETS = Path("datasets")
SIZE_PX = 640

SetName = Annotated[str, typer.Argument(help="Folder below datasets/.")]
Root = Annotated[
    Path | None,
    typer.Option(envvar="STREETWARDEN_DATA", help="Folder that holds the pictures."),
]

Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Workers = Annotated[
    int | None,
    typer.Option(min=0, help="Processes that draw pictures; by default as fits."),
]
Threads = Annotated[int, typer.Option(min=1, help="Of torch, on the CPU.")]


def manifest_of(name: str) -> Manifest:
    """Read the manifest of a set below ``datasets/``.

    Args:
        name: of the set.

    Returns:
        The manifest.

    Raises:
        ConfigError: there is no such set; names those that there are.
    """
    path = DATASETS / name / "manifest.toml"
    if not path.is_file():
        known = sorted(p.parent.name for p in DATASETS.glob("*/manifest.toml"))
        msg = f"{path} is not there; known sets: {', '.join(known) or 'none'}"
        raise ConfigError(msg)
    return read_manifest(path)


def data_root(root: Path | None) -> Path:
    """Return the folder of the pictures, or say how to name it."""
    if root is None:
        msg = "no data root: set STREETWARDEN_DATA or give --root FOLDER"
        raise ConfigError(msg)
    return root


def spread(name: str, root: Path | None, count: int) -> list[Sample]:
    """Read pictures spread evenly over a training split.

    Args:
        name: of the set.
        root: data root.
        count: how many at most.

    Returns:
        The labelled pictures.
    """
    manifest = manifest_of(name)
    paths = list_split(manifest, data_root(root), "train")
    chosen = paths[:: max(1, len(paths) // count)][:count]
    return list(load(manifest, chosen, SIZE_PX))


def need_training() -> None:
    """Refuse to go on where torch is not installed."""
    if find_spec("torch") is None or find_spec("ultralytics") is None:
        msg = "this needs torch and ultralytics: run `make train-env` first"
        raise ConfigError(msg)
