"""Positions from a GPX track (1.0 and 1.1): https://www.topografix.com/GPX/1/1/."""

from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat  # nosec: no entity is ever expanded, see _no_doctype

from vision.core.errors import ConfigError
from vision.positions.reading import HDOP_M, reading
from vision.positions.recording import Lines, Recording, TimeBase, number, read_bytes
from vision.positions.times import iso_s

_WANTED = 'a GPX track: <trkpt lat="…" lon="…"> with <time>'
_TOLD = frozenset({"time", "speed", "course", "hdop"})


def read_gpx(path: Path) -> Recording:
    """Return the positions of a track; its times are UTC.

    Speed and course are read where GPX 1.0 or the extensions of Garmin and others have
    them. A file that breaks off, as one of a dashcam without power does, is used as
    far as it goes.

    Raises:
        ConfigError: missing, no GPX, without a time, or with more bad points than good
            ones; says where.
    """
    content = read_bytes(path, _WANTED)
    lines = Lines(path, _WANTED)
    points = _Points(path, lines)
    try:
        points.parser.Parse(content)
        points.parser.Parse(b"", *_FINAL)
    except expat.ExpatError as error:
        lines.line = error.lineno
        lines.wrong(f"the XML breaks off: {expat.ErrorString(error.code)}")
    return lines.recording(TimeBase.UTC)


_FINAL = (True,)  # the C function takes no keywords


@dataclass(slots=True)
class _Points:
    """Collects the points of a track while the XML is read."""

    path: Path
    lines: Lines
    parser: expat.XMLParserType = field(default_factory=expat.ParserCreate)
    _place: dict[str, str] | None = None
    _told: dict[str, str] = field(default_factory=dict)
    _inside: str = ""

    def __post_init__(self) -> None:
        """Have the parser tell what it reads."""
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._no_doctype

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "trkpt":
            self._place, self._told = attributes, {}
        self._inside = name if self._place is not None else ""

    def _text(self, text: str) -> None:
        if self._inside in _TOLD:
            self._told[self._inside] = self._told.get(self._inside, "") + text

    def _end(self, tag: str) -> None:
        self._inside = ""
        if tag.rpartition(":")[2] != "trkpt" or self._place is None:
            return
        self.lines.line = self.parser.CurrentLineNumber
        try:
            self._take(self._place)
        except ValueError as error:
            self.lines.wrong(str(error))
        self._place = None

    def _take(self, place: dict[str, str]) -> None:
        """Take one point.

        Raises:
            ValueError: it has no time, or what it tells makes no sense.
        """
        told = self._told
        if "time" not in told:
            msg = "the point has no <time>"
            raise ValueError(msg)
        lat, lon = (number(place.get(name, "")) for name in ("lat", "lon"))
        if lat is None or lon is None:
            msg = "the point has no lat or no lon"
            raise ValueError(msg)
        hdop = number(told.get("hdop", ""))
        self.lines.take(
            reading(
                iso_s(told["time"]),
                lat,
                lon,
                speed_mps=number(told.get("speed", "")),
                course_deg=number(told.get("course", "")),
                accuracy_m=None if hdop is None else hdop * HDOP_M,
            )
        )

    def _no_doctype(self, *_: object) -> None:
        # Entities are how small XML files grow to gigabytes; GPX needs none.
        msg = f"{self.path}: a DOCTYPE; expected plain XML without entities"
        raise ConfigError(msg)
