"""Positions from gpsd's reports: https://gpsd.io/gpsd_json.html."""

import json
import math
from collections.abc import Mapping

from vision.positions.heard import Heard
from vision.positions.reading import Reading, reading
from vision.positions.times import iso_s

WATCH = b'?WATCH={"enable":true,"json":true};\n'
"""Asks gpsd to tell what its receivers say, from now on."""

_FIXED = 2  # mode: 0 unknown, 1 no fix, 2 without height, 3 with
_SD = 1.96  # gpsd's error estimates are 95 % ones


def decode_gpsd(line: bytes) -> Reading | Heard:
    """Return the position of a report, or what else it is.

    Raises:
        ValueError: it is no report, or makes no sense.
    """
    try:
        report = json.loads(line)
    except RecursionError as error:
        msg = "a report that is nested too deeply"
        raise ValueError(msg) from error
    if not isinstance(report, dict) or "class" not in report:
        msg = "no gpsd report"
        raise ValueError(msg)
    if report["class"] != "TPV":
        return Heard.OTHER
    mode, lat, lon = (_number(report, name) for name in ("mode", "lat", "lon"))
    if mode is None or mode < _FIXED or lat is None or lon is None:
        return Heard.NO_FIX
    return reading(
        iso_s(str(report.get("time"))),
        lat,
        lon,
        speed_mps=_number(report, "speed"),
        course_deg=_number(report, "track"),
        accuracy_m=_accuracy_m(report),
    )


def _accuracy_m(report: Mapping[str, object]) -> float | None:
    errors = [_number(report, name) for name in ("epx", "epy")]
    told = [error for error in errors if error is not None]
    return max(told) / _SD if told else None


def _number(report: Mapping[str, object], name: str) -> float | None:
    value = report.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None
