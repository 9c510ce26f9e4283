"""Files that are either whole or not there, and the state of the disk under them."""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

TEMPORARY = ".part"


def write_atomically(path: Path, payload: bytes, *, sync_name: bool = True) -> None:
    """Write a file so that a crash leaves the old one, or none, or the new one.

    Args:
        path: where; its folder must exist.
        payload: all of it.
        sync_name: also make the name durable now; False when another file of the
            same folder, written right after, does so for both.

    Raises:
        OSError: no space, no permission, ...; nothing is left behind.
    """
    part = path.with_name(path.name + TEMPORARY)
    try:
        with part.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        if sync_name:
            sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, durably.

    Raises:
        OSError: it cannot be made.
    """
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    sync_folder(folder.parent)


def file_sha256(path: Path) -> str:
    """Return the hex digest of a file's bytes.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def free_bytes(folder: Path) -> int:
    """Return the free space under a folder, or under its first existing parent."""
    for place in (folder, *folder.parents):
        if place.exists():
            return shutil.disk_usage(place).free
    return 0
