"""From a decision to the packets around it: pre-roll now, post-roll as it comes."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from vision.core.packets import EncodedPacket
from vision.core.ports import Clock
from vision.evidence.ring import PacketRing, RingLimits


@dataclass(frozen=True, slots=True)
class ClipPolicy:
    """How long clips are and what they may cost.

    Attributes:
        pre_s: media time before the decision, seconds.
        post_s: media time after it, seconds.
        ring: what each camera's ring holds.
        patience_s: longest wait for the post-roll of a camera that fell silent.
        max_takes: clips in the making at once, those that wait to be written
            included; further ones are not begun.
        min_free_bytes: below this much free disk no clip is begun; pictures need
            far less.
        shared: whether a redacted copy is made, which may be shared.
    """

    pre_s: float = 10.0
    post_s: float = 5.0
    ring: RingLimits = field(default_factory=RingLimits)
    patience_s: float = 30.0
    max_takes: int = 32
    min_free_bytes: int = 256 << 20
    shared: bool = True


@dataclass(frozen=True, slots=True)
class Moment:
    """The decision that a clip is about.

    Attributes:
        event_id: whose clip.
        step: sequence of the step.
        camera_id: which camera.
        media_time_s: of the deciding frame, seconds.
        captured_at: wall time of the deciding frame.
    """

    event_id: str
    step: int
    camera_id: str
    media_time_s: float
    captured_at: datetime


@dataclass(eq=False, slots=True)
class Take:
    """Material for one clip: packets, or sampled pictures where there are none.

    Attributes:
        moment: what it is about.
        until_s: media time of its end, seconds.
        deadline_s: monotonic time at which it ends whatever the camera does.
        wanted: whether its package was sealed and lacks a clip; known a little later.
        packets: in decoding order, the first a key frame.
        pictures: (media time, JPEG), for a camera without packets.
    """

    moment: Moment
    until_s: float
    deadline_s: float
    wanted: "Future[bool]"
    packets: list[EncodedPacket] = field(default_factory=list)
    pictures: list[tuple[float, bytes]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to make a clip of."""
        return not self.packets and not self.pictures

    @property
    def size_bytes(self) -> int:
        """What its files will take, about: the clip, and copies half as large."""
        packets = sum(len(packet.payload) for packet in self.packets)
        return (packets + sum(len(jpeg) for _, jpeg in self.pictures)) * 3 // 2

    @property
    def captured_at(self) -> datetime:
        """Wall time of the clip's first frame."""
        lead_s = self.moment.media_time_s - self._times_s[0]
        return self.moment.captured_at - timedelta(seconds=lead_s)

    @property
    def span_s(self) -> float:
        """Media time from the first frame to the last, seconds."""
        first_s, last_s = self._times_s
        return max(0.0, last_s - first_s)

    @property
    def _times_s(self) -> tuple[float, float]:
        times = [packet.media_time_s for packet in self.packets]
        times = times or [at_s for at_s, _ in self.pictures] or [0.0]
        return times[0], max(times)


class _Pictures:
    """Sampled pictures of a camera without packets, bounded as the ring is."""

    def __init__(self, limits: RingLimits) -> None:
        self._limits = limits
        self._held: deque[tuple[float, bytes]] = deque()
        self._bytes = 0

    def add(self, at_s: float, jpeg: bytes) -> None:
        self._held.append((at_s, jpeg))
        self._bytes += len(jpeg)
        while self._held and (
            self._bytes > self._limits.max_bytes
            or self._held[0][0] < at_s - self._limits.seconds
        ):
            self._bytes -= len(self._held.popleft()[1])

    def since(self, at_s: float) -> list[tuple[float, bytes]]:
        return [one for one in self._held if one[0] >= at_s]


