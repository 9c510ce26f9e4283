"""Decode as little as the mode allows, and keep each picture's media time."""

from typing import Literal

from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vision.sources.choice import ModeChoice, Reach

_MOST_TIMES = 64  # pictures between a packet and its frame; H.264 allows 16
_MOST_KEPT_BYTES = 8 << 20  # of packets between two key frames
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
        self._hurried = False  # ends at a key frame only
        self._latest_s = 0.0
        self._kept: list[tuple[Packet[VideoStream], float]] = []
        self._kept_bytes = 0
        self._broken = 0

    @property
    def key_frames_only(self) -> bool:
        """Whether each picture stands alone now and may be left out."""
        return self._reach == "key"

    def decode(
        self,
        packet: "Packet[VideoStream]",
        *,
        media_time_s: float,
        needed: bool,
        hurried: bool = False,
    ) -> list[Picture]:
        """Return the pictures that this packet completes.

        Args:
            packet: the next of the stream.
            media_time_s: of the packet's picture, seconds.
            needed: whether a picture of this time is due. Key frames stand alone, so
                the others need not even be decoded.
            hurried: whether key frames must do, whatever the mode.

        Raises:
            av.error.FFmpegError: the packet is damaged; the next one may be fine.
        """
        self._hurried = hurried or (self._hurried and not packet.is_keyframe)
        earlier = self._choose(packet, media_time_s)
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
        hopeful = self._choice.hopeful and not self._hurried
        if packet.is_keyframe or not hopeful:
            self._kept, self._kept_bytes = [], 0
        if not hopeful:
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

    def take_broken(self) -> int:
        """Return how many pictures were left out as broken since the last call."""
        broken, self._broken = self._broken, 0
        return broken

    def rest(self) -> list[Picture]:
        """Return the pictures that wait in the decoder; it can go on afterwards."""
        if self._reach == "key":
            return []
        try:
            return self._timed(self._context.decode(None))
        finally:
            self._context.flush_buffers()
            self._times.clear()

    def _choose(
        self, packet: "Packet[VideoStream]", media_time_s: float
    ) -> list[Picture]:
        """Change the mode if need be; return what was under way.

        Only a key frame allows to decode more.
        """
        reach = self._reach
        if packet.is_keyframe:
            reach = self._choice.at_key_frame(media_time_s)
        if self._hurried:
            reach = "key"
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
        return [(frame, media_time_s) for frame in self._whole(frames)]

    def _timed(self, frames: list[VideoFrame]) -> list[Picture]:
        return [
            (frame, self._times.pop(frame.pts, self._latest_s))
            for frame in self._whole(frames)
        ]

    def _whole(self, frames: list[VideoFrame]) -> list[VideoFrame]:
        whole = [frame for frame in frames if not frame.is_corrupt]
        self._broken += len(frames) - len(whole)
        return whole
