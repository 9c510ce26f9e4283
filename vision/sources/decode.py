"""Decode as little as the mode allows, and keep each picture's media time."""

import numpy as np
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.core.arrays import ImageU8
from vision.sources.options import DecodeMode

_MOST_TIMES = 64  # pictures between a packet and its frame; H.264 allows 16
_QUARTER_DEG = 90

Picture = tuple[VideoFrame, float]
"""A decoded frame, not yet converted, and its media time in seconds."""


class PictureDecoder:
    """The decoder of one open stream."""

    def __init__(
        self, context: VideoCodecContext, *, mode: DecodeMode, threads: int
    ) -> None:
        """Set the decoder up before its first packet.

        Args:
            context: of the stream.
            mode: which pictures are decoded.
            threads: decoder threads, >= 1.
        """
        self._context = context
        self._mode = mode
        context.thread_count = threads
        if mode == "nonref":
            context.skip_frame = "NONREF"
        elif mode == "key":
            context.skip_frame = "NONKEY"
        self._times: dict[int | None, float] = {}
        self._latest_s = 0.0
        self.damaged = 0

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
        if self._mode == "key":
            if not (packet.is_keyframe and needed):
                return []
            return self._decode_alone(packet, media_time_s)
        self._remember(packet.pts, media_time_s)
        return self._timed(self._context.decode(packet))

    def rest(self) -> list[Picture]:
        """Return the pictures that wait in the decoder at the end of a stream."""
        return [] if self._mode == "key" else self._timed(self._context.decode(None))

    def bgr(self, frame: VideoFrame) -> ImageU8:
        """Return a frame's pixels, (H, W, 3) uint8 BGR, upright."""
        image = np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8)
        turns = round(frame.rotation / _QUARTER_DEG) % 4
        return np.ascontiguousarray(np.rot90(image, turns)) if turns else image

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
        return [(frame, media_time_s) for frame in self._sound(frames)]

    def _remember(self, pts: int | None, media_time_s: float) -> None:
        self._latest_s = media_time_s
        self._times[pts] = media_time_s
        if len(self._times) > _MOST_TIMES:
            del self._times[next(iter(self._times))]

    def _timed(self, frames: list[VideoFrame]) -> list[Picture]:
        return [
            (frame, self._times.pop(frame.pts, self._latest_s))
            for frame in self._sound(frames)
        ]

    def _sound(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        """Leave out the pictures that the decoder itself calls corrupt."""
        sound = [frame for frame in frames if not frame.is_corrupt]
        self.damaged += len(frames) - len(sound)
        return sound
