"""One camera's memory on a disk: a record, and beside it the pictures that it names.

A record is written every few seconds, a picture once. Whoever is killed in between
leaves a record whose pictures are all there: they come before it, and go after it.
"""

import os
from contextlib import suppress
from pathlib import Path

from vision.core.durable import sync_folder
from vision.core.memory import CameraMemory, name_of

_PNG = ".png"
_DRAFT = ".tmp"


def pictures_of(path: Path) -> Path:
    """Return the folder of the pictures that the record at `path` names."""
    return path.with_suffix(".pictures")


def read_memory(path: Path) -> CameraMemory:
    """Read a memory; pictures that are damaged or cannot be read are left out.

    Raises:
        OSError: the record cannot be read, FileNotFoundError: there is none.
    """
    record = path.read_bytes()
    pictures = {}
    for file in pictures_of(path).glob(f"*{_PNG}"):
        with suppress(OSError):
            png = file.read_bytes()
            if name_of(png) == file.stem:
                pictures[file.stem] = png
    return CameraMemory(record, pictures)


def write_memory(path: Path, memory: CameraMemory, *, sync: bool) -> None:
    """Replace a memory, atomically; pictures that are there already are not written.

    Args:
        path: of the record; its folder is made.
        memory: what to write.
        sync: have the record outlive a power cut, too; new pictures always do.

    Raises:
        OSError: it cannot be written; the one before stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = pictures_of(path)
    files = {folder / f"{name}{_PNG}": png for name, png in memory.pictures.items()}
    missing = [file for file in files if not file.exists()]
    for file in missing:
        folder.mkdir(exist_ok=True)
        _replace(file, files[file], sync=True)
    if missing:
        sync_folder(folder)
    _replace(path, memory.record, sync=sync)
    with suppress(OSError):  # the next save tries again
        _prune(folder, keep=set(files))


def _prune(folder: Path, keep: set[Path]) -> None:
    """Delete the pictures that no record names any more, and what a crash left."""
    if not folder.is_dir():
        return
    stale = [
        file
        for file in folder.iterdir()
        if file.suffix in {_PNG, _DRAFT} and file not in keep
    ]
    if stale:
        sync_folder(folder.parent)  # the record that named them must not come back
    for file in stale:
        file.unlink()


def _replace(path: Path, payload: bytes, *, sync: bool) -> None:
    draft = path.with_suffix(_DRAFT)
    with draft.open("wb") as file:
        file.write(payload)
        file.flush()
        if sync:
            os.fsync(file.fileno())
    draft.replace(path)
