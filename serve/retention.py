"""Deletes evidence that need not be kept any longer, and says so in a log."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from serve.files import EvidenceFiles
from serve.lived_time import LivedTime
from serve.store.case_tables import CaseRow
from serve.store.database import Database
from serve.store.delivery_tables import DeliveryRow
from serve.store.people_tables import SessionRow
from serve.store.retention_tables import DeletionRow, HoldRow
from serve.store.tables import EvidenceRow, HealthLogRow, MessageRow
from serve.yaml_files import load_yaml
from vision.core.ports import Clock

logger = logging.getLogger(__name__)

AT_ONCE = 100
ROWS_AT_ONCE = 1000
FILE = "retention.yaml"
Key = TypeVar("Key", int, str)
Days = Annotated[int, Field(ge=1, le=36500)]


class Klass(StrEnum):
    """Classes of evidence files that are kept for different times."""

    CLIP = "clip"
    ORIGINAL = "original"
    SHARED = "shared"


class RetentionRules(BaseModel):
    """How long things are kept, days; None keeps them for ever.

    Evidence is counted from the end of its case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    originals_days: Days | None = None
    clips_days: Days | None = None
    shared_days: Days | None = None
    deliveries_days: Days | None = 30
    health_days: Days | None = 400

    def days(self, klass: Klass) -> int | None:
        """Return how long files of a class are kept."""
        match klass:
            case Klass.CLIP:
                return self.clips_days
            case Klass.ORIGINAL:
                return self.originals_days
            case Klass.SHARED:
                return self.shared_days


@dataclass(frozen=True, slots=True)
class Due:
    """One file whose time is over."""

    event_id: str
    name: str
    role: str
    sha256: str
    size_bytes: int
    rule: str


def load_rules(folder: Path) -> RetentionRules:
    """Return the rules of a folder's `retention.yaml`; without it nothing is deleted.

    Raises:
        SettingsError: the file cannot be used.
    """
    path = folder / FILE
    return load_yaml(path, RetentionRules) if path.is_file() else RetentionRules()


