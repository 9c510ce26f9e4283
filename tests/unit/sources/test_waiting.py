"""How much of its time a reader waits."""

from pathlib import Path

import pytest

from vision.sources.waiting import Waiting


class Stopwatch:
    """A stand-in for `time` and the kernel's account, moved by hand."""

    def __init__(self, account: Path) -> None:
        self._account = account
        self._passed_s = self._ran_s = self._delayed_s = 0.0
        self.passes(0.0)

    def monotonic(self) -> float:
        return self._passed_s

    def thread_time(self) -> float:
        return self._ran_s

    def passes(
        self, seconds: float, *, ran_s: float = 0.0, delayed_s: float = 0.0
    ) -> None:
        self._passed_s += seconds
        self._ran_s += ran_s
        self._delayed_s += delayed_s
        ns = f"{round(self._ran_s * 1e9)} {round(self._delayed_s * 1e9)} 17\n"
        self._account.write_text(ns)


@pytest.mark.parametrize(
    ("decodes", "busy_s", "share"),
    [
        pytest.param(False, (0.0, 0.0), 0.75, id="a packet is waited for"),
        pytest.param(False, (2.0, 0.0), 0.75, id="who does not decode waits"),
        pytest.param(True, (0.0, 0.0), 0.75, id="a picture is waited for"),
        pytest.param(True, (2.0, 0.0), 0.25, id="a picture is waited for and decoded"),
        pytest.param(True, (3.0, 0.0), 0.0, id="a picture is decoded"),
        pytest.param(True, (1.0, 2.0), 0.0, id="and others have the processor"),
    ],
)
def test_waiting_is_reading_without_decoding(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    decodes: bool,
    busy_s: tuple[float, float],
    share: float,
) -> None:
    account = tmp_path / "schedstat"
    ran_s, delayed_s = busy_s
    watch = Stopwatch(account)
    monkeypatch.setattr("vision.sources.waiting.time", watch)
    monkeypatch.setattr("vision.sources.waiting._SCHEDULE", account)
    waiting = Waiting(decodes=decodes)
    watch.passes(1.0, ran_s=1.0, delayed_s=0.5)
    with waiting:
        watch.passes(3.0, ran_s=ran_s, delayed_s=delayed_s)

    assert waiting.share() == pytest.approx(share)
    assert waiting.share() == 0.0


def test_where_nobody_tells_of_delays_there_are_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    watch = Stopwatch(tmp_path / "schedstat")
    monkeypatch.setattr("vision.sources.waiting.time", watch)
    monkeypatch.setattr("vision.sources.waiting._SCHEDULE", tmp_path / "missing")
    waiting = Waiting(decodes=True)
    with waiting:
        watch.passes(2.0, ran_s=0.5)

    assert waiting.share() == pytest.approx(0.75)
