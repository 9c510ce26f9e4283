"""Who measured, with what, on which machine: the report's footer."""

import os
import platform
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("streetwarden", "numpy", "opencv-python-headless", "onnxruntime")
_MORE_PACKAGES = ("faster-coco-eval", "lap")


@dataclass(frozen=True, slots=True)
class About:
    """What another person needs to measure the same again.

    Attributes:
        command: as it can be typed again.
        made_at: wall time, ISO 8601.
        model_id: `name/version`, or None.
        model_sha256: of the model file, or None.
        config: path of the configuration, or None.
        config_sha256: of its bytes, or None.
        seed: of every random draw.
        machine: processor, cores, system.
        packages: `name version`, those that decide figures.
    """

    command: str
    made_at: str
    seed: int
    model_id: str | None = None
    model_sha256: str | None = None
    config: str | None = None
    config_sha256: str | None = None
    machine: str = ""
    packages: tuple[str, ...] = ()


def command_line(arguments: Sequence[str]) -> str:
    """Return what was typed, quoted so that it can be typed again.

    Args:
        arguments: `sys.argv`.
    """
    program, *rest = arguments
    return shlex.join([Path(program).name, *rest])


def machine() -> str:
    """Return processor, cores and system in one line."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


def packages(names: Iterable[str] = (*_PACKAGES, *_MORE_PACKAGES)) -> tuple[str, ...]:
    """Return `name version` of the packages that decide figures."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} (not installed)")
    return tuple(found)


def timestamp(now: datetime) -> str:
    """Return a wall time to the second, ISO 8601."""
    return now.isoformat(timespec="seconds")


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
