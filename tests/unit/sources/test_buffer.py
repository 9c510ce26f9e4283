"""Live: the newest wins. Files: every frame is delivered."""

import threading

import pytest

from tests.fakes import ManualClock, frame
from vision.sources.buffer import FrameBuffer


def test_live_keeps_the_newest_and_counts_the_rest() -> None:
    buffer = FrameBuffer(keep_all=False, clock=ManualClock())
    for i in range(5):
        assert buffer.put(frame(index=i))
    taken = buffer.take()

    assert taken is not None
    assert taken.index == 4
    assert buffer.dropped == 4
    assert buffer.take() is None


def test_files_deliver_every_frame_in_order_to_a_slow_consumer() -> None:
    buffer = FrameBuffer(keep_all=True, clock=ManualClock(), capacity=2)
    writer = threading.Thread(
        target=lambda: [buffer.put(frame(index=i)) for i in range(50)]
    )
    writer.start()
    taken: list[int] = []
    while len(taken) < 50:
        got = buffer.take()
        if got is None:
            writer.join(0.001)
        else:
            taken.append(got.index)
    writer.join(5)

    assert taken == list(range(50))
    assert buffer.dropped == 0


def test_a_full_file_buffer_holds_no_more_than_its_capacity() -> None:
    buffer = FrameBuffer(keep_all=True, clock=ManualClock(), capacity=2)
    writer = threading.Thread(target=lambda: [buffer.put(frame()) for _ in range(9)])
    writer.start()
    writer.join(0.1)

    assert writer.is_alive()
    assert buffer.queued == 2
    buffer.close()
    writer.join(5)
    assert not writer.is_alive()


def test_a_closed_buffer_refuses_frames() -> None:
    buffer = FrameBuffer(keep_all=False, clock=ManualClock())
    buffer.put(frame())
    buffer.close()

    assert not buffer.put(frame())
    assert buffer.take() is None


def test_the_age_is_that_of_the_oldest_waiting_frame() -> None:
    clock = ManualClock()
    buffer = FrameBuffer(keep_all=True, clock=clock, capacity=2)
    age_when_empty = buffer.oldest_age_s
    buffer.put(frame())
    clock.advance(2.0)
    buffer.put(frame())
    clock.advance(1.0)

    assert age_when_empty == 0.0
    assert buffer.oldest_age_s == pytest.approx(3.0)


def test_a_buffer_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0, expected at least 1"):
        FrameBuffer(keep_all=True, clock=ManualClock(), capacity=0)
