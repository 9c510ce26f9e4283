"""Times as files write them."""

import math
import re
from datetime import UTC, datetime

_2000_S = datetime(2000, 1, 1, tzinfo=UTC).timestamp()
_2100_S = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_LONGEST_VIDEO_S = 100 * 86_400.0
_LONE_DIGIT = re.compile(r"(?<![\d.])\d(?!\d)")
_COMPACT = 12  # digits of yymmddhhmmss


def iso_s(text: str) -> float:
    """Return the seconds since 1970 of an ISO 8601 time; without a zone it is UTC.

    `2026/3/1 8:05:00`, as spreadsheets write it, is read as well.

    Raises:
        ValueError: it is no time, or of another century.
    """
    padded = _LONE_DIGIT.sub(r"0\g<0>", text.strip().replace("/", "-"))
    moment = datetime.fromisoformat(padded)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    seconds = moment.timestamp()
    if not _2000_S <= seconds < _2100_S:
        msg = f"got the time {text.strip()!r}, expected one of this century"
        raise ValueError(msg)
    return seconds


def unix_s(text: str) -> float:
    """Return the seconds since 1970 of seconds or milliseconds since then.

    Raises:
        ValueError: it is no number, or of another century.
    """
    number = float(text)
    for seconds in (number, number / 1000):
        if _2000_S <= seconds < _2100_S:
            return seconds
    msg = f"got the time {text.strip()!r}, expected seconds since 1970"
    raise ValueError(msg)


def compact_s(text: str) -> float:
    """Return the seconds since 1970 of `yymmddhhmmss.sss`, as action cameras write it.

    Raises:
        ValueError: it is no such time.
    """
    whole, _, rest = text.strip().partition(".")
    if len(whole) != _COMPACT:
        msg = f"got the time {text.strip()!r}, expected yymmddhhmmss"
        raise ValueError(msg)
    moment = datetime.strptime(whole, "%y%m%d%H%M%S").replace(tzinfo=UTC)
    return moment.timestamp() + float(f"0.{rest or 0}")


def elapsed_s(text: str) -> float:
    """Return seconds from the start of a video.

    Raises:
        ValueError: it is no number, or none of a video.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not abs(seconds) <= _LONGEST_VIDEO_S:
        msg = f"got the time {text.strip()!r}, expected seconds from the start"
        raise ValueError(msg)
    return seconds
