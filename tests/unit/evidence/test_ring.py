from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from vision.core.packets import EncodedPacket, StreamFormat
from vision.evidence.ring import PacketRing, RingLimits

FORM = StreamFormat("h264", 64, 48, Fraction(1, 1000))


def packet(
    at_s: float, *, key: bool = False, size: int = 100, stream: StreamFormat = FORM
) -> EncodedPacket:
    ticks = round(at_s * 1000)
    return EncodedPacket("gate", stream, bytes(size), ticks, ticks, key, at_s)


@given(
    sizes=st.lists(
        st.tuples(st.integers(1, 4000), st.booleans()), min_size=1, max_size=200
    ),
    max_bytes=st.integers(1000, 20_000),
    seconds=st.floats(1, 10),
)
def test_a_ring_keeps_its_bounds_and_begins_with_a_key_frame(
    sizes: list[tuple[int, bool]], max_bytes: int, seconds: float
) -> None:
    ring = PacketRing(RingLimits(seconds, max_bytes))
    for index, (size, key) in enumerate(sizes):
        ring.add(packet(index * 0.2, key=key, size=size))
        held = ring.since(-1.0)

        assert ring.size_bytes == sum(len(p.payload) for p in held) <= max_bytes
        assert not held or held[0].is_keyframe


def test_pre_roll_begins_at_the_key_frame_before_the_time_asked_for() -> None:
    ring = PacketRing(RingLimits(seconds=20))
    for index in range(100):
        ring.add(packet(index * 0.1, key=index % 20 == 0))

    held = ring.since(5.0)

    assert held[0].media_time_s == 4.0
    assert held[-1].media_time_s == 9.9


def test_what_is_older_than_the_ring_goes_a_whole_group_at_a_time() -> None:
    ring = PacketRing(RingLimits(seconds=3))
    for index in range(200):
        ring.add(packet(index * 0.1, key=index % 10 == 0))

    held = ring.since(0)

    assert held[0].is_keyframe
    assert 3 <= held[-1].media_time_s - held[0].media_time_s <= 4


def test_a_stream_opened_anew_does_not_continue_the_old_one() -> None:
    ring = PacketRing(RingLimits())
    ring.add(packet(0, key=True))
    other = StreamFormat("h264", 128, 96, Fraction(1, 1000))
    ring.add(packet(1, key=True, stream=other))

    assert [p.stream for p in ring.since(0)] == [other]