class TakeRecorder:
    """Rings of all cameras and the takes that still wait for their post-roll.

    Packets come from the reading threads, moments from the analysing thread.
    """

    def __init__(
        self, policy: ClipPolicy, clock: Clock, on_ready: Callable[[Take], None]
    ) -> None:
        """Begin with empty rings.

        Args:
            policy: how long and how much.
            clock: monotonic time for the patience.
            on_ready: given each finished take; must be quick.
        """
        self._policy = policy
        self._clock = clock
        self._on_ready = on_ready
        self._rings: dict[str, PacketRing] = {}
        self._pictures: dict[str, _Pictures] = {}
        self._takes: dict[str, list[Take]] = {}
        self._lock = threading.Lock()

    def size_bytes(self, camera_id: str) -> int:
        """Return the encoded bytes that a camera's ring holds now."""
        with self._lock:
            ring = self._rings.get(camera_id)
            return 0 if ring is None else ring.size_bytes

    def has_packets(self, camera_id: str) -> bool:
        """Return whether a camera has ever given packets."""
        return camera_id in self._rings

    def add(self, packet: EncodedPacket) -> None:
        """Take one packet; called from the reading thread of its camera."""
        with self._lock:
            ring = self._rings.get(packet.camera_id)
            if ring is None:
                ring = self._rings[packet.camera_id] = PacketRing(self._policy.ring)
                self._pictures.pop(packet.camera_id, None)
            ring.add(packet)
            ready = self._extend(packet)
        for take in ready:
            self._on_ready(take)

    def add_picture(self, camera_id: str, at_s: float, jpeg: bytes) -> None:
        """Take one sampled picture of a camera that gives no packets."""
        with self._lock:
            held = self._pictures.setdefault(camera_id, _Pictures(self._policy.ring))
            held.add(at_s, jpeg)
            ready = []
            for take in list(self._takes.get(camera_id, ())):
                take.pictures.append((at_s, jpeg))
                if at_s >= take.until_s:
                    ready.append(self._close(take))
        for take in ready:
            self._on_ready(take)

    def begin(
        self, moment: Moment, wanted: "Future[bool]", *, unwritten: int = 0
    ) -> bool:
        """Start a take with what the rings hold; return False if there are too many.

        Args:
            moment: the decision.
            wanted: as on `Take`.
            unwritten: finished takes that still hold their packets.
        """
        policy = self._policy
        since_s = moment.media_time_s - policy.pre_s
        with self._lock:
            if unwritten + sum(map(len, self._takes.values())) >= policy.max_takes:
                return False
            take = Take(
                moment=moment,
                until_s=moment.media_time_s + policy.post_s,
                deadline_s=self._clock.monotonic_s()
                + policy.post_s
                + policy.patience_s,
                wanted=wanted,
            )
            ring = self._rings.get(moment.camera_id)
            pictures = self._pictures.get(moment.camera_id)
            if ring is not None:
                held = ring.since(since_s)
                take.packets = _around(held, moment.media_time_s, policy.ring.seconds)
            elif pictures is not None:
                take.pictures = pictures.since(since_s)
            self._takes.setdefault(moment.camera_id, []).append(take)
            whole = _cut(take.packets, take.until_s)
            if whole:
                self._close(take)
        if whole:
            self._on_ready(take)
        return True

    def expire(self, *, everything: bool = False) -> None:
        """Finish takes whose camera fell silent; or all, before stopping."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            late = [
                self._close(take)
                for takes in list(self._takes.values())
                for take in list(takes)
                if everything or take.deadline_s <= now_s
            ]
        for take in late:
            self._on_ready(take)

    def _extend(self, packet: EncodedPacket) -> list[Take]:
        ready = []
        for take in list(self._takes.get(packet.camera_id, ())):
            goes_on = not take.packets or self._goes_on(take.packets[-1], packet)
            if goes_on and (take.packets or packet.is_keyframe):
                take.packets.append(packet)
            if packet.media_time_s >= take.until_s or not goes_on:
                ready.append(self._close(take))
        return ready

    def _goes_on(self, last: EncodedPacket, packet: EncodedPacket) -> bool:
        """Return whether a packet belongs into the clip that ends with another."""
        paused_s = packet.media_time_s - last.media_time_s
        return packet.stream is last.stream and paused_s <= self._policy.ring.seconds

    def _close(self, take: Take) -> Take:
        takes = self._takes[take.moment.camera_id]
        takes.remove(take)
        if not takes:
            del self._takes[take.moment.camera_id]
        return take


def _around(
    packets: list[EncodedPacket], at_s: float, longest_s: float
) -> list[EncodedPacket]:
    """Return what was shown around a time, without what a long pause parts from it.

    A recorder may pause for a night: such a clip would show one picture for hours.

    Args:
        packets: in decoding order, the first a key frame.
        at_s: media time, seconds.
        longest_s: a pause that a clip may show, seconds.
    """
    first, end = 0, len(packets)
    for index in range(1, end):
        here_s = packets[index].media_time_s
        if here_s - packets[index - 1].media_time_s > longest_s:
            if here_s > at_s:
                return packets[first:index]
            first = index
    while first < end and not packets[first].is_keyframe:
        first += 1
    return packets[first:]


def _cut(packets: list[EncodedPacket], until_s: float) -> bool:
    """Let go of what was read after a clip's end; return whether it got that far.

    A file is read ahead of its analysis: how far must not show in the clip.
    """
    for index, packet in enumerate(packets):
        if packet.media_time_s >= until_s:
            del packets[index + 1 :]
            return True
    return False
