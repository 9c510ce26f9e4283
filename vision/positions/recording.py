"""A recorded drive: which lines of a file can be used, and how its time counts."""

import logging
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from vision.core.errors import ConfigError
from vision.positions.reading import Reading

MOST_POSITIONS = 500_000
"""Of one file: ten hours at 14 a second; more would be memory without use."""
MOST_BYTES = 256 * 1024 * 1024
"""Of one file; it is read at once."""

_log = logging.getLogger(__name__)


class TimeBase(StrEnum):
    """What the times of a recording count from."""

    START = "start"  # seconds from the start of the video, as `media_time_s`
    UTC = "utc"  # seconds since 1970, as `captured_at`


@dataclass(frozen=True, slots=True)
class Recording:
    """The positions of one file.

    Attributes:
        path: the file.
        base: what `Reading.at_s` counts from.
        readings: in order of time, at least one; no two at the same time.
        skipped: lines that were wrong.
    """

    path: Path
    base: TimeBase
    readings: tuple[Reading, ...]
    skipped: int = 0


@dataclass(slots=True)
class Lines:
    """Takes the lines of a file, good and bad, and judges the whole.

    Attributes:
        path: the file.
        wanted: what a good line looks like, for the person who has none.
        line: number of the line that is read now, from 1.
    """

    path: Path
    wanted: str
    line: int = 0
    _readings: list[Reading] = field(default_factory=list)
    _last_line: int = 0
    _void: int = 0
    _wrong: int = 0
    _first_wrong: str = ""

    def take(self, reading: Reading) -> None:
        """Keep a position, unless the receiver had none or time runs backwards.

        Raises:
            ConfigError: there are more than anybody needs.
        """
        if not reading.lat and not reading.lon:  # what loggers write without a fix
            self.void()
            return
        last = self._readings[-1] if self._readings else None
        if last is not None and reading.at_s < last.at_s:
            back_s = last.at_s - reading.at_s
            self.wrong(f"its time is {back_s:.3f} s before line {self._last_line}")
        elif last is None or reading.at_s > last.at_s:
            self._readings.append(reading)
            self._last_line = self.line
        if len(self._readings) > MOST_POSITIONS:
            msg = (
                f"{self.path}: more than {MOST_POSITIONS} positions; expected those of "
                "one drive, split the file or keep fewer a second"
            )
            raise ConfigError(msg)

    def void(self) -> None:
        """Count a line that says that there was no position."""
        self._void += 1

    def wrong(self, why: str) -> None:
        """Count a line that cannot be used."""
        self._wrong += 1
        if not self._first_wrong:
            self._first_wrong = f"line {self.line}: {why}"

    def recording(self, base: TimeBase) -> Recording:
        """Return what the file holds.

        Raises:
            ConfigError: nothing, or less good than bad lines.
        """
        good = len(self._readings)
        if not good and not self._wrong:
            void = f" in {self._void} lines without a fix" if self._void else ""
            msg = f"{self.path}: no position{void}; expected {self.wanted}"
            raise ConfigError(msg)
        if good < self._wrong:
            msg = (
                f"{self.path}: {self._wrong} lines cannot be used and {good} can; "
                f"{self._first_wrong}; expected {self.wanted}"
            )
            raise ConfigError(msg)
        if self._wrong:
            _log.warning(
                "%s: %d of %d lines cannot be used and are skipped; the first is %s",
                self.path,
                self._wrong,
                self._wrong + good + self._void,
                self._first_wrong,
            )
        return Recording(self.path, base, tuple(self._readings), self._wrong)


def read_bytes(path: Path, wanted: str) -> bytes:
    """Return what a file holds.

    Raises:
        ConfigError: missing, no file, empty, too large or not readable.
    """
    try:
        if not path.is_file():
            what = "is no file" if path.exists() else "no such file"
            msg = f"{path}: {what}; expected {wanted}, check the path"
            raise ConfigError(msg)
        size = path.stat().st_size
        if size > MOST_BYTES:
            msg = (
                f"{path}: is {size / 1e6:.0f} MB large, more than the "
                f"{MOST_BYTES / 1e6:.0f} MB of a long drive; split it"
            )
            raise ConfigError(msg)
        if size == 0:
            msg = f"{path}: is empty (0 bytes); expected {wanted}, copy it again"
            raise ConfigError(msg)
        return path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); check its permissions"
        raise ConfigError(msg) from error


def text_lines(content: bytes) -> Iterable[str]:
    """Return the lines of a text in UTF-8, or as Chinese spreadsheets write it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030", errors="replace")
    return text.splitlines()


def number(text: str) -> float | None:
    """Return a finite number, or None where a cell is empty.

    Raises:
        ValueError: it is none.
    """
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        msg = f"got {text.strip()!r}, expected a number"
        raise ValueError(msg)
    return value
