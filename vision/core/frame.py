"""One picture of one camera."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np

from vision.core.arrays import ImageU8, read_only


class Picture(Protocol):
    """Pixels that are converted when somebody asks for them."""

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the full picture, pixels."""
        ...

    @property
    def reduced(self) -> ImageU8:
        """The picture as the analysis needs it, (h, w, 3) uint8 BGR; same shape."""
        ...

    def full(self) -> ImageU8:
        """Return every pixel, (H, W, 3) uint8 BGR; may cost a conversion."""
        ...


class TimeSource(StrEnum):
    """What a frame's wall time was read from, or counted from."""

    HOST = "system"  # this machine's clock, as the picture came
    STATED = "stated"  # the start that the settings give for a recording
    FILE = "file"  # when a recording's file was written
    ASSUMED = "assumed"  # nothing says: a recording's start is when it was opened


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A picture and when it was taken.

    Boxes, zones and places are in pixels of the full picture. What only looks (the
    detector, the view check, looks) reads `reduced`; what proves reads `image`. Both
    show the same moment.

    Attributes:
        camera_id: which camera.
        index: running number of the sampled frame since the start, from 0.
        media_time_s: seconds on the stream's own clock; never runs backwards within
            one feed. Rules use this time and no other.
        captured_at: wall time, aware UTC.
        picture: (H, W, 3) uint8 BGR, made read-only; or what converts it when asked.
        time_source: where `captured_at` comes from.
    """

    camera_id: str
    index: int
    media_time_s: float
    captured_at: datetime
    picture: ImageU8 | Picture = field(repr=False)
    time_source: TimeSource = TimeSource.HOST

    def __post_init__(self) -> None:
        """Check the shape and make the picture read-only."""
        if self.captured_at.tzinfo is None:
            msg = "frame.captured_at: got a naive time, expected aware UTC"
            raise ValueError(msg)
        if isinstance(self.picture, np.ndarray):
            object.__setattr__(self, "picture", _checked(self.picture))

    @property
    def image(self) -> ImageU8:
        """Every pixel, (H, W, 3) uint8 BGR, read-only; perhaps converted now."""
        if isinstance(self.picture, np.ndarray):
            return self.picture
        return _checked(self.picture.full())

    @property
    def reduced(self) -> ImageU8:
        """The picture as the analysis needs it, (h, w, 3) uint8 BGR, read-only."""
        if isinstance(self.picture, np.ndarray):
            return self.picture
        return _checked(self.picture.reduced)

    @property
    def width(self) -> int:
        """Width of the full picture, pixels."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Height of the full picture, pixels."""
        return self.size[1]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the full picture, pixels."""
        if isinstance(self.picture, np.ndarray):
            return self.picture.shape[1], self.picture.shape[0]
        return self.picture.size


def _checked(image: ImageU8) -> ImageU8:
    if image.ndim != 3 or image.shape[2] != 3:  # noqa: PLR2004 (H, W, 3)
        msg = f"frame.image: got shape {image.shape}, expected (H, W, 3) uint8 BGR"
        raise ValueError(msg)
    return read_only(image)
