"""Copies that may be shared: smaller, with people and plates hidden."""

from dataclasses import dataclass

import numpy as np

from vision.core.arrays import ImageU8
from vision.evidence.pictures import SHARED_WIDTH, Box, around, at_most
from vision.evidence.redaction import Region, but_the_plate_of, redact


@dataclass(frozen=True, eq=False, slots=True)
class Sharing:
    """A picture made small once, for all copies of it that are shared.

    It is hidden after it was made small: hiding costs by the pixel, and what a region
    keeps is averaged over all of it either way.

    Attributes:
        small: (h, w, 3) uint8 BGR, at most `SHARED_WIDTH` wide; shows everybody.
        regions: what to hide, pixels of the full picture.
        scale: size of `small` over that of the full picture, (0, 1].
    """

    small: ImageU8
    regions: tuple[Region, ...]
    scale: float

    @classmethod
    def of(cls, image: ImageU8, regions: tuple[Region, ...]) -> "Sharing":
        """Make a picture small.

        Args:
            image: (H, W, 3) uint8 BGR, untouched.
            regions: what to hide in it, pixels.
        """
        small = at_most(image, SHARED_WIDTH)
        return cls(small, regions, small.shape[1] / image.shape[1])

    def hidden(self) -> ImageU8:
        """Return the copy for everybody, (h, w, 3) uint8 BGR."""
        return self._without(self.regions)

    def with_the_plate_of(self, vehicle: Box) -> ImageU8:
        """Return a copy that shows one vehicle's plate; `vehicle`: full pixels."""
        return self._without(but_the_plate_of(vehicle, self.regions))

    def _without(self, regions: tuple[Region, ...]) -> ImageU8:
        return redact(
            self.small, tuple(one.scaled(self.scale, self.scale) for one in regions)
        )


def hidden_close_up(image: ImageU8, xyxy: Box, regions: tuple[Region, ...]) -> ImageU8:
    """Return an object and its surroundings at full resolution, with regions hidden.

    Args:
        image: (H, W, 3) uint8 BGR, untouched.
        xyxy: the object's box, pixels.
        regions: what to hide, pixels; each is averaged over all of it, also where it
            reaches out of the cut.
    """
    left, top, right, bottom = around(image, xyxy)
    near = [
        region
        for region in regions
        if region.xyxy[0] < right
        and region.xyxy[2] > left
        and region.xyxy[1] < bottom
        and region.xyxy[3] > top
    ]
    # Not all of the picture is copied for it, only what the regions reach over.
    boxes = np.array([(left, top, right, bottom), *(one.xyxy for one in near)])
    x, y = (max(0, int(low)) for low in boxes[:, :2].min(axis=0))
    x_end, y_end = (int(np.ceil(high)) for high in boxes[:, 2:].max(axis=0))
    moved = tuple(one.moved(-x, -y) for one in near)
    hidden = redact(image[y:y_end, x:x_end], moved)
    return hidden[top - y : bottom - y, left - x : right - x].copy()
