"""A time for deleting by: it does not run ahead of what really went by."""

import json
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vision.core.ports import Clock

log = logging.getLogger(__name__)

_SLACK = timedelta(minutes=10)  # a clock that is set right by less is no news
_MOST_AWAY = timedelta(days=3)  # more between two runs is believed of no clock
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class _Memory:
    """What survives a restart: the clock at the latest look, and what was believed."""

    wall: datetime
    believed: datetime


class LivedTime:
    """Follows the wall clock as far as the monotonic one agrees.

    A clock that jumps ahead makes nothing old: what is believed goes on at the pace of
    the monotonic clock, and catches up at no more than twice that pace. Between two
    runs only the wall clock tells; three days are believed of it at once. A clock that
    is behind is followed: files are kept longer then, none goes too early.
    """

    def __init__(
        self, path: Path, clock: Clock, newest: Callable[[], datetime | None]
    ) -> None:
        """Name the file; nothing is read yet.

        Args:
            path: what was believed last, over restarts.
            clock: wall and monotonic time.
            newest: the last time that anything bears; bounds the very first look.
        """
        self._path = path
        self._clock = clock
        self._newest = newest
        self._memory: _Memory | None = None
        self._monotonic_s = 0.0
        self._doubted = False
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return what is believed; never later than the wall clock says."""
        with self._lock:
            wall, monotonic_s = self._clock.now(), self._clock.monotonic_s()
            if self._memory is None:
                believed = self._begin(wall)
            else:
                passed = timedelta(seconds=monotonic_s - self._monotonic_s)
                believed = min(self._memory.believed + 2 * passed, wall)
            self._memory = _Memory(wall, believed)
            self._monotonic_s = monotonic_s
            self._judge(wall - believed)
            return believed

    def keep(self) -> None:
        """Remember over a restart what is believed now.

        Raises:
            OSError: the file cannot be written.
        """
        with self._lock:
            if self._memory is None:
                return
            text = json.dumps(
                {
                    "wall": self._memory.wall.isoformat(),
                    "believed": self._memory.believed.isoformat(),
                }
            )
            part = self._path.with_name(f"{self._path.name}.{os.getpid()}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(self._path)

    def _begin(self, wall: datetime) -> datetime:
        known = self._stored()
        if known is None:
            newest = self._newest()
            return wall if newest is None else min(wall, newest + _MOST_AWAY)
        passed = min(max(wall - known.wall, _NONE), _MOST_AWAY)
        return min(known.believed + 2 * passed, wall)

    def _stored(self) -> _Memory | None:
        try:
            raw = json.loads(self._path.read_text(encoding="utf-8"))
            return _Memory(
                datetime.fromisoformat(raw["wall"]),
                datetime.fromisoformat(raw["believed"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s: begun anew: cannot be read (%r)", self._path, error)
            return None

    def _judge(self, lead: timedelta) -> None:
        """Say once that the clock is not believed, and once that it is again."""
        doubt = lead > _SLACK
        if doubt and not self._doubted:
            log.error(
                "this machine's clock is %s ahead of the time that went by; evidence "
                "is kept longer, none goes too early: check the clock (NTP)",
                lead,
            )
        elif self._doubted and not doubt:
            log.info("this machine's clock is believed again")
        self._doubted = doubt
