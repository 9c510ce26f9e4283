"""What the drives of a camera that moves told about its mount."""

from typing import TypedDict, cast

from vision.bootstrap.patrol import build_mount
from vision.bootstrap.remembering import DRIVES
from vision.config.cameras import CameraSettings
from vision.config.home import Home
from vision.core.errors import VisionError
from vision.core.health import HealthEvent
from vision.core.memory import unpack
from vision.patrol.drive_watch import DriveWatch
from vision.patrol.params import PatrolParams
from vision.pipeline.memory_disk import read_memory


class _Memory(TypedDict):
    """What of a memory is asked here."""

    parts: dict[str, object]


def driven(camera: CameraSettings, home: Home) -> tuple[str, bool] | None:
    """Return what became of the things that a camera passed, and whether that is well.

    None where the camera stands, or nobody has driven it with its present mount.

    Args:
        camera: one of the site.
        home: where memories are kept.
    """
    if camera.mount is None:
        return None
    mount = build_mount(camera.mount)
    watch = DriveWatch(camera.id, mount, PatrolParams(), _no_listener)
    try:
        record, _ = unpack(read_memory(home.places / f"{camera.id}.json"))
        parts = cast("_Memory", record)["parts"]
        watch.restore(parts[DRIVES])
    except (OSError, KeyError, TypeError, ValueError, VisionError):
        return None  # the next run tells what of it is damaged
    if not watch.passed:
        return None
    trouble = watch.trouble()
    return trouble or watch.tally(), trouble is None


def _no_listener(_event: HealthEvent) -> None:
    """Nobody drives here."""
