"""Files that are either whole or not there, and the state of the disk under them."""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from vision.core.durable import sync_folder

TEMPORARY = ".part"


def write_atomically(path: Path, payload: bytes) -> None:
    """Write a file so that a crash leaves the old one, or none, or the new one.

    Args:
        path: where; its folder must exist.
        payload: all of it.

    Raises:
        OSError: no space, no permission, ...; nothing is left behind.
    """
    error = _write_synced(path, payload)
    if error is not None:
        raise error
    sync_folder(path.parent)


def write_together(files: Mapping[Path, bytes]) -> dict[Path, OSError]:
    """Write files that are of use only together with one written right after.

    Each is whole or not there. Their names become durable with the next
    `write_atomically` in their folder. Syncing at once takes a third of the time of
    syncing in turn: the file system joins the waits.

    Args:
        files: content by path; the folders must exist.

    Returns:
        What went wrong, by path.
    """
    if not files:
        return {}
    with ThreadPoolExecutor(len(files)) as pool:
        results = pool.map(lambda item: _write_synced(*item), files.items())
        return {
            path: error
            for path, error in zip(files, results, strict=True)
            if error is not None
        }


def raise_first(errors: Mapping[Path, OSError]) -> None:
    """Raise one of the errors, if there is any."""
    for error in errors.values():
        raise error


@contextmanager
def staged(files: Mapping[Path, bytes]) -> Iterator[None]:
    """Have files on disk under other names while something else is done.

    With the block's end they get their names, in order; if it fails, they go. So
    whatever needs room has it before the block begins.

    Args:
        files: content by path; one folder, which must exist.

    Raises:
        OSError: they cannot be written; nothing is left behind.
    """
    parts = {_part(path): payload for path, payload in files.items()}
    try:
        raise_first(write_together(parts))
        yield
    except BaseException:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        raise
    for path in files:
        _part(path).replace(path)
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def _write_synced(path: Path, payload: bytes) -> OSError | None:
    part = _part(path)
    try:
        with part.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        return error
    return None


def _part(path: Path) -> Path:
    return path.with_name(path.name + TEMPORARY)


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
