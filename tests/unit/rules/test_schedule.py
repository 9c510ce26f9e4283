from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.errors import ConfigError
from vision.core.scene import Zone
from vision.rules.schedule import (
    EVERY_DAY,
    HOLIDAY,
    MONDAY,
    WEEKDAYS,
    Calendar,
    ClassPolicy,
    Schedule,
    Span,
    Window,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
DAYTIME = Window(WEEKDAYS, Span(time(7), time(20)))
NIGHT = Window(EVERY_DAY, Span(time(22), time(6)))
SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 20, 6, 59, tzinfo=SHANGHAI), None),
        (datetime(2026, 11, 20, 7, 0, tzinfo=SHANGHAI), "weekdays 07:00–20:00"),
        (datetime(2026, 11, 20, 19, 59, tzinfo=SHANGHAI), "weekdays 07:00–20:00"),
        (datetime(2026, 11, 20, 20, 0, tzinfo=SHANGHAI), None),
        (datetime(2026, 11, 21, 12, 0, tzinfo=SHANGHAI), None),  # Saturday
        (datetime(2026, 11, 20, 0, 30, tzinfo=UTC), "weekdays 07:00–20:00"),
    ],
)
def test_a_window_holds_from_its_first_minute_to_its_last(
    moment: datetime, text: str | None
) -> None:
    calendar = Calendar("day", "Asia/Shanghai", (DAYTIME,))

    assert calendar.in_force(moment) == text


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, 0, "daily 00:00–24:00"),
        (18, 0, "daily 18:00–24:00"),
        (0, 6, "daily 00:00–06:00"),
    ],
)
def test_the_end_of_a_day_is_written_as_the_site_file_writes_it(
    start: int, end: int, text: str
) -> None:
    assert Window(EVERY_DAY, Span(time(start), time(end))).text() == text


def test_a_night_window_belongs_to_the_day_it_starts_on() -> None:
    friday_night = Window(frozenset({4}), Span(time(22), time(6)))
    calendar = Calendar("night", "Asia/Shanghai", (friday_night,))

    assert calendar.in_force(datetime(2026, 11, 21, 5, 59, tzinfo=SHANGHAI))
    assert not calendar.in_force(datetime(2026, 11, 20, 5, 59, tzinfo=SHANGHAI))


def test_a_holiday_and_a_working_saturday_change_places() -> None:
    swap = {date(2026, 10, 1): HOLIDAY, date(2026, 10, 10): MONDAY}
    calendar = Calendar("day", "Asia/Shanghai", (DAYTIME,), treated_as=swap)

    assert not calendar.in_force(datetime(2026, 10, 1, 12, tzinfo=SHANGHAI))
    assert calendar.in_force(datetime(2026, 10, 10, 12, tzinfo=SHANGHAI))


def test_a_special_day_has_spans_of_its_own_or_none() -> None:
    special = {
        date(2026, 11, 20): (Span(time(18), time(23)),),
        date(2026, 11, 19): (),
    }
    calendar = Calendar("day", "Asia/Shanghai", (DAYTIME,), special=special)

    evening = datetime(2026, 11, 20, 20, tzinfo=SHANGHAI)
    assert calendar.in_force(evening) == "2026-11-20 18:00–23:00"
    assert not calendar.in_force(datetime(2026, 11, 20, 12, tzinfo=SHANGHAI))
    assert not calendar.in_force(datetime(2026, 11, 19, 12, tzinfo=SHANGHAI))


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_clock_changes_do_not_move_a_window(day: date) -> None:
    calendar = Calendar("day", "Europe/Berlin", (Window(EVERY_DAY, DAYTIME.span),))

    noon = datetime.combine(day, time(12), BERLIN)
    hours = [
        moment.astimezone(BERLIN).hour
        for minutes in range(-12 * 60, 12 * 60, 15)
        if calendar.in_force(
            moment := noon.astimezone(UTC) + timedelta(minutes=minutes)
        )
    ]
    assert min(hours) == 7
    assert max(hours) == 19
    assert len(hours) == 13 * 4


@pytest.mark.parametrize(
    ("evening", "hours"),
    [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 11, 20), 8)],
)
def test_a_night_in_which_the_clock_changes_is_as_long_as_it_is(
    evening: date, hours: int
) -> None:
    calendar = Calendar("n", "Europe/Berlin", (Window(EVERY_DAY, NIGHT.span),))
    noon = datetime.combine(evening, time(12), BERLIN).astimezone(UTC)

    minutes = (noon + timedelta(minutes=15 * i) for i in range(4 * 23))

    assert sum(calendar.in_force(at) is not None for at in minutes) == hours * 4


