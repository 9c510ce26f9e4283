"""Positions from NMEA 0183 sentences, as nearly every receiver speaks them."""

import re
from datetime import UTC, datetime, time
from pathlib import Path

from pynmeagps import (
    NMEAMessageError,
    NMEAParseError,
    NMEAReader,
    NMEAStreamError,
    NMEATypeError,
)

from vision.positions.heard import Heard
from vision.positions.reading import HDOP_M, Reading, reading
from vision.positions.recording import Lines, Recording, TimeBase, read_bytes

_WANTED = (
    "NMEA 0183 sentences with checksums, among them RMC, which tells time and date"
)
_KNOT_MPS = 1852 / 3600
_NEAR_S = 5.0  # what another sentence says of the accuracy holds that long
_DAY_S = 86_400.0
_SENTENCE = re.compile(rb"\$[A-Z][A-Z0-9]{3,9},[ -~]*")
_ERRORS = (NMEAMessageError, NMEAParseError, NMEAStreamError, NMEATypeError)


class NmeaDecoder:
    """Puts sentences together to positions: call it with one line after another.

    RMC makes a position: it tells place, time, date, speed and course. GGA before it
    tells the dilution of precision, and GST, where there is one, the accuracy itself.
    The other sentences (VTG, GLL, …) repeat what RMC says.
    """

    def __init__(self) -> None:
        self._accuracy: tuple[float, float] | None = None  # time of day, metres
        self._hdop: tuple[float, float] | None = None
        self._void_at: time | None = None

    def __call__(self, line: bytes) -> Reading | Heard:
        """Return the position of a line, or what else it is.

        Raises:
            ValueError: it is no sentence, or its checksum or its content is wrong.
        """
        sentence = _parsed(line)
        kind = getattr(sentence, "msgID", "")
        if kind == "RMC":
            return self._position(sentence)
        if kind == "GGA":
            return self._quality(sentence)
        if kind == "GST":
            self._deviation(sentence)
        return Heard.OTHER

    def _position(self, rmc: object) -> Reading | Heard:
        """Return the position of an RMC.

        Raises:
            ValueError: it is valid by its own word and yet tells no place or time.
        """
        at, day = _time(rmc), getattr(rmc, "date", None)
        valid = getattr(rmc, "status", "") == "A"
        if not valid or getattr(rmc, "posMode", "") == "N":
            return Heard.NO_FIX
        if at is not None and at == self._void_at:
            return Heard.NO_FIX
        lat, lon = _number(rmc, "lat"), _number(rmc, "lon")
        if lat is None or lon is None or at is None or not day:
            msg = "an RMC without place, time or date"
            raise ValueError(msg)
        knots = _number(rmc, "spd")
        return reading(
            datetime.combine(day, at, UTC).timestamp(),
            lat,
            lon,
            speed_mps=None if knots is None else knots * _KNOT_MPS,
            course_deg=_number(rmc, "cog"),
            accuracy_m=_near(self._accuracy, at) or _near(self._hdop, at),
        )

    def _quality(self, gga: object) -> Heard:
        at, hdop = _time(gga), _number(gga, "HDOP")
        if at is None:
            return Heard.OTHER
        valid = bool(_number(gga, "quality"))
        self._void_at = None if valid else at
        if hdop is not None:
            self._hdop = _second_of_day(at), hdop * HDOP_M
        return Heard.OTHER if valid else Heard.NO_FIX

    def _deviation(self, gst: object) -> None:
        at = _time(gst)
        north, east = _number(gst, "stdLat"), _number(gst, "stdLong")
        if at is not None and north is not None and east is not None:
            self._accuracy = _second_of_day(at), max(north, east)


def read_nmea(path: Path) -> Recording:
    """Return the positions of a log; its times are UTC.

    Raises:
        ConfigError: missing, empty, without an RMC that is valid, or with more broken
            sentences than positions; says where.
    """
    lines = Lines(path, _WANTED)
    decode = NmeaDecoder()
    for at, line in enumerate(read_bytes(path, _WANTED).splitlines(), 1):
        lines.line = at
        begin = line.find(b"$")  # loggers write their own time before it
        if begin < 0:
            continue
        try:
            heard = decode(line[begin:])
        except ValueError as error:
            lines.wrong(str(error))
            continue
        if isinstance(heard, Reading):
            lines.take(heard)
        elif heard is Heard.NO_FIX:
            lines.void()
    return lines.recording(TimeBase.UTC)


def _parsed(line: bytes) -> object:
    """Return a sentence that tells of the position, or None for another one.

    Raises:
        ValueError: it is no sentence, or its checksum or its content is wrong.
    """
    line = line.strip()
    if not _SENTENCE.fullmatch(line):
        msg = "no NMEA sentence"
        raise ValueError(msg)
    if line.partition(b",")[0][-3:] not in {b"RMC", b"GGA", b"GST"}:
        return None
    try:
        sentence: object = NMEAReader.parse(line)
    except _ERRORS as error:
        raise ValueError(str(error)) from error
    if sentence is None:
        msg = "a sentence without a checksum"
        raise ValueError(msg)
    return sentence


def _time(sentence: object) -> time | None:
    at = getattr(sentence, "time", None)
    return at if isinstance(at, time) else None


def _number(sentence: object, name: str) -> float | None:
    value = getattr(sentence, name, None)
    return float(value) if isinstance(value, int | float) else None


def _second_of_day(at: time) -> float:
    return at.hour * 3600.0 + at.minute * 60.0 + at.second + at.microsecond / 1e6


def _near(told: tuple[float, float] | None, at: time) -> float | None:
    """Return a value that was told at about that time of day."""
    if told is None:
        return None
    apart_s = abs(_second_of_day(at) - told[0])
    return told[1] if min(apart_s, _DAY_S - apart_s) <= _NEAR_S else None
