"""The last seconds of every camera, as packets: pre-roll that costs no decoding."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from vision.core.packets import EncodedPacket


@dataclass(frozen=True, slots=True)
class RingLimits:
    """How much one camera's ring holds.

    Attributes:
        seconds: media time from its newest packet back.
        max_bytes: encoded bytes, whatever the seconds.
    """

    seconds: float = 20.0
    max_bytes: int = 11 << 20


class PacketRing:
    """Packets of one camera; oldest go first, a whole group of pictures at a time.

    It always begins with a key frame, so that what it holds can be decoded. Used
    under its owner's lock.
    """

    def __init__(self, limits: RingLimits) -> None:
        """Begin empty."""
        self._limits = limits
        self._groups: deque[list[EncodedPacket]] = deque()
        self._bytes = 0

    @property
    def size_bytes(self) -> int:
        """Encoded bytes held now."""
        return self._bytes

    def add(self, packet: EncodedPacket) -> None:
        """Take the next packet; those before the first key frame are of no use."""
        if self._broken_by(packet):
            self.clear()
        if packet.is_keyframe:
            self._groups.append([])
        elif not self._groups:
            return
        self._groups[-1].append(packet)
        self._bytes += len(packet.payload)
        self._trim(packet.media_time_s)

    def since(self, media_time_s: float) -> list[EncodedPacket]:
        """Return the packets from the last key frame at or before a time, or all."""
        first = 0
        for index, group in enumerate(self._groups):
            if group[0].media_time_s <= media_time_s:
                first = index
        groups: Iterable[list[EncodedPacket]] = list(self._groups)[first:]
        return [packet for group in groups for packet in group]

    def clear(self) -> None:
        """Forget everything."""
        self._groups.clear()
        self._bytes = 0

    def _broken_by(self, packet: EncodedPacket) -> bool:
        """Return whether a packet does not continue what is held."""
        if not self._groups:
            return False
        last = self._groups[-1][-1]
        return (
            packet.stream is not last.stream
            or packet.media_time_s < last.media_time_s - self._limits.seconds
        )

    def _trim(self, newest_s: float) -> None:
        while len(self._groups) > 1 and (
            self._bytes > self._limits.max_bytes
            or self._groups[1][0].media_time_s <= newest_s - self._limits.seconds
        ):
            self._drop_group()
        if self._bytes > self._limits.max_bytes:
            # One group alone is too long: better no pre-roll than no bound.
            self.clear()

    def _drop_group(self) -> None:
        self._bytes -= sum(len(packet.payload) for packet in self._groups.popleft())
