"""MPEG transport streams whose time stamps are what a test wants, bit for bit."""

from collections.abc import Callable
from pathlib import Path

import av

TICKS = 90_000  # per second
WRAP = 2**33  # ticks: the counter's width

Rule = Callable[[int, int], int]
"""From a packet's number and time stamp to the stamp it bears, both in ticks."""

_PACKET = 188
_VIDEO = 0x100  # FFmpeg's first PID


def restamped(clip: Path, rule: Rule) -> Path:
    """Write a clip's packets as MPEG-TS with other time stamps.

    No muxer writes stamps that stand still or run back, so they are changed in the
    bytes (ISO/IEC 13818-1, 2.4.3.7).

    Args:
        clip: any video.
        rule: gives each stamp, shown and decoded alike; wraps at 33 bits.
    """
    path = clip.with_name("stamps.ts")
    with av.open(str(clip)) as source, av.open(str(path), "w") as sink:
        inner = source.streams.video[0]
        outer = sink.add_stream_from_template(inner)
        for packet in source.demux(inner):
            if packet.dts is not None:
                packet.stream = outer
                sink.mux(packet)
    raw = bytearray(path.read_bytes())
    number = 0
    for start in range(0, len(raw), _PACKET):
        head = raw[start : start + 4]
        if not head[1] & 0x40 or (head[1] & 0x1F) << 8 | head[2] != _VIDEO:
            continue
        at = start + 4 + (1 + raw[start + 4] if head[3] & 0x20 else 0)
        for place in (at + 9, at + 14)[: (raw[at + 7] >> 6) - 1]:
            stamp = rule(number, _read(raw[place : place + 5])) % WRAP
            raw[place : place + 5] = _written(raw[place] & 0xF0, stamp)
        number += 1
    path.write_bytes(raw)
    return path


def _read(five: bytearray) -> int:
    high, middle, low = five[0] >> 1 & 7, five[1:3], five[3:5]
    return (
        high << 30
        | int.from_bytes(middle, "big") >> 1 << 15
        | int.from_bytes(low, "big") >> 1
    )


def _written(mark: int, stamp: int) -> bytes:
    return (
        bytes([mark | stamp >> 30 << 1 | 1])
        + ((stamp >> 15 & 0x7FFF) << 1 | 1).to_bytes(2, "big")
        + ((stamp & 0x7FFF) << 1 | 1).to_bytes(2, "big")
    )
