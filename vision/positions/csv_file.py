"""Positions from a table: one line each, columns found by their names."""

import csv
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from vision.core.errors import ConfigError
from vision.positions.reading import HDOP_M, Reading, reading
from vision.positions.recording import (
    Lines,
    Recording,
    TimeBase,
    number,
    read_bytes,
    text_lines,
)
from vision.positions.times import compact_s, elapsed_s, iso_s, unix_s

_WANTED = (
    "columns for the time (t_sec from the start of the video, or utc), lat and lon in "
    "WGS-84 degrees, and perhaps heading, speed and accuracy"
)
# Without signs and capitals: `Speed (km/h)` is speed_km_h.
_ELAPSED: tuple[str, ...] = (
    "t_sec",
    "t_s",
    "t",
    "time_s",
    "time_sec",
    "seconds",
    "sec",
    "elapsed",
)
_ELAPSED += ("elapsed_s", "elapsed_sec", "elapsed_time", "media_time_s", "video_time_s")
_MOMENT: tuple[str, ...] = (
    "utc",
    "time_utc",
    "utc_time",
    "timestamp",
    "time",
    "datetime",
    "date_time",
)
_MOMENT += ("gps_utc", "gps_time", "unix", "unix_s", "unix_time", "epoch", "epoch_s")
_MOMENT += ("timestamp_s", "timestamp_ms", "timestamp_utc", "时间", "时间戳")
_LAT = ("lat", "latitude", "lat_deg", "latitude_deg", "gps_lat", "纬度")
_LON: tuple[str, ...] = (
    "lon",
    "lng",
    "long",
    "longitude",
    "lon_deg",
    "longitude_deg",
    "gps_lon",
)
_LON += ("gps_lng", "经度")
_HEADING = ("heading", "heading_deg", "yaw", "yaw_deg")
_COURSE: tuple[str, ...] = (
    "course",
    "course_deg",
    "bearing",
    "bearing_deg",
    "track",
    "track_deg",
)
_COURSE += ("cog", "cog_deg", "航向", "方向")
_SPEEDS = {
    **dict.fromkeys(("speed_mps", "speed_m_s", "speed2d_mps", "speed_ms"), 1.0),
    **dict.fromkeys(("speed_kmh", "speed_km_h", "speed_kph", "速度_km_h"), 1 / 3.6),
    **dict.fromkeys(("speed_knots", "speed_kn", "speed_kt", "sog"), 1852 / 3600),
    **dict.fromkeys(("speed_mph",), 0.44704),
    **dict.fromkeys(("speed", "gps_speed", "velocity", "spd"), 1.0),
}
_ACCURACIES = {
    **dict.fromkeys(("accuracy", "accuracy_m", "horizontal_accuracy"), 1.0),
    **dict.fromkeys(("hacc", "h_acc", "hacc_m", "accuracy_horizontal"), 1.0),
    "hdop": HDOP_M,
}
_FIX = ("gps_fix", "fix", "fix_type", "fix_quality", "gps_quality")
_NO_FIX = frozenset({"0", "none", "no", "no fix", "nofix", "v", "void", "false"})

_RESTART_S = 1.0  # back in time: another drive, and no line out of order

