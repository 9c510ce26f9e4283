from tests.receiver import NOON, taken
from vision.core.frame import Frame
from vision.core.position import Fix
from vision.positions.shared import SharedPositions


class Calls:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def start(self) -> None:
        self.calls.append("start")

    def stop(self, timeout_s: float) -> None:
        self.calls.append(f"stop {timeout_s:g}")

    def at(self, frame: Frame) -> Fix | None:
        return Fix(30.5, 114.25, 90.0, frame.media_time_s)

    def describe(self) -> str:
        return "a receiver"

    def why_not(self, frame: Frame) -> str:
        return f"no reason for {frame.index}"


def test_a_source_runs_from_the_first_start_to_the_last_stop() -> None:
    source = Calls()
    shared = SharedPositions(source)
    left, right = shared.lease(), shared.lease()
    left.stop(1)
    left.start()
    left.start()
    right.start()
    left.stop(1)
    left.stop(1)
    assert source.calls == ["start"]
    right.stop(2)
    assert source.calls == ["start", "stop 2"]
    left.start()
    assert source.calls == ["start", "stop 2", "start"]


def test_a_lease_answers_as_the_source_does() -> None:
    source = Calls()
    lease = SharedPositions(source).lease()

    assert lease.at(taken(NOON)) == source.at(taken(NOON))
    assert lease.describe() == "a receiver"
    assert lease.why_not(taken(NOON)) == "no reason for 0"
