"""A clock that jumps deletes nothing before its time."""

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from serve.lived_time import LivedTime
from serve.settings import Settings
from tests.service.serve.city import MONDAY, HandClock, do
from tests.service.serve.conftest import Live, Start
from tests.service.serve.test_retention import ROLES, RULES, left, report


def time_of(tmp_path: Path, clock: HandClock, newest: datetime | None) -> LivedTime:
    return LivedTime(tmp_path / "time.json", clock, lambda: newest)


@pytest.fixture
def clock() -> HandClock:
    """Return a clock that is moved by hand."""
    return HandClock()


@pytest.fixture
def live(start: Start, tmp_path: Path, clock: HandClock) -> Live:
    """Start a service with retention rules."""
    (tmp_path / "retention.yaml").write_text(RULES, "utf-8")
    return start(Settings(home=tmp_path / "home", config_dir=tmp_path), clock)


def test_a_jump_of_years_deletes_no_evidence_while_time_goes_on_as_it_does(
    live: Live, engine: httpx.Client, boss: httpx.Client, clock: HandClock
) -> None:
    retention = live.services.retention
    report(engine, "evt-1")
    do(boss, 1, "reject")
    retention.run()
    clock.jump(days=3650)
    retention.run()
    after_jump = left(live, "evt-1")
    clock.jump(days=-3650)
    retention.run()
    clock.forward(days=91)
    retention.run()

    assert after_jump == set(ROLES)
    assert left(live, "evt-1") == set(ROLES) - {"clip.jpg", "clip_redacted.jpg"}


def test_what_runs_evenly_is_believed(tmp_path: Path) -> None:
    clock = HandClock()
    lived = time_of(tmp_path, clock, None)
    for days in (1, 40, 400):
        lived.now()
        clock.forward(days=days)

        assert lived.now() == clock.at


@pytest.mark.parametrize("days", [1, 400])
def test_a_clock_set_ahead_is_caught_up_at_twice_the_pace(
    tmp_path: Path, days: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = HandClock()
    lived = time_of(tmp_path, clock, None)
    lived.now()
    clock.jump(days=days)
    at_once = lived.now()
    clock.forward(hours=12)
    later = lived.now()
    clock.forward(days=days)

    assert at_once == MONDAY
    assert later == MONDAY + timedelta(days=1)
    assert lived.now() == clock.at
    assert sum("check the clock" in line for line in caplog.messages) == 1


def test_a_clock_set_back_is_followed_and_its_return_is_no_time(tmp_path: Path) -> None:
    clock = HandClock()
    lived = time_of(tmp_path, clock, None)
    lived.now()
    clock.jump(days=-300)
    back = lived.now()
    clock.jump(days=300)

    assert back == MONDAY - timedelta(days=300)
    assert lived.now() == back


@pytest.mark.parametrize(("away", "believed"), [(2, 2), (3650, 6), (-10, -10)])
def test_between_two_runs_only_so_much_is_believed(
    tmp_path: Path, away: int, believed: int
) -> None:
    clock = HandClock()
    first = time_of(tmp_path, clock, None)
    first.now()
    first.keep()
    clock.jump(days=away)

    again = time_of(tmp_path, clock, None)

    assert again.now() == MONDAY + timedelta(days=believed)


def test_the_first_look_is_bounded_by_what_is_there(tmp_path: Path) -> None:
    clock = HandClock()
    newest = clock.at
    clock.jump(days=3650)
    (tmp_path / "time.json").write_text("torn", "utf-8")

    assert time_of(tmp_path, clock, newest).now() == newest + timedelta(days=3)
    assert time_of(tmp_path, HandClock(), None).now() == MONDAY