class Retention:
    """Applies the rules, some files at a time."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        files: EvidenceFiles,
        rules: RetentionRules,
        *,
        memory: Path,
    ) -> None:
        """Use this database and these files.

        Args:
            database: of the service.
            clock: wall and monotonic time.
            files: where the bytes lie.
            rules: how long things are kept.
            memory: a file for how much time went by, whatever the clock says.
        """
        self._database = database
        self._clock = clock
        self._time = LivedTime(memory, clock, self._newest)
        self._files = files
        self._rules = rules

    def due(self, *, limit: int) -> list[Due]:
        """Return files that may go now: their case is over for long enough, no hold."""
        now = self._time.now()
        with self._database.read() as session:
            return [
                Due(row.event_id, row.name, row.role, row.sha256, row.size_bytes, rule)
                for row, rule in self._due(session, now, limit)
            ]

    def run(self) -> int:
        """Delete some of what is due; return how many files and rows went.

        A file's record becomes a line of the log, then its bytes are removed, then the
        line says so: a crash in between leaves a line that the next run finishes.

        Raises:
            OSError: the storage does not answer; the next run goes on from here.
        """
        now = self._time.now()
        self._time.keep()
        with self._database.write() as session:
            for row, rule in self._due(session, now, AT_ONCE, lock=True):
                session.add(_line(row, rule, self._clock.now()))
                session.delete(row)
            pruned = self._prune(session, now)
        return self._finish() + pruned

    def _newest(self) -> datetime | None:
        with self._database.read() as session:
            latest = select(MessageRow.received_at).order_by(MessageRow.number.desc())
            return session.scalar(latest.limit(1))

    def _finish(self) -> int:
        with self._database.read() as session:
            open_lines = session.scalars(
                select(DeletionRow)
                .where(DeletionRow.deleted_at.is_(None))
                .order_by(DeletionRow.number)
                .limit(AT_ONCE)
            ).all()
        for line in open_lines:
            self._remove_bytes(line.sha256)
            with self._database.write() as session:
                done = session.get(DeletionRow, line.number)
                if done is not None:
                    done.deleted_at = self._clock.now()
            what = f"{line.event_id}/{line.name}"
            logger.info("deleted %s (%s)", what, line.rule)
        return len(open_lines)

    def _due(
        self, session: Session, now: datetime, limit: int, *, lock: bool = False
    ) -> list[tuple[EvidenceRow, str]]:
        found: list[tuple[EvidenceRow, str]] = []
        for klass in Klass:
            days = self._rules.days(klass)
            if days is None or len(found) >= limit:
                continue
            query = _over(now - timedelta(days=days)).where(_of(klass))
            query = query.limit(limit - len(found))
            if lock:
                query = query.with_for_update(skip_locked=True, of=EvidenceRow)
            rule = f"{klass}: {days} days after the case"
            found += [(row, rule) for row in session.scalars(query)]
        return found

    def _remove_bytes(self, sha256: str) -> None:
        # Two events may share the same bytes: the last one takes them along.
        with self._database.read() as session:
            still = select(EvidenceRow.name).where(EvidenceRow.sha256 == sha256)
            if session.scalar(still.limit(1)) is not None:
                return
        self._files.delete(sha256)

    def _prune(self, session: Session, now: datetime) -> int:
        rules = self._rules
        # A login ends when the clock says so, right or wrong.
        over = SessionRow.expires_at < self._clock.now()
        pruned = _delete_some(session, SessionRow.sha256, over)
        if rules.deliveries_days is not None:
            end = now - timedelta(days=rules.deliveries_days)
            old = DeliveryRow.finished_at < end
            pruned += _delete_some(session, DeliveryRow.number, old)
        if rules.health_days is not None:
            end = now - timedelta(days=rules.health_days)
            pruned += _delete_some(session, HealthLogRow.number, HealthLogRow.at < end)
        return pruned


_CLIP = EvidenceRow.role.contains("clip")
_SHARED = or_(
    EvidenceRow.role.startswith("overlay"),
    EvidenceRow.role.startswith("timeline"),
    EvidenceRow.role.contains("redacted"),
)
# What proves that the rest was never changed; shows nobody, weighs nothing.
_PAPERS = EvidenceRow.role.in_(["manifest", "signature", "timestamp"])


def _of(klass: Klass) -> ColumnElement[bool]:
    match klass:
        case Klass.CLIP:
            return _CLIP
        case Klass.SHARED:
            return and_(~_CLIP, _SHARED)
        case Klass.ORIGINAL:
            return and_(~_CLIP, ~_SHARED, ~_PAPERS)


def _over(before: datetime) -> Select[EvidenceRow]:
    held = exists().where(
        HoldRow.event_id == EvidenceRow.event_id, HoldRow.released_at.is_(None)
    )
    # What was merged into a case proves that case, too, however often that was merged.
    step, into = aliased(CaseRow), aliased(CaseRow)
    merged = (
        select(step.number.label("number"), step.merged_into.label("into"))
        .where(step.merged_into.is_not(None))
        .cte("merged", recursive=True)
    )
    merged = merged.union(
        select(merged.c.number, step.merged_into).where(
            step.number == merged.c.into, step.merged_into.is_not(None)
        )
    )
    goes_on = exists().where(
        merged.c.number == CaseRow.number,
        into.number == merged.c.into,
        or_(into.closed_at.is_(None), into.closed_at >= before),
    )
    return (
        select(EvidenceRow)
        .join(CaseRow, CaseRow.event_id == EvidenceRow.event_id)
        .where(CaseRow.closed_at < before, ~held, ~goes_on)
        .order_by(CaseRow.closed_at, EvidenceRow.event_id, EvidenceRow.name)
    )


def _line(row: EvidenceRow, rule: str, now: datetime) -> DeletionRow:
    return DeletionRow(
        event_id=row.event_id,
        name=row.name,
        role=row.role,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        rule=rule,
        decided_at=now,
        deleted_at=None,
    )


def _delete_some(
    session: Session, key: InstrumentedAttribute[Key], old: ColumnElement[bool]
) -> int:
    some = select(key).where(old).limit(ROWS_AT_ONCE)
    gone = session.execute(delete(key.class_).where(key.in_(some)).returning(key))
    return len(gone.all())
