"""How much of its time a reader waits."""

import pytest

from vision.sources.waiting import Waiting


class Stopwatch:
    """A stand-in for `time` that is moved by hand."""

    def __init__(self) -> None:
        self._passed_s = 0.0
        self._busy_s = 0.0

    def monotonic(self) -> float:
        return self._passed_s

    def process_time(self) -> float:
        return self._busy_s

    def passes(self, seconds: float, *, busy_s: float = 0.0) -> None:
        self._passed_s += seconds
        self._busy_s += busy_s


@pytest.mark.parametrize(
    ("decodes", "busy_s", "share"),
    [
        pytest.param(False, 0.0, 0.75, id="a packet is waited for"),
        pytest.param(False, 2.0, 0.75, id="whatever else the process does"),
        pytest.param(True, 0.0, 0.75, id="a picture is waited for"),
        pytest.param(True, 2.0, 0.25, id="a picture is waited for and decoded"),
        pytest.param(True, 3.0, 0.0, id="a picture is decoded"),
        pytest.param(True, 9.0, 0.0, id="a picture is decoded by several threads"),
    ],
)
def test_waiting_is_reading_without_decoding(
    monkeypatch: pytest.MonkeyPatch, *, decodes: bool, busy_s: float, share: float
) -> None:
    watch = Stopwatch()
    monkeypatch.setattr("vision.sources.waiting.time", watch)
    waiting = Waiting(decodes=decodes)
    watch.passes(1.0, busy_s=1.0)
    with waiting:
        watch.passes(3.0, busy_s=busy_s)

    assert waiting.share() == pytest.approx(share)
    assert waiting.share() == 0.0
