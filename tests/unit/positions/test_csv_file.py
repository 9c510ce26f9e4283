import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.core.errors import ConfigError
from vision.positions.csv_file import read_csv
from vision.positions.recording import Recording, TimeBase

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


def table(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "drive.csv"
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def read(folder: Path, *lines: str) -> Recording:
    return read_csv(table(folder, *lines))


@pytest.mark.parametrize(
    ("header", "line"),
    [
        ("t_sec,lat,lon,heading,speed,accuracy", "2.5,30.5,114.25,359,10,1.5"),
        (
            "Time_S; Latitude; Longitude; Heading; Speed (km/h); hAcc",
            "2.5;30.5;114.25;359;36;1.5",
        ),
        (
            "lng\tlat\tseconds\tcourse\tspeed_kmh\thdop",
            "114.25\t30.5\t2.5\t719\t36\t0.375",
        ),
        ("经度,纬度,t_s,航向,速度(km/h),accuracy_m", "114.25,30.5,2.5,359,36,1.5"),
        (
            '"elapsed","lat","lon","bearing","sog","accuracy"',
            '"2.5","30.5","114.25","359","19.4384","1.5"',
        ),
    ],
)
def test_columns_are_found_by_their_usual_names(
    tmp_path: Path, header: str, line: str
) -> None:
    found = read(tmp_path, header, line)

    assert found.base is TimeBase.START
    (one,) = found.readings
    assert (one.at_s, one.lat, one.lon) == (2.5, 30.5, 114.25)
    assert one.heading_deg == 359
    assert one.speed_mps == pytest.approx(10, rel=1e-5)
    assert one.accuracy_m == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("utc", "2026-03-01T12:00:00Z"),
        ("time", "2026-03-01 12:00:00"),
        ("Timestamp", "2026-03-01T20:00:00+08:00"),
        ("时间", "2026/03/01 12:00:00.000"),
        ("time", "2026-3-1T20:0:0.0+08:00"),
        ("unix_s", f"{NOON}"),
        ("timestamp", f"{NOON * 1000:.0f}"),
        ("gps_utc", "260301120000.000"),
    ],
)
def test_a_moment_is_told_in_many_ways(tmp_path: Path, name: str, cell: str) -> None:
    found = read(tmp_path, f"{name},lat,lon", f"{cell},30.5,114.25")

    assert found.base is TimeBase.UTC
    assert found.readings[0].at_s == NOON


def test_a_table_of_a_chinese_spreadsheet_is_read(tmp_path: Path) -> None:
    lines = ("时间,纬度,经度", "2026/3/1 12:00:00,30.5,114.25")
    found = read_csv(table(tmp_path, *lines, encoding="gb18030"))

    assert found.readings[0].at_s == NOON


def test_a_date_may_stand_in_a_column_of_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, "date,time,lat,lon", "2026-03-01,12:00:00,30.5,114.25")

    assert found.readings[0].at_s == NOON


def test_a_number_named_time_counts_from_the_start(tmp_path: Path) -> None:
    found = read(tmp_path, "time,lat,lon", "0.0,30.5,114.25", "1.0,30.5,114.26")

    assert found.base is TimeBase.START


def test_seconds_from_the_start_win_over_the_moment(tmp_path: Path) -> None:
    found = read(tmp_path, "utc,t_sec,lat,lon", "2026-03-01T12:00:00Z,7,30.5,114.25")

    assert found.base is TimeBase.START
    assert found.readings[0].at_s == 7


def test_seconds_that_begin_anew_are_refused(tmp_path: Path) -> None:
    """Of drives that were joined only the first one was taken, in silence."""
    lines = [
        f"2026-03-01T12:{m:02}:{s:02}Z,{s},30.5,114.25"
        for m in (0, 20)
        for s in range(5)
    ]

    with pytest.raises(ConfigError, match=r"line 7.*begin anew.*utc tells the time"):
        read(tmp_path, "utc,t_sec,lat,lon", *lines)


def test_a_course_counts_only_while_the_vehicle_moves(tmp_path: Path) -> None:
    by_course = read(tmp_path, "t,lat,lon,course,speed", "1,30.5,114.25,10,0.1")
    by_heading = read(tmp_path, "t,lat,lon,heading,speed", "1,30.5,114.25,10,0.1")

    assert by_course.readings[0].heading_deg is None
    assert by_heading.readings[0].heading_deg == 10


