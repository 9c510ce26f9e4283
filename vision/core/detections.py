"""What a detector saw in one picture, as columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from vision.core.arrays import BoolArray, FloatArray, IntArray, read_only


@dataclass(frozen=True, eq=False, slots=True)
class Detections:
    """Boxes of one picture.

    Attributes:
        xyxy: (N, 4) float32, source-frame pixels; may reach outside the frame.
        score: (N,) float32 in [0, 1].
        class_id: (N,) int64, index into the detector's `labels`.
    """

    xyxy: FloatArray
    score: FloatArray
    class_id: IntArray

    def __post_init__(self) -> None:
        """Check that the columns agree and freeze them."""
        n = len(self.xyxy)
        shapes = (self.xyxy.shape, self.score.shape, self.class_id.shape)
        if shapes != ((n, 4), (n,), (n,)):
            msg = f"detections: got shapes {shapes}, expected ((N, 4), (N,), (N,))"
            raise ValueError(msg)
        for name in ("xyxy", "score", "class_id"):
            object.__setattr__(self, name, read_only(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.score)

    @classmethod
    def empty(cls) -> Self:
        """Return no boxes."""
        return cls(
            xyxy=np.empty((0, 4), np.float32),
            score=np.empty(0, np.float32),
            class_id=np.empty(0, np.int64),
        )

    def where(self, mask: BoolArray) -> Self:
        """Return the boxes for which `mask`, (N,) bool, is true."""
        return type(self)(self.xyxy[mask], self.score[mask], self.class_id[mask])

    def of_classes(self, class_ids: Iterable[int]) -> Self:
        """Return the boxes of the given classes."""
        return self.where(np.isin(self.class_id, list(class_ids)))
