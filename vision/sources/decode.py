"""Decode as little as the mode allows, and keep each picture's media time."""

from typing import Literal

import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from vision.core.arrays import ImageU8
from vision.sources.choice import ModeChoice, Reach

_MOST_TIMES = 64  # pictures between a packet and its frame; H.264 allows 16
_MOST_KEPT_BYTES = 8 << 20  # of packets between two key frames
_QUARTER_DEG = 90
_NOT_WORTH_IT = 1.25  # times smaller: scaling costs more than it saves
_SKIP: dict[Reach, Literal["DEFAULT", "NONREF", "NONKEY"]] = {
    "full": "DEFAULT",
    "nonref": "NONREF",
    "key": "NONKEY",
}

Picture = tuple[VideoFrame, float]
"""A decoded frame, not yet converted, and its media time in seconds."""


class PictureDecoder:
    """The decoder of one open stream."""

    def __init__(
        self, context: VideoCodecContext, *, choice: ModeChoice, threads: int
    ) -> None:
        """Set the decoder up before its first packet.

        Args:
            context: of the stream.
            choice: which pictures are decoded, decided at every key frame.
            threads: decoder threads, >= 1.
        """
        self._context = context
        self._choice = choice
        self._reach: Reach = choice.reach
        context.thread_count = threads
        context.skip_frame = _SKIP[self._reach]
        self._times: dict[int | None, float] = {}
        self._latest_s = 0.0
        self._kept: list[tuple[Packet[VideoStream], float]] = []
        self._kept_bytes = 0

    @property
    def key_frames_only(self) -> bool:
        """Whether each picture stands alone now and may be left out."""
        return self._reach == "key"

    def decode(
        self, packet: "Packet[VideoStream]", *, media_time_s: float, needed: bool
    ) -> list[Picture]:
        """Return the pictures that this packet completes.

        Args:
            packet: the next of the stream.
            media_time_s: of the packet's picture, seconds.
            needed: whether a picture of this time is due. Key frames stand alone, so
                the others need not even be decoded.

        Raises:
            av.error.FFmpegError: the packet is damaged; the next one may be fine.
        """
        earlier = self._choose(media_time_s) if packet.is_keyframe else []
        if self._reach == "key":
            overdue = self._keep(packet, media_time_s)
            if overdue:
                return earlier + self._catch_up()
            if packet.is_keyframe and needed:
                return earlier + self._decode_alone(packet, media_time_s)
            return earlier
        return earlier + self._decode_on(packet, media_time_s)

    def _keep(self, packet: "Packet[VideoStream]", media_time_s: float) -> bool:
        """Keep what may have to be decoded after all; return whether it has to be."""
        if packet.is_keyframe or not self._choice.hopeful:
            self._kept, self._kept_bytes = [], 0
        if not self._choice.hopeful:
            return False
        if packet.is_keyframe or self._kept:
            self._kept.append((packet, media_time_s))
            self._kept_bytes += packet.size
        overdue = self._choice.too_late(media_time_s)
        return overdue or self._kept_bytes > _MOST_KEPT_BYTES

    def _catch_up(self) -> list[Picture]:
        """Decode all since the last key frame: the next one is overdue."""
        kept, self._kept, self._kept_bytes = self._kept, [], 0
        self._reach = self._choice.give_up_hope()
        self._context.skip_frame = _SKIP[self._reach]
        return [
            picture
            for packet, media_time_s in kept
            for picture in self._decode_on(packet, media_time_s)
        ]

    def _decode_on(
        self, packet: "Packet[VideoStream]", media_time_s: float
    ) -> list[Picture]:
        """Decode one packet of a stream that is decoded as a whole."""
        self._latest_s = media_time_s
        self._times[packet.pts] = media_time_s
        if len(self._times) > _MOST_TIMES:
            del self._times[next(iter(self._times))]
        return self._timed(self._context.decode(packet))

    def rest(self) -> list[Picture]:
        """Return the pictures that wait in the decoder; it can go on afterwards."""
        if self._reach == "key":
            return []
        try:
            return self._timed(self._context.decode(None))
        finally:
            self._context.flush_buffers()
            self._times.clear()

    def _choose(self, media_time_s: float) -> list[Picture]:
        """Change the mode, which only a key frame allows; return what was under way."""
        reach = self._choice.at_key_frame(media_time_s)
        if reach == self._reach:
            return []
        earlier = self.rest()
        self._reach = reach
        self._context.skip_frame = _SKIP[reach]
        return earlier

    def _decode_alone(
        self, packet: "Packet[VideoStream]", media_time_s: float
    ) -> list[Picture]:
        """Decode a key frame and get it at once.

        With B-frames the decoder would hold each picture back until two key frames
        later, to put them in order: seconds on a live stream.
        """
        try:
            frames = self._context.decode(packet)
            frames += self._context.decode(None)
        finally:
            self._context.flush_buffers()
        return [(frame, media_time_s) for frame in frames if not frame.is_corrupt]

    def _timed(self, frames: list[VideoFrame]) -> list[Picture]:
        return [
            (frame, self._times.pop(frame.pts, self._latest_s))
            for frame in frames
            if not frame.is_corrupt
        ]


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

    def convert(self, frame: VideoFrame) -> "DecodedPicture":
        """Return a picture whose reduced form is ready and whose full one can be had.

        The conversion scales in the same pass: no full-size BGR picture exists until
        somebody asks for evidence.
        """
        full = fitted(frame.width, frame.height, self._longest_side_px)
        reduced = fitted(*full, self._reduced_px)
        if max(full) <= _NOT_WORTH_IT * max(reduced):
            reduced = full
        return DecodedPicture(
            frame, full, upright_bgr(frame, reduced, self._reformatter)
        )


class DecodedPicture:
    """A `core.frame.Picture` that keeps the decoder's own frame until it is let go.

    As the decoder has it, a picture takes half the memory of BGR.
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
        self._frame = frame
        self._stored = size
        self._full: ImageU8 | None = None
        self.reduced = reduced
        # Asked for dozens of times a picture.
        self._size = (size[1], size[0]) if _turns(frame) % 2 else size

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the full picture, upright, pixels."""
        return self._size

    def full(self) -> ImageU8:
        """Return every pixel, (H, W, 3) uint8 BGR; converted at the first call."""
        if self._full is None:
            height, width = self.reduced.shape[:2]
            self._full = (
                self.reduced
                if self._size == (width, height)
                else upright_bgr(self._frame, self._stored, VideoReformatter())
            )
        return self._full


def upright_bgr(
    frame: VideoFrame, size: tuple[int, int], reformatter: VideoReformatter
) -> ImageU8:
    """Return a decoded frame as (H, W, 3) uint8 BGR, turned as the stream says.

    Args:
        frame: as it was decoded.
        size: (width, height) before it is turned, pixels.
        reformatter: keeps its tables from frame to frame.
    """
    bgr = reformatter.reformat(
        frame,
        *size,
        format="bgr24",
        interpolation=Interpolation.AREA,
        threads=1,
    )
    image = np.asarray(bgr.to_ndarray(), dtype=np.uint8)
    turns = _turns(frame)
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
