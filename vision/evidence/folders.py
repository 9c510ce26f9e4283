"""Tells the packages of a store from what disks and other programs put beside."""

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
