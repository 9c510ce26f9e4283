"""One picture of one camera."""

from dataclasses import dataclass
from datetime import datetime

from vision.core.arrays import ImageU8, read_only


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """A picture and when it was taken.

    Attributes:
        camera_id: which camera.
        index: running number of the sampled frame since the start, from 0.
        media_time_s: seconds on the stream's own clock; never runs backwards within
            one feed. Rules use this time and no other.
        captured_at: wall time, aware UTC.
        image: (H, W, 3) uint8 BGR, read-only.
    """

    camera_id: str
    index: int
    media_time_s: float
    captured_at: datetime
    image: ImageU8

    def __post_init__(self) -> None:
        """Check the shape and make the picture read-only."""
        if self.image.ndim != 3 or self.image.shape[2] != 3:  # noqa: PLR2004 (H, W, 3)
            got = self.image.shape
            msg = f"frame.image: got shape {got}, expected (H, W, 3) uint8 BGR"
            raise ValueError(msg)
        if self.captured_at.tzinfo is None:
            msg = "frame.captured_at: got a naive time, expected aware UTC"
            raise ValueError(msg)
        object.__setattr__(self, "image", read_only(self.image))

    @property
    def width(self) -> int:
        """Width, pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height, pixels."""
        return int(self.image.shape[0])
