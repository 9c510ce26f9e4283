"""Encoded video as it came from the camera: cheap pre-roll, original evidence."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

SQUARE = Fraction(1)


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a muxer must know of a video stream.

    Attributes:
        codec: FFmpeg's name: `h264`, `hevc`, `mjpeg` ...
        width: pixels.
        height: pixels.
        time_base: seconds per unit of pts and dts.
        extradata: codec parameters (SPS/PPS ...), or None.
        rotation_deg: by which the container turns decoded pictures to the left, so
            that they are upright; a multiple of 90.
        pixel_aspect: width of a pixel over its height, before turning.
    """

    codec: str
    width: int
    height: int
    time_base: Fraction
    extradata: bytes | None = None
    rotation_deg: int = 0
    pixel_aspect: Fraction = SQUARE


@dataclass(frozen=True, slots=True)
class EncodedPacket:
    """One packet, unchanged.

    Attributes:
        camera_id: which camera.
        stream: its format; a new object when the stream was opened anew.
        payload: the encoded bytes.
        pts: presentation time in units of `stream.time_base`, or None.
        dts: decoding time in the same units, or None.
        is_keyframe: whether decoding can start here.
        media_time_s: the feed's own clock, as on `Frame.media_time_s`.
    """

    camera_id: str
    stream: StreamFormat
    payload: bytes
    pts: int | None
    dts: int | None
    is_keyframe: bool
    media_time_s: float


PacketListener = Callable[[EncodedPacket], None]
"""Called from the reading thread for every packet; must be quick, must not raise."""


def squared(width: int, height: int, pixel_aspect: Fraction) -> tuple[int, int]:
    """Return the size at which a picture's pixels are square; none is lost.

    Analogue pictures are stored as 704 x 576 and shown as 768 x 576, or have lines
    that stand for two each.

    Args:
        width: as stored, pixels.
        height: as stored, pixels.
        pixel_aspect: width of a pixel over its height.
    """
    if pixel_aspect >= 1:
        return round(width * pixel_aspect), height
    return width, round(height / pixel_aspect)
