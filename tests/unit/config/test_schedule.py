import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from vision.bootstrap.schedule import build_schedule
from vision.config.problems import InvalidConfigError
from vision.config.site import SiteSettings, load_site
from vision.core.scene import Zone
from vision.rules.schedule import Schedule

SITE = """
site: demo
timezone: Asia/Shanghai
model: {type: onnx, path: models/street-n}
cameras:
  - id: gate
    source: {type: packets, url: "rtsp://camera/1"}
    zones:
      - id: kerb
        kind: no_parking
        calendar: daytime
        polygon: [[0, 0], [1, 0], [1, 1]]
rules: [{type: illegal_parking}]
sinks: [{type: jsonl}]
calendars:
  daytime:
    windows:
      - {days: weekdays, since: "07:00", until: "20:00"}
      - {days: [sat], since: "09:00", until: "12:00"}
    holidays:
      - {name: 国庆节, first: 2026-10-01, last: 2026-10-07}
    workdays: [2026-10-10]
    special:
      2026-12-31: [{since: "07:00", until: "12:00"}]
street_classes:
  forbidden: {dwell_factor: 0.5, permits: false}
  controlled: {calendar: daytime}
"""


def _settings(tmp_path: Path, text: str = SITE) -> SiteSettings:
    file = tmp_path / "site.yaml"
    file.write_text(text, encoding="utf-8")
    return load_site(file).settings


def _window(schedule: Schedule, zone: Zone, at: str) -> str | None:
    moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    return schedule.ruling(zone, moment).window


@pytest.fixture
def machine_in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_in_shanghai")
def test_without_a_time_zone_calendars_go_by_this_machines_clock(
    tmp_path: Path,
) -> None:
    settings = _settings(tmp_path, SITE.replace("timezone: Asia/Shanghai\n", ""))
    kerb = Zone("kerb", "no_parking", ((0, 0), (1, 0), (1, 1)), calendar="daytime")

    schedule = build_schedule(settings)

    assert _window(schedule, kerb, "2026-11-02 07:00") == "weekdays 07:00–20:00"
    assert _window(schedule, kerb, "2026-11-02 20:00") is None


def test_a_calendar_from_the_site_file_says_when_a_zone_is_in_force(
    tmp_path: Path,
) -> None:
    schedule = build_schedule(_settings(tmp_path))
    kerb = Zone("kerb", "no_parking", ((0, 0), (1, 0), (1, 1)), calendar="daytime")

    told = {
        at: _window(schedule, kerb, at)
        for at in (
            "2026-11-02 07:00",  # a Monday
            "2026-11-02 20:00",
            "2026-11-07 09:30",  # a Saturday
            "2026-10-01 09:30",  # a Thursday off
            "2026-10-10 15:00",  # a Saturday that is worked
            "2026-12-31 15:00",
        )
    }

    assert told == {
        "2026-11-02 07:00": "weekdays 07:00–20:00",
        "2026-11-02 20:00": None,
        "2026-11-07 09:30": "Sat 09:00–12:00",
        "2026-10-01 09:30": None,
        "2026-10-10 15:00": "weekdays 07:00–20:00",
        "2026-12-31 15:00": None,
    }


def test_a_street_class_changes_the_grace_and_may_refuse_permits(
    tmp_path: Path,
) -> None:
    schedule = build_schedule(_settings(tmp_path))
    zone = Zone("z", "no_vending", ((0, 0), (1, 0), (1, 1)), street_class="forbidden")
    moment = datetime(2026, 11, 2, 3, tzinfo=ZoneInfo("Asia/Shanghai"))

    ruling = schedule.ruling(zone, moment)

    assert (ruling.window, ruling.dwell_factor, ruling.permits) == (
        "always",
        0.5,
        False,
    )


def test_a_zone_of_a_class_takes_the_classs_calendar(tmp_path: Path) -> None:
    schedule = build_schedule(_settings(tmp_path))
    zone = Zone("z", "no_vending", ((0, 0), (1, 0), (1, 1)), street_class="controlled")

    assert _window(schedule, zone, "2026-11-02 21:00") is None


def test_a_calendar_is_missed_in_each_of_the_zones_of_one_name(tmp_path: Path) -> None:
    right = SITE[SITE.index("  - id: gate") : SITE.index("rules:")]
    wrong = right.replace("calendar: daytime", "calendar: night")
    text = SITE.replace(right, wrong + right.replace("id: gate", "id: yard"))

    with pytest.raises(InvalidConfigError, match="zone kerb of camera gate"):
        _settings(tmp_path, text)


def test_times_may_be_written_as_people_do(tmp_path: Path) -> None:
    hours = 'since: "09:00", until: "12:00"'
    text = SITE.replace(hours, 'since: "9:00", until: "24:00"')
    schedule = build_schedule(_settings(tmp_path, text))
    zone = Zone("z", "no_parking", ((0, 0), (1, 0), (1, 1)), calendar="daytime")

    assert _window(schedule, zone, "2026-11-07 08:59") is None
    assert _window(schedule, zone, "2026-11-07 23:59") is not None
    assert _window(schedule, zone, "2026-11-08 00:30") is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("calendar: daytime\n        poly", "calendar: night\n        poly", "night"),
        ("controlled: {calendar: daytime}", "controlled: {calendar: dusk}", "dusk"),
        ('since: "09:00"', 'since: "25:00"', "calendars.daytime.windows.1.since"),
        (
            'until: "20:00"',
            "until: 20:00",
            "got 1200; expected a time of day in quotes",
        ),
        ('since: "09:00"', 'since: "09:00Z"', "no time zone"),
        ('since: "09:00"', 'since: "24:00"', "calendars.daytime.windows.1.since"),
        ("last: 2026-10-07", "last: 2026-09-07", "expected a last day from 2026-10-01"),
        ("workdays: [2026-10-10]", "workdays: [2026-10-03]", "2026-10-03: both in hol"),
        ("days: weekdays", "days: fridays", "calendars.daytime.windows.0.days"),
        ("Asia/Shanghai", "Asia/Nowhere", "expected a time zone by its IANA name"),
    ],
)
def test_a_mistake_in_a_calendar_is_named(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        _settings(tmp_path, SITE.replace(old, new))

    assert said in str(caught.value)
