"""Calls that hang are left behind; those that merely take long are not."""

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator

import pytest

from vision.core.errors import SourceOpenError
from vision.sources.lane import Lane, LaneClosedError, Lanes


class Line:
    """A connection whose calls can hang until released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.closed = threading.Event()
        self.closed_by: str | None = None

    def hang(self) -> str:
        self.release.wait(20)
        return "late"

    def close(self) -> None:
        self.closed_by = threading.current_thread().name
        self.closed.set()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.release.set()


def opened(line: Line) -> Lane[Line]:
    lane: Lane[Line] = Lane("lane")
    lane.open(lambda: line, timeout_s=5)
    return lane


def test_a_call_returns_what_the_lanes_thread_computed(line: Line) -> None:
    lane = opened(line)
    name = lane.use(lambda _: threading.current_thread().name, timeout_s=5)
    lane.close()

    assert name == "lane"


def test_a_connection_that_broke_is_let_go_of_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        line = Line()
        lane = opened(line)
        gone = weakref.ref(line)
        with pytest.raises(ValueError, match="broken"):
            lane.use(broken, timeout_s=5)
        lane.close()
        assert lane.ended(wait_s=5)
        del line, lane

        assert gone() is None
    finally:
        gc.enable()


def broken(_: Line) -> None:
    msg = "broken"
    raise ValueError(msg)


def test_an_error_on_the_lane_is_raised_to_the_caller(line: Line) -> None:
    lane = opened(line)

    def fail(_: Line) -> None:
        msg = "broken"
        raise ValueError(msg)

    with pytest.raises(ValueError, match="broken"):
        lane.use(fail, timeout_s=5)
    lane.close()


def test_a_call_that_hangs_costs_the_caller_no_more_than_its_bound(line: Line) -> None:
    lane = opened(line)
    start_s = time.monotonic()

    with pytest.raises(TimeoutError):
        lane.use(Line.hang, timeout_s=0.1)
    assert time.monotonic() - start_s < 1


def test_signs_of_life_extend_the_bound(line: Line) -> None:
    lane = opened(line)

    def slow(line: Line) -> str:
        for _ in range(6):
            line.release.wait(0.05)
            lane.progressed()
        return "done"

    assert lane.use(slow, timeout_s=0.2) == "done"
    lane.close()


def test_a_hanging_connection_is_closed_by_its_own_thread_when_it_returns(
    line: Line,
) -> None:
    lane = opened(line)
    with pytest.raises(TimeoutError):
        lane.use(Line.hang, timeout_s=0.05)
    lane.close()

    assert not line.closed.is_set()
    line.release.set()
    assert line.closed.wait(5)
    assert line.closed_by == "lane"
    assert lane.ended(wait_s=5)


def test_closing_wakes_whoever_waits(line: Line) -> None:
    lane = opened(line)
    threading.Timer(0.05, lane.close).start()
    start_s = time.monotonic()

    with pytest.raises(LaneClosedError):
        lane.use(Line.hang, timeout_s=20)
    assert time.monotonic() - start_s < 5


def test_an_abandoned_call_learns_that_nobody_waits(line: Line) -> None:
    lane = opened(line)
    learned = threading.Event()

    def late(line: Line) -> None:
        line.hang()
        try:
            lane.progressed()
        except LaneClosedError:
            learned.set()
            raise

    with pytest.raises(TimeoutError):
        lane.use(late, timeout_s=0.05)
    lane.close()
    line.release.set()

    assert learned.wait(5)


def test_hanging_connections_are_bounded_in_number(line: Line) -> None:
    lanes: Lanes[Line] = Lanes("gate", most_abandoned=2)
    connect: Callable[[], Line] = lambda: (line.hang(), line)[1]  # noqa: E731 hangs, then answers
    hanging: list[Lane[Line]] = []
    for _ in range(2):
        lane = lanes.next(wait_s=0)
        hanging.append(lane)
        with pytest.raises(TimeoutError):
            lane.open(connect, timeout_s=0.05)
        lane.close()

    with pytest.raises(SourceOpenError, match="2 earlier connections still hang"):
        lanes.next(wait_s=0)
    line.release.set()
    assert lanes.next(wait_s=5) not in hanging
