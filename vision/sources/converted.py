"""From a decoded frame to a picture: small to look at, whole to prove with."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from vision.core.arrays import ImageU8
from vision.core.packets import SQUARE, squared
from vision.sources.woven import unwoven

_COPIED = frozenset({"yuv420p", "yuvj420p", "nv12"})  # what cameras send
_NOT_WORTH_IT = 1.25  # times smaller: scaling costs more than it saves
_QUARTER_DEG = 90


class BgrConverter:
    """Turns decoded frames into upright BGR pictures, smaller if wanted."""

    def __init__(self, longest_side_px: int | None, reduced_px: int | None) -> None:
        """Convert one stream's frames.

        Args:
            longest_side_px: full pictures are no longer than this; None: as they are.
            reduced_px: likewise for the analysis; None: it reads the full ones.
        """
        self._longest_side_px = longest_side_px
        self._reduced_px = reduced_px
        self._reformatter = VideoReformatter()

    def convert(
        self, frame: VideoFrame, pixel_aspect: Fraction = SQUARE
    ) -> "DecodedPicture":
        """Return a picture whose reduced form is ready and whose full one can be had.

        The conversion scales in the same pass: no full-size BGR picture exists until
        somebody asks for evidence.

        Args:
            frame: as it was decoded.
            pixel_aspect: width of its pixels over their height.
        """
        if frame.interlaced_frame:
            frame = unwoven(frame)
        size = squared(frame.width, frame.height, pixel_aspect)
        full = fitted(*size, self._longest_side_px)
        reduced = fitted(*full, self._reduced_px)
        if max(full) <= _NOT_WORTH_IT * max(reduced):
            reduced = full
        return DecodedPicture(
            frame, full, upright_bgr(frame, reduced, self._reformatter)
        )


class DecodedPicture:
    """A `core.frame.Picture` that keeps its pixels as decoded until it is let go.

    That is half the memory of BGR. They are a copy: a decoder never gives back a
    buffer that it once needed, so that pictures that wait now and then for their
    analysis would cost 3 MB each for ever, at 1080p.
    """

    def __init__(
        self, frame: VideoFrame, size: tuple[int, int], reduced: ImageU8
    ) -> None:
        """Keep a frame.

        Args:
            frame: as it was decoded.
            size: (width, height) of the full picture as stored, pixels.
            reduced: (h, w, 3) uint8 BGR, upright.
        """
        turns = _turns(frame)
        # Asked for dozens of times a picture.
        self._size = (size[1], size[0]) if turns % 2 else size
        self._stored = size
        self.reduced = reduced
        is_all = self._size == (reduced.shape[1], reduced.shape[0])
        self._full = reduced if is_all else None
        self._decoded = None if is_all else _Decoded.of(frame, turns)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the full picture, upright, pixels."""
        return self._size

    def full(self) -> ImageU8:
        """Return every pixel, (H, W, 3) uint8 BGR; converted at the first call."""
        decoded = self._decoded
        if self._full is None and decoded is not None:
            self._full = _bgr(
                decoded.frame(), self._stored, VideoReformatter(), decoded.turns
            )
        assert self._full is not None  # noqa: S101 one of the two is kept
        return self._full


@dataclass(frozen=True, eq=False, slots=True)
class _Decoded:
    """A decoded frame apart from its decoder.

    Attributes:
        pixels: all planes; or the frame itself, of a format that is not copied.
        like: name of the pixel format, colour space and range.
        turns: quarters to turn it to the left.
    """

    pixels: ImageU8 | VideoFrame
    like: tuple[str, int, int]
    turns: int

    @classmethod
    def of(cls, frame: VideoFrame, turns: int) -> "_Decoded":
        """Take a frame's pixels along."""
        name = frame.format.name
        whole = frame.width % 2 == 0 and frame.height % 2 == 0
        copied = name in _COPIED and whole
        pixels = frame.to_ndarray().astype(np.uint8, copy=False) if copied else frame
        return cls(pixels, (name, frame.colorspace, frame.color_range), turns)

    def frame(self) -> VideoFrame:
        """Return it as a frame that can be converted."""
        if isinstance(self.pixels, VideoFrame):
            return self.pixels
        name, space, value_range = self.like
        frame = VideoFrame.from_ndarray(self.pixels, format=name)
        frame.colorspace, frame.color_range = space, value_range
        return frame


def upright_bgr(
    frame: VideoFrame, size: tuple[int, int], reformatter: VideoReformatter
) -> ImageU8:
    """Return a decoded frame as (H, W, 3) uint8 BGR, turned as the stream says.

    Args:
        frame: as it was decoded.
        size: (width, height) before it is turned, pixels.
        reformatter: keeps its tables from frame to frame.
    """
    return _bgr(frame, size, reformatter, _turns(frame))


def _bgr(
    frame: VideoFrame,
    size: tuple[int, int],
    reformatter: VideoReformatter,
    turns: int,
) -> ImageU8:
    bgr = reformatter.reformat(
        frame,
        *size,
        format="bgr24",
        interpolation=Interpolation.AREA,
        threads=1,
    )
    image = np.asarray(bgr.to_ndarray(), dtype=np.uint8)
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else image


def _turns(frame: VideoFrame) -> int:
    return round(frame.rotation / _QUARTER_DEG) % 4


def fitted(width: int, height: int, longest_side_px: int | None) -> tuple[int, int]:
    """Return a picture's size when it may be no longer than `longest_side_px`.

    Args:
        width: pixels.
        height: pixels.
        longest_side_px: None: as it is; smaller pictures are never enlarged.

    Returns:
        (width, height) of the same shape, each at least 2.
    """
    longest = max(width, height)
    if longest_side_px is None or longest <= longest_side_px:
        return width, height
    scale = longest_side_px / longest
    return max(round(width * scale), 2), max(round(height * scale), 2)
