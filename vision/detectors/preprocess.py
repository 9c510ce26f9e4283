"""From a picture of any size to the model's input, and boxes back again.

The convention, in numbers, for whoever must repeat it (training does, and imports
nothing from here); it is Ultralytics' `LetterBox(auto=False, center=True)`:

- gain r = min(H / h, W / w) for a picture of w x h and an input of W x H, pixels;
  small pictures are enlarged too.
- resized to (max(round(w * r), 1), max(round(h * r), 1)) with OpenCV's
  `INTER_LINEAR`, in uint8; not touched when the size is right already.
- left = round((W - new_w) / 2 - 0.1), top = round((H - new_h) / 2 - 0.1): the odd
  pixel goes to the right and to the bottom. Python's `round`.
- padding has value 114 in every channel.
- BGR becomes RGB, uint8 becomes float by division by 255 in float32, layout NCHW.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vision.core.arrays import FloatArray, ImageU8

PAD_VALUE = 114
SCALE = np.float32(255)

InputArray = NDArray[np.float32 | np.float16]


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a picture lies in the model's input; all in pixels.

    Attributes:
        source_width: of the picture.
        source_height: of the picture.
        width: of the picture inside the input.
        height: of the picture inside the input.
        left: columns of padding before it.
        top: rows of padding above it.
    """

    source_width: int
    source_height: int
    width: int
    height: int
    left: int
    top: int

    @classmethod
    def fit(
        cls, source_size: tuple[int, int], input_size: tuple[int, int]
    ) -> "Letterbox":
        """Return the place of a picture.

        Args:
            source_size: (height, width) of the picture, pixels, > 0.
            input_size: (height, width) of the model's input, pixels.

        Raises:
            ValueError: the picture has no pixels.
        """
        if min(source_size) < 1:
            msg = (
                f"picture: got (height, width) {source_size}, expected at least (1, 1)"
            )
            raise ValueError(msg)
        gain = min(
            input_size[0] / source_size[0],
            input_size[1] / source_size[1],
        )
        height = max(round(source_size[0] * gain), 1)
        width = max(round(source_size[1] * gain), 1)
        return cls(
            source_width=source_size[1],
            source_height=source_size[0],
            width=width,
            height=height,
            left=round((input_size[1] - width) / 2 - 0.1),
            top=round((input_size[0] - height) / 2 - 0.1),
        )

    def to_source(self, xyxy: FloatArray) -> FloatArray:
        """Return boxes of the model's input as boxes of the picture.

        Nothing is clipped: a box may reach outside the picture, and clipping it
        would move the point where the object touches the ground.

        Args:
            xyxy: (N, 4) input pixels.

        Returns:
            (N, 4) float32 source pixels.
        """
        return ((xyxy - self._offset()) / self._gain()).astype(np.float32, copy=False)

    def to_input(self, xyxy: FloatArray) -> FloatArray:
        """Return boxes of the picture as boxes of the model's input; not clipped.

        Args:
            xyxy: (N, 4) source pixels.

        Returns:
            (N, 4) float32 input pixels.
        """
        return (xyxy * self._gain() + self._offset()).astype(np.float32, copy=False)

    def _gain(self) -> FloatArray:
        # Per axis: each side was rounded to whole pixels by itself.
        x, y = self.width / self.source_width, self.height / self.source_height
        return np.array((x, y, x, y), np.float32)

    def _offset(self) -> FloatArray:
        return np.array((self.left, self.top, self.left, self.top), np.float32)


def tight_input_size(
    source_size: tuple[int, int], input_size: tuple[int, int], stride: int
) -> tuple[int, int]:
    """Return a smaller input that holds a picture as large as a given one does.

    What is saved is padding: a 16:9 picture needs 640 x 416 of 640 x 640. About a
    stride of padding stays, for networks see large objects worse that are cut by the
    input's own edge. No side shrinks below half: heads that always
    give their best 300 boxes need as many cells.

    Args:
        source_size: (height, width) of the picture, pixels, > 0.
        input_size: (height, width) of the input, multiples of `stride`, pixels.
        stride: the sides of the result are multiples of it, pixels.

    Raises:
        ValueError: the picture has no pixels.
    """
    box = Letterbox.fit(source_size, input_size)

    def side(picture_px: int, most_px: int) -> int:
        padded_px = max(picture_px + stride, most_px // 2)
        return min(-(-padded_px // stride) * stride, most_px)

    return side(box.height, input_size[0]), side(box.width, input_size[1])


class InputBuffer:
    """One batch of model input, allocated once and written over and over.

    Not for several threads at a time.
    """

    def __init__(
        self,
        batch_max: int,
        input_size: tuple[int, int],
        dtype: type[np.float32 | np.float16] = np.float32,
    ) -> None:
        """Allocate the batch.

        Args:
            batch_max: pictures in a full batch.
            input_size: largest (height, width), pixels.
            dtype: what the model takes.
        """
        self._batch_max = batch_max
        self._pad = dtype(np.float32(PAD_VALUE) / SCALE)
        self._memory: InputArray = np.full(
            batch_max * 3 * input_size[0] * input_size[1], self._pad, dtype
        )
        self.reshape(input_size)

    def reshape(self, input_size: tuple[int, int]) -> None:
        """Take inputs of another (height, width), pixels, of no more area.

        What was written before is lost.
        """
        height, width = input_size
        used = self._memory[: self._batch_max * 3 * height * width]
        self._batch = used.reshape(self._batch_max, 3, height, width)
        self._placed: list[Letterbox | None] = [None] * self._batch_max
        self._size = input_size

    def write(
        self, slot: int, image: ImageU8, source_size: tuple[int, int] | None = None
    ) -> Letterbox:
        """Letterbox one picture into a slot of the batch.

        One pass resizes, one splits the channels, one normalises into place.

        Args:
            slot: place in the batch, from 0.
            image: (H, W, 3) uint8 BGR.
            source_size: (height, width) of the picture that it was reduced from; None:
                it is that picture itself.

        Returns:
            Where the source picture lies, for the way back.

        Raises:
            ValueError: not a picture of that kind, or one without pixels.
        """
        if image.dtype != np.uint8 or image.shape[2:] != (3,):
            got = f"{image.dtype} {image.shape}"
            msg = f"picture: got {got}, expected uint8 (H, W, 3) BGR"
            raise ValueError(msg)
        shape = (image.shape[0], image.shape[1])
        box = Letterbox.fit(source_size or shape, self._size)
        if self._placed[slot] != box:  # the old picture covered other pixels
            self._batch[slot] = self._pad
            self._placed[slot] = box
        if shape != (box.height, box.width):
            image = cv2.resize(
                image, (box.width, box.height), interpolation=cv2.INTER_LINEAR
            ).view(np.ndarray)
        inner = self._batch[
            slot, :, box.top : box.top + box.height, box.left : box.left + box.width
        ]
        for channel, plane in enumerate(reversed(cv2.split(image))):
            np.divide(plane, SCALE, out=inner[channel], casting="same_kind")
        return box

    def first(self, count: int) -> InputArray:
        """Return the first slots, (count, 3, H, W), contiguous, not copied."""
        return self._batch[:count]
