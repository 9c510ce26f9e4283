"""A picture that may prove something later."""

import threading
from collections.abc import Mapping

from vision.core.arrays import ImageU8
from vision.core.errors import EvidenceError
from vision.core.frame import Frame
from vision.evidence.pictures import Box, Picture, decode, digested, picture_of
from vision.evidence.redaction import Region
from vision.evidence.sharing import Sharing

Key = tuple[str, str]
"""Camera id and place id."""


class Sight:
    """A frame with what must be hidden in its shared copy; encoded when it is time.

    It is encoded once, by whoever needs it first, and the frame is let go.
    """

    def __init__(
        self,
        taken: Frame | Picture,
        regions: tuple[Region, ...],
        boxes: Mapping[str, Box],
    ) -> None:
        """Keep them.

        Args:
            taken: the picture, perhaps encoded already.
            regions: what must be hidden in it, pixels of this picture.
            boxes: where its new places lie in it, by place id, pixels of this picture:
                later ones may lie otherwise, and places may move.
        """
        self._frame: Frame | None = None
        self._picture: Picture | None = None
        if isinstance(taken, Frame):
            self._frame, self.frame_index = taken, taken.index
        else:
            self._picture, self.frame_index = taken, taken.frame_index
        self.captured_at = taken.captured_at
        self.regions = regions
        self.boxes = boxes
        self._lock = threading.Lock()

    def shows(self, frame: Frame) -> bool:
        """Return whether it is this very frame; each run counts from 0."""
        return self.frame_index == frame.index and self.captured_at == frame.captured_at

    @property
    def picture(self) -> Picture:
        """The frame itself, encoded.

        Raises:
            EvidenceError: it cannot be encoded.
        """
        with self._lock:
            if self._picture is None:
                if self._frame is None:
                    msg = f"frame {self.frame_index} could not be encoded"
                    raise EvidenceError(msg)
                frame, self._frame = self._frame, None
                self._picture = picture_of(frame)
            return self._picture

    def sharing(self) -> Sharing:
        """Return what shared copies of it are made of.

        Raises:
            EvidenceError: the picture cannot be encoded.
        """
        return Sharing.of(decode(self.picture.jpeg), self.regions)

    def copy(self, image: ImageU8) -> Picture:
        """Encode a copy that was made of it, (H, W, 3) uint8 BGR.

        Raises:
            EvidenceError: it cannot be encoded.
        """
        return digested(self.picture, image)
