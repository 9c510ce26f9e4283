"""Whether the positions of a recorded drive are those of its video."""

from dataclasses import dataclass, replace
from datetime import timedelta

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
from vision.sources.address import local_path
from vision.sources.length import length_s

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
    positions = build_positions(camera.position, clock=SystemClock())
    told = positions.describe()
    source = camera.source
    video = None if source.type == "images" else local_path(source.url)
    if video is None or tells_of_now(camera.position):
        return Drive(told)
    try:
        first = read_one(camera)
    except SourceError as error:
        return Drive(told, f"its video was not compared with them: {error}")
    length = length_s(video) or 0.0
    instants = [
        replace(
            first,
            media_time_s=first.media_time_s + share * length,
            captured_at=first.captured_at + timedelta(seconds=share * length),
        )
        for share in (i / _INSTANTS for i in range(_INSTANTS))
    ]
    lacking = [one for one in instants if positions.at(one) is None]
    if len(lacking) <= (1 - _ENOUGH) * _INSTANTS:
        return Drive(told)
    return Drive(
        told,
        f"its place is known for {1 - len(lacking) / _INSTANTS:.0%} of its video, and "
        f"nothing is judged where it is not: {positions.why_not(lacking[0])}",
    )


def tells_of_now(position: PositionSettings) -> bool:
    """Return whether positions come as the vehicle drives, from a receiver."""
    return isinstance(position, NmeaStreamPosition | GpsdPosition)