def test_empty_cells_tell_nothing_and_lines_without_a_fix_are_no_positions(
    tmp_path: Path,
) -> None:
    found = read(
        tmp_path,
        "# logger 3.1",
        "t_sec,lat,lon,heading,speed,fix",
        "0,0,0,,,1",
        "1,,,,,1",
        "2,30.5,114.25,,,0",
        "",
        "3,30.5,114.25,,,3",
    )

    (one,) = found.readings
    assert (one.at_s, one.heading_deg, one.speed_mps) == (3, None, None)
    assert found.skipped == 0


def test_single_bad_lines_are_skipped_and_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [f"{i},30.5,{114 + i / 1000}" for i in range(10)]
    lines[3:3] = ["x,30.5,114.25", "2.5,200,114.25", "1.5,30.5,114.25", "2.6"]
    with caplog.at_level(logging.WARNING):
        found = read(tmp_path, "t_sec,lat,lon", *lines)

    assert len(found.readings) == 10
    assert found.skipped == 4
    (record,) = caplog.records
    assert "line 5" in record.getMessage()
    assert "4 of 14" in record.getMessage()


def test_of_two_lines_at_the_same_time_one_counts(tmp_path: Path) -> None:
    found = read(tmp_path, "t,lat,lon", "1,30,114", "1,31,114", "2,30,114")

    assert [one.lat for one in found.readings] == [30, 30]
    assert found.skipped == 0


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["a,b,c", "1,2,3"], r"line 1.*columns a, b, c.*lat"),
        (["t_sec,lat,lon"], "no position; expected"),
        (["t_sec,lat,lon", "1,0,0"], "1 lines without a fix"),
        (["t_sec,lat,lon", "1,200,3"], "line 2: got latitude 200, expected"),
        (["t_sec,lat,lon", "x,30,114"], "line 2: got the time 'x', expected seconds"),
        (["time,lat,lon", "noon,30,114"], "line 2: got the time 'noon'"),
        (
            ["t,lat,lon", "99,30,114", "1,30,114", "2,30,114"],
            "line 3.*98.000 s before line 2",
        ),
        (["t,lat,lon", "1,30,"], "line 2: latitude or longitude is empty"),
        (["t,lat,lon", "inf,30,114"], "line 2"),
        (["utc,lat,lon", "1926-03-01,30,114"], "line 2: got the time '1926-03-01'"),
        (["\x00\x01\x02"], "columns"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_where(
    tmp_path: Path, lines: list[str], told: str
) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        read(tmp_path, *lines)
    assert "drive.csv" in str(error.value)


def test_a_missing_an_empty_and_no_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()

    with pytest.raises(ConfigError, match=r"gone\.csv: no such file"):
        read_csv(tmp_path / "gone.csv")
    with pytest.raises(ConfigError, match="is empty"):
        read_csv(tmp_path / "empty.csv")
    with pytest.raises(ConfigError, match="is no file"):
        read_csv(tmp_path)
    with pytest.raises(ConfigError, match="is no file"):
        read_csv(Path("/dev/zero"))


def test_a_file_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path, "t,lat,lon", *(f"{i},30,114" for i in range(20)))
    monkeypatch.setattr("vision.positions.recording.MOST_POSITIONS", 10)
    with pytest.raises(ConfigError, match=r"more than 10 positions.*split"):
        read_csv(path)
    monkeypatch.setattr("vision.positions.recording.MOST_BYTES", 20)
    with pytest.raises(ConfigError, match="is 0 MB large, more than"):
        read_csv(path)


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "drive.csv"
    path.write_bytes(b"\xef\xbb\xbft_sec,lat,lon\r\n1,30,114\r\n2,30,114\r\n")

    assert len(read_csv(path).readings) == 2


@given(st.binary(max_size=300))
def test_whatever_stands_there_is_read_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "drive.csv"
    path.write_bytes(b"t,lat,lon\n1,30,114\n" + content)
    try:
        found = read_csv(path)
    except ConfigError:
        return
    times_s = [one.at_s for one in found.readings]
    assert times_s == sorted(set(times_s))
