"""Tells the packages of a store from what disks and other programs put beside."""

import contextlib
from pathlib import Path

from vision.evidence import manifest

_OF_THE_DISK = "lost+found"  # ext4 makes it at the top of every disk, for root only


def package_folders(root: Path) -> list[Path]:
    """Return the folders of a store's packages, by name.

    Raises:
        OSError: the store cannot be read.
    """
    return sorted(
        path
        for path in root.iterdir()
        if path.name[0] != "."
        and path.name != _OF_THE_DISK
        and path.is_dir()
        and not _is_foreign(path)
    )


def folder_size(folder: Path) -> int:
    """Return what the files of a package take, bytes."""
    size = 0
    with contextlib.suppress(FileNotFoundError, PermissionError):
        for path in folder.iterdir():
            # Files that are being written come and go; others' may be closed to us.
            with contextlib.suppress(FileNotFoundError, PermissionError):
                size += path.stat().st_size if path.is_file() else 0
    return size


def _is_foreign(folder: Path) -> bool:
    """Return whether this is closed to us, and no manifest of ours can be seen."""
    try:
        next(folder.iterdir(), None)
    except PermissionError:
        try:
            return not (folder / manifest.NAME).is_file()
        except PermissionError:
            return True
    except FileNotFoundError:
        return True  # it went meanwhile
    return False
