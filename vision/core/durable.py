"""What a crash or a power cut must not take back."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder durable.

    Raises:
        OSError: it cannot be opened or written.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