@pytest.mark.parametrize(
    ("night", "minutes"), [(date(2026, 3, 29), 0), (date(2026, 10, 25), 60)]
)
def test_an_hour_that_is_skipped_is_never_in_force_and_a_repeated_one_twice(
    night: date, minutes: int
) -> None:
    window = Window(EVERY_DAY, Span(time(2, 15), time(2, 45)))
    calendar = Calendar("n", "Europe/Berlin", (window,))
    midnight = datetime.combine(night, time(0), BERLIN).astimezone(UTC)

    moments = (midnight + timedelta(minutes=i) for i in range(6 * 60))

    assert sum(calendar.in_force(at) is not None for at in moments) == minutes


def test_a_night_that_began_before_a_special_day_or_a_holiday_is_not_cut() -> None:
    eve = Window(WEEKDAYS, NIGHT.span)
    calendar = Calendar(
        "night",
        "Asia/Shanghai",
        (eve,),
        treated_as={date(2026, 10, 1): HOLIDAY},  # a Thursday
        special={date(2026, 11, 19): ()},  # a Thursday, too
    )

    moments = [
        datetime.combine(day, time(0), SHANGHAI) + timedelta(hours=hour)
        for day in (date(2026, 10, 1), date(2026, 11, 19))
        for hour in (3, 23, 27)
    ]

    told = {f"{at:%m-%d %H}": calendar.in_force(at) for at in moments}

    assert told == {
        "10-01 03": "weekdays 22:00–06:00",
        "10-01 23": None,
        "10-02 03": None,
        "11-19 03": "weekdays 22:00–06:00",
        "11-19 23": None,
        "11-20 03": None,
    }


def test_a_saturday_among_holidays_is_a_holiday_and_no_saturday() -> None:
    noon = datetime(2026, 10, 3, 12, tzinfo=SHANGHAI)

    def told(*days: int) -> bool:
        windows = (Window(frozenset(days), DAYTIME.span),)
        swap = {noon.date(): HOLIDAY}
        return bool(Calendar("d", "Asia/Shanghai", windows, swap).in_force(noon))

    assert not told(5, 6)
    assert told(5, 6, HOLIDAY)
    assert told(*EVERY_DAY)


@given(st.integers(0, 15 * 366 * 24 * 60))
def test_a_span_and_its_complement_share_no_moment_and_miss_none(minute: int) -> None:
    at = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    night = Calendar("n", "Europe/Berlin", (NIGHT,))
    day = Calendar("d", "Europe/Berlin", (Window(EVERY_DAY, Span(time(6), time(22))),))

    assert (night.in_force(at) is None) is not (day.in_force(at) is None)


def test_a_zone_without_calendar_follows_its_street_class() -> None:
    schedule = Schedule(
        calendars={"day": Calendar("day", "Asia/Shanghai", (DAYTIME,))},
        classes={
            "controlled": ClassPolicy(calendar="day"),
            "forbidden": ClassPolicy(dwell_factor=0.5, permits=False),
        },
    )
    evening = datetime(2026, 11, 20, 21, tzinfo=SHANGHAI)

    controlled = schedule.ruling(Zone("a", "no_vending", SQUARE, "controlled"), evening)
    forbidden = schedule.ruling(Zone("b", "no_vending", SQUARE, "forbidden"), evening)
    plain = schedule.ruling(Zone("c", "no_vending", SQUARE), evening)
    own = schedule.ruling(Zone("d", "no_vending", SQUARE, None, "day"), evening)
    assert controlled.window is None
    assert (forbidden.window, forbidden.dwell_factor, forbidden.permits) == (
        "always",
        0.5,
        False,
    )
    assert plain.window == "always"
    assert own.window is None


def test_an_unknown_calendar_is_named_together_with_those_that_exist() -> None:
    schedule = Schedule(calendars={"day": Calendar("day", "UTC", ())})

    with pytest.raises(ConfigError, match=r"zone a: got calendar 'dya'.*day"):
        schedule.ruling(
            Zone("a", "no_parking", SQUARE, None, "dya"),
            datetime(2026, 1, 1, tzinfo=UTC),
        )


def test_a_window_names_its_days() -> None:
    assert Window(frozenset({0, 2, 7}), DAYTIME.span).text() == (
        "Mon,Wed,holidays 07:00–20:00"
    )
