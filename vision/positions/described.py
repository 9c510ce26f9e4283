"""What every source of positions can say about itself."""

from typing import Protocol

from vision.core.frame import Frame
from vision.core.ports import PositionSource


class DescribedPositions(PositionSource, Protocol):
    """A source of positions that answers a person's questions."""

    def describe(self) -> str:
        """Return what it holds now, in a line: how much, of when, how far."""
        ...

    def why_not(self, frame: Frame) -> str:
        """Return why there is no position for a picture; "" where there is one."""
        ...