_TimeOf = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where in a line what stands; None where the table has no such column."""

    time: int
    lat: int
    lon: int
    elapsed: bool
    other_time: str | None
    date: int | None
    heading: int | None
    course: int | None
    speed: tuple[int, float] | None
    accuracy: tuple[int, float] | None
    fix: int | None


def read_csv(path: Path) -> Recording:
    """Return the positions of a table.

    The first line names the columns; commas, semicolons or tabs part them. Where there
    are seconds from the start of the video, they are the time; else a column such as
    `utc` or `timestamp`, of which the first line tells what it holds: an ISO time
    (without a zone it is UTC), seconds or milliseconds since 1970, or seconds from the
    start as well.

    Raises:
        ConfigError: missing, empty, without the columns, or with more bad lines than
            good ones; says where.
    """
    lines = Lines(path, _WANTED)
    columns: _Columns | None = None
    time_of: _TimeOf | None = None
    delimiter, last_s = ",", -math.inf
    for at, text in enumerate(text_lines(read_bytes(path, _WANTED)), 1):
        lines.line = at
        if not text.strip() or text.startswith("#"):
            continue
        if columns is None:
            delimiter = max(",;\t", key=text.count)
            columns = _columns(_cells(text, delimiter), path, at)
            continue
        try:
            cells = _cells(text, delimiter)
            if _no_fix(cells, columns):
                lines.void()
                continue
            moment = _moment(cells, columns)
            if time_of is None:
                time_of = elapsed_s if columns.elapsed else _way_to_tell(moment)
            found = _reading(cells, columns, time_of(moment))
            if found.at_s + _RESTART_S < last_s and columns.other_time is not None:
                _refuse_restart(path, at, columns.other_time)
            last_s = found.at_s
            lines.take(found)
        except (ValueError, IndexError, csv.Error) as error:
            lines.wrong(_fault(error))
    base = TimeBase.START if time_of in (None, elapsed_s) else TimeBase.UTC
    return lines.recording(base)


def _refuse_restart(path: Path, line: int, moment: str) -> NoReturn:
    msg = (
        f"{path} (line {line}): the seconds from the start begin anew, so it holds "
        f"several drives; take out the column of seconds, and {moment} tells the time"
    )
    raise ConfigError(msg)


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter), [])


def _fault(error: Exception) -> str:
    return "a cell is missing" if isinstance(error, IndexError) else str(error)


def _columns(header: Sequence[str], path: Path, line: int) -> _Columns:
    """Find the columns.

    Raises:
        ConfigError: no time or no place.
    """
    at = {_plain(name): i for i, name in reversed(list(enumerate(header)))}
    elapsed = _first(at, _ELAPSED)
    moment = _first(at, _MOMENT)
    time = moment if elapsed is None else elapsed
    lat, lon = _first(at, _LAT), _first(at, _LON)
    if time is None or lat is None or lon is None:
        names = ", ".join(name.strip() for name in header)[:200]
        msg = f"{path} (line {line}): got the columns {names}; expected {_WANTED}"
        raise ConfigError(msg)
    return _Columns(
        time=time,
        lat=lat,
        lon=lon,
        elapsed=elapsed is not None,
        other_time=header[moment].strip()
        if elapsed is not None and moment is not None
        else None,
        date=_first(at, ("date", "utc_date", "日期")),
        heading=_first(at, _HEADING),
        course=_first(at, _COURSE),
        speed=_scaled(at, _SPEEDS),
        accuracy=_scaled(at, _ACCURACIES),
        fix=_first(at, _FIX),
    )


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip().lower()).strip("_")


def _first(at: Mapping[str, int], names: Sequence[str]) -> int | None:
    return next((at[name] for name in names if name in at), None)


def _scaled(
    at: Mapping[str, int], factors: Mapping[str, float]
) -> tuple[int, float] | None:
    name = next((name for name in factors if name in at), None)
    return None if name is None else (at[name], factors[name])


def _no_fix(cells: Sequence[str], columns: _Columns) -> bool:
    """Return whether a line says that the receiver had no position."""
    if columns.fix is not None and cells[columns.fix].strip().lower() in _NO_FIX:
        return True
    return not cells[columns.lat].strip() and not cells[columns.lon].strip()


def _moment(cells: Sequence[str], columns: _Columns) -> str:
    """Return the time of a line as it stands there, with the date where it has one."""
    moment = cells[columns.time].strip()
    if columns.date is None or columns.elapsed or not moment[:6].count(":"):
        return moment
    return moment if "-" in moment[:8] else f"{cells[columns.date].strip()} {moment}"


def _way_to_tell(moment: str) -> _TimeOf:
    """Return how the times of a table are read, judged by its first one.

    Raises:
        ValueError: in no way that is known here.
    """
    for time_of in (unix_s, compact_s, elapsed_s, iso_s):
        try:
            time_of(moment)
        except ValueError:
            continue
        return time_of
    msg = f"got the time {moment!r}, expected ISO 8601 or a number of seconds"
    raise ValueError(msg)


def _reading(cells: Sequence[str], columns: _Columns, at_s: float) -> Reading:
    """Return the position of a line.

    Raises:
        ValueError: a cell holds no number, or no place on earth.
        IndexError: a cell is missing.
    """
    lat, lon = number(cells[columns.lat]), number(cells[columns.lon])
    if lat is None or lon is None:
        msg = "latitude or longitude is empty"
        raise ValueError(msg)
    course = None if columns.course is None else number(cells[columns.course])
    found = reading(
        at_s,
        lat,
        lon,
        speed_mps=_times(cells, columns.speed),
        course_deg=course,
        accuracy_m=_times(cells, columns.accuracy),
    )
    heading = None if columns.heading is None else number(cells[columns.heading])
    # A heading that is no course holds where the vehicle stands, too.
    return found if heading is None else found.facing(heading)


def _times(cells: Sequence[str], column: tuple[int, float] | None) -> float | None:
    if column is None:
        return None
    value = number(cells[column[0]])
    return None if value is None else value * column[1]
