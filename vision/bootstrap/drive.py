"""Whether the positions of a recorded drive are those of its video."""

from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from vision.bootstrap.positions import build_positions
from vision.bootstrap.sight import read_one
from vision.config.cameras import CameraSettings
from vision.config.positions import (
    GpsdPosition,
    NmeaStreamPosition,
    PositionSettings,
)
from vision.core.clock import SystemClock
from vision.core.errors import SourceError
from vision.core.frame import Frame
from vision.positions.described import DescribedPositions
from vision.sources.address import local_path
from vision.sources.length import length_s

_PARTED = (
    "of its pictures and its positions one is recorded and the other is of now; "
    "nothing is judged without both of the same time"
)
_INSTANTS = 200
_ENOUGH = 0.95


@dataclass(frozen=True, slots=True)
class Drive:
    """What is known of a camera that moves before it drives.

    Attributes:
        told: what its positions are, in words.
        doubt: why they hardly fit its video, or "".
    """

    told: str
    doubt: str = ""


def drive_of(camera: CameraSettings) -> Drive | None:
    """Return what the positions of a camera are and whether they fit its video.

    None where the camera stands. The video is judged where both are files.

    Raises:
        ConfigError: its positions cannot be read.
    """
    if camera.position is None:
        return None
    source = camera.source
    video = None if source.type == "images" else local_path(source.url)
    recorded = source.type == "images" or video is not None
    if tells_of_now(camera.position):
        told = f"its receiver ({camera.position.type}) is asked by doctor"
        return Drive(told, _PARTED if recorded else "")
    positions = build_positions(camera.position, clock=SystemClock())
    if video is not None:
        doubt = _doubt(camera, video, positions)
    else:
        doubt = "" if recorded else _PARTED
    return Drive(positions.describe(), doubt)


def _doubt(camera: CameraSettings, video: Path, positions: DescribedPositions) -> str:
    """Return why positions hardly are those of a video, or ""."""
    try:
        first = read_one(camera)
    except SourceError as error:
        return f"its video was not compared with its positions: {error}"
    step_s = (length_s(video) or 0.0) / _INSTANTS
    lacking = [
        one
        for one in (_later(first, i * step_s) for i in range(_INSTANTS))
        if positions.at(one) is None
    ]
    if len(lacking) <= (1 - _ENOUGH) * _INSTANTS:
        return ""
    return (
        f"its place is known for {1 - len(lacking) / _INSTANTS:.0%} of its video, and "
        f"nothing is judged where it is not: {positions.why_not(lacking[0])}"
    )


def _later(frame: Frame, seconds: float) -> Frame:
    return replace(
        frame,
        media_time_s=frame.media_time_s + seconds,
        captured_at=frame.captured_at + timedelta(seconds=seconds),
    )


def tells_of_now(position: PositionSettings) -> bool:
    """Return whether positions come as the vehicle drives, from a receiver."""
    return isinstance(position, NmeaStreamPosition | GpsdPosition)
