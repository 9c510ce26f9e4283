"""Deadlines in working time."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.cases.clockwork import extend, restart, set_deadline, stop
from serve.cases.lifecycle import State
from serve.cases.policy import Policy, Spot, Stage, calendar_warning, load_policy
from serve.cases.worktime import (
    CalendarTooShortError,
    Span,
    Unit,
    WorkCalendar,
    after,
    due,
    elapsed,
    length,
)
from serve.settings import SettingsError
from serve.store.case_tables import CaseRow
from vision.core.violations import Slug

CONFIGS = Path(__file__).parents[3] / "configs"
WUHAN = ZoneInfo("Asia/Shanghai")
CITY = WorkCalendar(
    WUHAN,
    ((time(8, 30), time(12, 0)), (time(14, 0), time(17, 30))),
    holidays=frozenset({date(2026, 10, day) for day in range(1, 8)}),
    workdays=frozenset({date(2026, 10, 10)}),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WUHAN)


@pytest.mark.parametrize(
    ("start", "span", "expected"),
    [
        # Within the morning, over lunch, over night, over a weekend.
        ("2026-11-20 09:00", Span(1, Unit.WORK_HOUR), "2026-11-20 10:00"),
        ("2026-11-20 11:00", Span(2, Unit.WORK_HOUR), "2026-11-20 15:00"),
        ("2026-11-19 17:00", Span(1, Unit.WORK_HOUR), "2026-11-20 09:00"),
        ("2026-11-20 17:00", Span(1, Unit.WORK_HOUR), "2026-11-23 09:00"),
        ("2026-11-21 03:00", Span(1, Unit.WORK_HOUR), "2026-11-23 09:30"),
        # A working day is a day's hours, wherever it begins.
        ("2026-11-19 10:30", Span(1, Unit.WORK_DAY), "2026-11-20 10:30"),
        ("2026-11-20 10:30", Span(1, Unit.WORK_DAY), "2026-11-23 10:30"),
        # The holiday week, and the Saturday that is worked for it.
        ("2026-09-30 16:30", Span(2, Unit.WORK_HOUR), "2026-10-08 09:30"),
        ("2026-10-09 17:00", Span(1, Unit.WORK_HOUR), "2026-10-10 09:00"),
        # Time that runs on: nights, weekends and holidays count.
        ("2026-09-30 23:00", Span(2, Unit.URGENT_HOUR), "2026-10-01 01:00"),
        ("2026-11-20 17:00", Span(2, Unit.NATURAL_DAY), "2026-11-22 17:00"),
    ],
)
def test_a_deadline_falls_where_a_clerk_would_put_it(
    start: str, span: Span, expected: str
) -> None:
    assert due(at(start), span, CITY) == at(expected)


@pytest.mark.parametrize(
    ("start", "span", "expected"),
    [
        ("2026-03-28 12:00", Span(1, Unit.NATURAL_DAY), "2026-03-29 12:00"),
        ("2026-10-24 12:00", Span(1, Unit.NATURAL_DAY), "2026-10-25 12:00"),
        ("2026-10-24 12:00", Span(24, Unit.URGENT_HOUR), "2026-10-25 11:00"),
    ],
)
@pytest.mark.parametrize("asked_in", [UTC, ZoneInfo("Europe/Berlin")])
def test_a_natural_day_ends_at_the_same_time_where_clocks_are_put_forward(
    start: str, span: Span, expected: str, asked_in: tzinfo
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    calendar = replace(CITY, zone=berlin)
    begun = datetime.fromisoformat(start).replace(tzinfo=berlin).astimezone(asked_in)

    over = due(begun, span, calendar)

    assert over.astimezone(berlin).isoformat(" ")[:16] == expected
    assert elapsed(begun, over, span.unit, calendar) == length(span, calendar)


moments = st.integers(0, 330 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
units = st.sampled_from(Unit)


@given(start=moments, hours=st.floats(0.1, 60), unit=units)
def test_what_elapses_until_a_deadline_is_what_was_given(
    start: datetime, hours: float, unit: Unit
) -> None:
    left = timedelta(hours=hours)

    end = after(start, left, unit, CITY)

    assert abs(elapsed(start, end, unit, CITY) - left) < timedelta(milliseconds=1)


@given(
    start=moments,
    first=st.floats(0.1, 30),
    second=st.floats(0.1, 30),
    unit=units,
)
def test_two_spans_one_after_the_other_are_as_long_as_both_at_once(
    start: datetime, first: float, second: float, unit: Unit
) -> None:
    step = after(start, timedelta(hours=first), unit, CITY)
    there = after(step, timedelta(hours=second), unit, CITY)
    at_once = after(start, timedelta(hours=first + second), unit, CITY)

    gap = elapsed(min(there, at_once), max(there, at_once), unit, CITY)

    assert gap < timedelta(milliseconds=1)


@given(start=moments, hours=st.floats(0.1, 60), unit=units)
def test_starting_later_never_ends_sooner(
    start: datetime, hours: float, unit: Unit
) -> None:
    left = timedelta(hours=hours)

    assert after(start, left, unit, CITY) <= after(
        start + timedelta(hours=5), left, unit, CITY
    )


def dispatched(slug: Slug, start: str) -> CaseRow:
    """Return a case whose time for handling began then."""
    row = CaseRow(slug=slug.value, state=State.DISPATCHED.value)
    set_deadline(row, load_policy(CONFIGS), at(start))
    return row


@pytest.mark.parametrize(
    ("slug", "start", "due_at", "warned"),
    [
        # 80 % of two working hours are 96 minutes: over a weekend, over the holidays.
        (
            Slug.STREET_VENDING,
            "2026-11-20 17:25",
            "2026-11-23 10:25",
            "2026-11-23 10:01",
        ),
        (
            Slug.STREET_VENDING,
            "2026-09-30 16:30",
            "2026-10-08 09:30",
            "2026-10-08 09:06",
        ),
        # An urgent hour runs on.
        (
            Slug.ILLEGAL_PARKING,
            "2026-11-20 17:25",
            "2026-11-20 18:25",
            "2026-11-20 18:13",
        ),
    ],
)
def test_the_warning_comes_when_its_share_of_the_time_is_used(
    slug: Slug, start: str, due_at: str, warned: str
) -> None:
    row = dispatched(slug, start)

    assert row.due_at == at(due_at)
    assert row.warn_at == at(warned)


def test_a_suspension_moves_the_warning_by_working_time_as_it_does_the_deadline() -> (
    None
):
    row = dispatched(Slug.STREET_VENDING, "2026-11-20 17:25")

    stop(row, at("2026-11-20 17:27"))
    restart(row, load_policy(CONFIGS), at("2026-11-24 08:30"))

    assert row.due_at == at("2026-11-24 10:28")
    assert row.warn_at == at("2026-11-24 10:04")


@pytest.mark.parametrize(
    ("start", "asked", "due_at", "warned"),
    [
        # Nine working hours until then; 80 % of them are over on Tuesday morning.
        (
            "2026-11-20 17:25",
            "2026-11-20 17:25",
            "2026-11-24 10:25",
            "2026-11-24 08:37",
        ),
        # No working time until then: the warning does not come after the deadline.
        (
            "2026-11-20 15:00",
            "2026-11-21 10:00",
            "2026-11-21 17:00",
            "2026-11-21 17:00",
        ),
    ],
)
def test_an_extension_warns_in_the_kind_of_time_of_the_step(
    start: str, asked: str, due_at: str, warned: str
) -> None:
    row = dispatched(Slug.STREET_VENDING, start)

    extend(row, load_policy(CONFIGS), Span(1, Unit.NATURAL_DAY), at(asked))

    assert row.due_at == at(due_at)
    assert row.warn_at == at(warned)


def test_time_that_never_comes_is_an_error_and_not_a_loop() -> None:
    never = WorkCalendar(
        WUHAN,
        ((time(8), time(9)),),
        holidays=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(1500)),
    )

    with pytest.raises(CalendarTooShortError):
        due(at("2026-01-01 09:00"), Span(1, Unit.WORK_HOUR), never)


def test_the_shipped_files_are_usable_and_say_what_they_say() -> None:
    policy = load_policy(CONFIGS)

    assert policy.calendar is not None
    assert policy.calendar.day_length() == timedelta(hours=7)
    assert policy.calendar.is_workday(date(2026, 10, 10))
    assert policy.limit(Slug.ILLEGAL_PARKING, Stage.HANDLE) == Span(1, Unit.URGENT_HOUR)
    assert policy.limit(Slug.ILLEGAL_PARKING, Stage.CHECK) == Span(4, Unit.WORK_HOUR)


@pytest.mark.parametrize(
    ("spot", "department", "responsible"),
    [
        (Spot(Slug.GARBAGE_PILE, grid_department="north"), "sanitation", None),
        (Spot(Slug.ILLEGAL_PARKING, street_class="main"), "traffic", None),
        (Spot(Slug.ILLEGAL_PARKING, grid_department="north"), "north", None),
        (Spot(Slug.STREET_VENDING), "chengguan", None),
        (Spot(Slug.STREET_VENDING, street="武珞路"), "chengguan", "王建国"),
    ],
)
def test_the_first_rule_that_fits_routes(
    spot: Spot, department: str, responsible: str | None
) -> None:
    route = load_policy(CONFIGS).route(spot)

    assert (route.department, route.responsible) == (department, responsible)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("departments.yaml", "rules: [{department: nobody}]", "nobody"),
        ("departments.yaml", "fallback: a\nfallback: b", "stands twice"),
        ("departments.yaml", "[fallback]: a", "where a key must"),
        ("departments.yaml", "fallback: " + "[" * 4000, "nested too deeply"),
        (
            "departments.yaml",
            "fallback: a\ncolour: red",
            r"yaml: colour \(line 2\): got an unknown key; remove it",
        ),
        ("departments.yaml", "departments: [", "departments.yaml: not YAML: line 1"),
        ("departments.yaml", "fallback：a\nrules: []", "line 1: ： is a Chinese"),
        (
            "departments.yaml",
            "rules:\n  - {department: grid, slug: garbage_pill}",
            r"rules.0.slug \(line 2\): got 'garbage_pill'; did you mean garbage_pile\?",
        ),
        (
            "departments.yaml",
            "rules:\n  - {slug: garbage_pile}",
            r"rules.0.department \(line 2\): got nothing; expected this key",
        ),
        ("departments.yaml", "- a", r"yaml: got \['a'\]; expected a mapping"),
        ("deadlines.yaml", "calendar: nowhere.yaml", "nowhere.yaml"),
        ("deadlines.yaml", "calendar: []", "deadlines.yaml: calendar"),
        (
            "deadlines.yaml",
            "calendar: c.yaml\ndefault: {handle: {amount: 0, unit: work_day}}",
            r"default.handle.amount \(line 2\): got 0; expected more than 0",
        ),
        (
            "deadlines.yaml",
            "calendar: c.yaml\nwarn_share: 80%",
            r"warn_share \(line 2\): got '80%'; expected a number",
        ),
    ],
)
def test_a_file_that_cannot_work_is_named_with_its_place(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    with pytest.raises(SettingsError, match=told):
        load_policy(tmp_path)


def test_a_file_in_another_encoding_is_told_to_be_saved_as_utf_8(
    tmp_path: Path,
) -> None:
    (tmp_path / "departments.yaml").write_bytes("fallback: 城管".encode("gbk"))
    with pytest.raises(SettingsError, match="not UTF-8 at byte 10; save the file as"):
        load_policy(tmp_path)


def test_a_mark_of_utf_8_at_the_begin_is_no_mistake(tmp_path: Path) -> None:
    text = "departments: [{code: a, name: b}]"
    (tmp_path / "departments.yaml").write_text(text, encoding="utf-8-sig")

    assert load_policy(tmp_path).routing.departments[0].code == "a"


@pytest.mark.parametrize(
    "hours", ["[['12:00', '08:00']]", "[['08:00','12:00'],['11:00','13:00']]", "[]"]
)
def test_working_hours_that_overlap_or_run_backwards_are_refused(
    tmp_path: Path, hours: str
) -> None:
    (tmp_path / "deadlines.yaml").write_text("calendar: c.yaml")
    (tmp_path / "c.yaml").write_text(f"timezone: Asia/Shanghai\nhours: {hours}")

    with pytest.raises(SettingsError, match="hours"):
        load_policy(tmp_path)


HOURS = "timezone: Asia/Shanghai\nhours: [['08:30', '12:00'], ['14:00', '17:30']]\n"
# Made up: the holidays of 2027 are not announced yet.
AUTUMN = "holidays: [{name: a, first: 2026-10-01, last: 2026-10-07}]"
HOLIDAYS = {
    "a.yaml": AUTUMN,
    "b.yaml": "holidays: [{name: b, first: 2027-01-01, last: 2027-01-05}]",
    "over.yaml": "holidays: [{name: c, first: 2026-12-30, last: 2027-01-02}]",
    "said.yaml": "years: [2026, 2027]",
    "unsure.yaml": f"years: []\n{AUTUMN}",
}


def city_with(folder: Path, calendar: str) -> Policy:
    """Return the rules of a city whose calendar is made of these files."""
    for name, text in HOLIDAYS.items():
        (folder / name).write_text(HOURS + text)
    (folder / "deadlines.yaml").write_text(f"calendar: {calendar}")
    return load_policy(folder)


def test_a_calendar_of_two_files_knows_the_holidays_after_new_year(
    tmp_path: Path,
) -> None:
    calendar = city_with(tmp_path, "[a.yaml, b.yaml]").calendar

    assert calendar is not None
    assert not calendar.is_workday(date(2026, 10, 1))
    day = due(at("2026-12-31 16:00"), Span(1, Unit.WORK_DAY), calendar)
    assert day == at("2027-01-06 16:00")


@pytest.mark.parametrize(
    ("files", "now", "missing"),
    [
        ("a.yaml", "2026-11-01 12:00", []),
        ("a.yaml", "2026-11-02 00:30", [2027]),
        ("a.yaml", "2027-02-01 12:00", [2027]),
        ("b.yaml", "2026-12-01 12:00", [2026]),
        ("[a.yaml, b.yaml]", "2026-12-01 12:00", []),
        ("[a.yaml, b.yaml]", "2027-12-01 12:00", [2028]),
        # A holiday over New Year is not yet a calendar of the new year.
        ("[a.yaml, over.yaml]", "2026-12-01 12:00", [2027]),
        # What a file says of itself counts.
        ("said.yaml", "2026-12-01 12:00", []),
        ("unsure.yaml", "2026-10-01 12:00", [2026]),
    ],
)
def test_a_calendar_tells_sixty_days_before_which_year_it_does_not_know(
    tmp_path: Path, files: str, now: str, missing: list[int]
) -> None:
    policy = city_with(tmp_path, files)

    told = calendar_warning(policy, at(now))

    assert policy.missing_years(at(now)) == missing
    assert (told is None) == (not missing)
    assert all(str(year) in (told or "") for year in missing)


def test_the_shipped_calendar_is_one_of_2026_alone() -> None:
    policy = load_policy(CONFIGS)

    assert policy.calendar is not None
    assert policy.calendar.years == {2026}


@pytest.mark.parametrize(
    "other",
    [
        "timezone: Asia/Urumqi\nhours: [['08:30', '12:00'], ['14:00', '17:30']]",
        "timezone: Asia/Shanghai\nhours: [['09:00', '17:30']]",
    ],
)
def test_calendar_files_of_different_hours_are_refused(
    tmp_path: Path, other: str
) -> None:
    (tmp_path / "odd.yaml").write_text(other)

    with pytest.raises(SettingsError, match=r"odd\.yaml: got .* than .*a\.yaml"):
        city_with(tmp_path, "[a.yaml, odd.yaml]")


def test_a_folder_without_files_means_no_rules(tmp_path: Path) -> None:
    policy = load_policy(tmp_path)

    assert policy.route(Spot(Slug.GARBAGE_PILE)).department is None
    assert policy.limit(Slug.GARBAGE_PILE, Stage.HANDLE) is None
