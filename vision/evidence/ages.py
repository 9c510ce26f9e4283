"""How long packages were kept, in time that went by; a wrong clock makes none old."""

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from vision.core.errors import EvidenceError
from vision.core.health import HealthEvent, HealthKind
from vision.core.ports import Clock, HealthListener
from vision.evidence.disk import write_atomically
from vision.evidence.ledger import SEALED, Ledger
from vision.evidence.manifest import Manifest

log = logging.getLogger(__name__)

NAME = ".ages.json"
_S = timedelta(seconds=1)
_SLACK_S = 600.0  # a clock that is set right by less is no news
_MOST_AWAY_S = 3 * 86_400.0  # more between two runs is believed of no clock


@dataclass(slots=True)
class _Memory:
    """What survives a restart.

    Attributes:
        wall: the clock at the latest sweep.
        lived_s: time that went by since the first one, seconds.
        born: event to (revision, `lived_s` at which that revision was sealed).
    """

    wall: datetime
    lived_s: float = 0.0
    born: dict[str, tuple[int, float]] = field(default_factory=dict)


class Ages:
    """Ages packages by the monotonic clock while running.

    Between two runs only the wall clock tells, and it is believed for three days at
    most: after a longer pause files are kept longer by the rest. A package that is new
    since the latest sweep cannot be older than that sweep, whatever date it bears; at
    the very first sweep the order of the ledger bounds it. So a clock that jumped, or
    was wrong, costs room but no file its time; it is said as a health event.
    """

    def __init__(
        self, root: Path, *, clock: Clock, on_health: HealthListener | None = None
    ) -> None:
        """Name the store's folder; nothing is read yet."""
        self._root = root
        self._clock = clock
        self._on_health = on_health
        self._memory: _Memory | None = None
        self._monotonic_s: float | None = None
        self._doubted = False

    def of(self, packages: Iterable[Manifest]) -> dict[str, timedelta]:
        """Let time pass since the call before, and return the age of each package.

        Args:
            packages: all of the store; others are forgotten.
        """
        memory = self._memory or self._stored()
        if memory is None:
            memory = self._first(packages)
        else:
            self._go_on(memory, packages)
        self._memory = memory
        self._monotonic_s = self._clock.monotonic_s()
        self._keep(memory)
        return {
            event: timedelta(seconds=memory.lived_s - born_s)
            for event, (_, born_s) in memory.born.items()
        }

    def _go_on(self, memory: _Memory, packages: Iterable[Manifest]) -> None:
        now = self._clock.now()
        claimed_s = (now - memory.wall) / _S
        if self._monotonic_s is None:
            passed_s = min(max(claimed_s, 0.0), _MOST_AWAY_S)
        else:
            passed_s = self._clock.monotonic_s() - self._monotonic_s
        self._judge(now, claimed_s, passed_s)
        memory.wall = now
        memory.lived_s += passed_s
        born: dict[str, tuple[int, float]] = {}
        for sealed in packages:
            known = memory.born.get(sealed.event_id)
            if known is None or known[0] != sealed.revision:
                age_s = min(max((now - _dated(sealed)) / _S, 0.0), passed_s)
                known = sealed.revision, memory.lived_s - age_s
            born[sealed.event_id] = known
        memory.born = born

    def _first(self, packages: Iterable[Manifest]) -> _Memory:
        """Begin: the ledger's order says what was sealed after what."""
        now = self._clock.now()
        last, sealed_at = self._in_order()
        claimed_s = 0.0 if last is None else (now - last) / _S
        passed_s = min(max(claimed_s, 0.0), _MOST_AWAY_S)
        self._judge(now, claimed_s, passed_s)
        until = now if last is None else last + timedelta(seconds=passed_s)
        born = {}
        for sealed in packages:
            at = max(sealed_at.get(sealed.event_id, until), _dated(sealed))
            born[sealed.event_id] = sealed.revision, min((at - until) / _S, 0.0)
        return _Memory(now, born=born)

    def _in_order(self) -> tuple[datetime | None, dict[str, datetime]]:
        """Return the ledger's last time, and before what time no package was sealed."""
        newest: datetime | None = None
        last: datetime | None = None
        sealed_at: dict[str, datetime] = {}
        try:
            for _, line in Ledger(self._root).lines():
                last = datetime.fromisoformat(line.at)
                newest = last if newest is None else max(newest, last)
                if line.kind == SEALED:
                    sealed_at[line.event_id] = newest
        except (EvidenceError, ValueError) as error:
            log.warning("retention counts every package as new: %s", error)
            return last, {}
        return last, sealed_at

    def _judge(self, now: datetime, claimed_s: float, passed_s: float) -> None:
        """Say once that the clock is not believed, and once that it runs again."""
        doubt = abs(claimed_s - passed_s) > _SLACK_S
        if doubt:
            detail = (
                f"this machine's clock moved by {claimed_s / 86_400:+.2f} days since "
                f"the latest look at the evidence, {passed_s / 86_400:.2f} are "
                "believed; files are kept longer, none goes too early: check the "
                "clock (NTP)"
            )
            log.error("%s", detail)
            self._tell(
                HealthEvent(HealthKind.TIME_JUMP, ok=False, at=now, detail=detail)
            )
        elif self._doubted:
            detail = "this machine's clock runs evenly again"
            self._tell(
                HealthEvent(HealthKind.TIME_JUMP, ok=True, at=now, detail=detail)
            )
        self._doubted = doubt

    def _tell(self, event: HealthEvent) -> None:
        if self._on_health is not None:
            self._on_health(event)

    def _stored(self) -> _Memory | None:
        path = self._root / NAME
        if not path.exists():
            return None
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            return _Memory(
                wall=datetime.fromisoformat(raw["wall"]),
                lived_s=float(raw["lived_s"]),
                born={
                    str(event): (int(revision), float(born_s))
                    for event, (revision, born_s) in raw["born"].items()
                },
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s: ages are begun anew: cannot be read (%r)", path, error)
            return None

    def _keep(self, memory: _Memory) -> None:
        raw = {
            "wall": memory.wall.isoformat(),
            "lived_s": memory.lived_s,
            "born": memory.born,
        }
        try:
            write_atomically(self._root / NAME, json.dumps(raw).encode())
        except OSError as error:
            # A full disk must not keep retention from making room.
            log.warning("%s: cannot be written: %s", self._root / NAME, error)


def _dated(sealed: Manifest) -> datetime:
    """Return the date that the package itself bears."""
    return datetime.fromisoformat(str(sealed.chain[-1]["at"]))
