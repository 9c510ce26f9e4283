"""Which evidence files an event has, and which it announced."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from serve.errors import (
    EvidenceConflict,
    EvidenceDeleted,
    UnknownEvent,
    UnknownEvidence,
)
from serve.manifests import is_known_seal
from serve.messages import EvidenceRef
from serve.store.database import Database
from serve.store.retention_tables import DeletionRow
from serve.store.tables import EventRow, EvidenceRow, UnrecordedRow
from vision.core.ports import Clock


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that wants to be an event's evidence.

    Attributes:
        event_id: whose.
        name: file name within the event's package.
        media_type: one of the accepted ones.
        sha256: hex digest of its bytes.
        role: what the sender says it shows; what the event announced goes first.
    """

    event_id: str
    name: str
    media_type: str
    sha256: str
    role: str | None = None


class EvidenceStore:
    """Records of evidence files."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database; `clock` stamps arrivals."""
        self._database = database
        self._clock = clock

    def expect(self, upload: Upload) -> tuple[str, bool]:
        """Check an upload against what the event announced, before any byte is read.

        Returns:
            The file's role, and whether it is there already.

        Raises:
            UnknownEvent: the event must be reported first.
            EvidenceConflict: this name was announced, or is taken, with other bytes.
        """
        with self._database.read() as session:
            role = _announced_role(session, upload)
            # What retention deleted is not taken in again.
            done = _same_or_none(session, upload) or _was_deleted(session, upload)
            return role, done

    def note(self, sha256: str) -> None:
        """Note bytes that are about to be put into the store, until their record."""

        def remember(session: Session) -> None:
            row = session.get(UnrecordedRow, sha256, with_for_update=True)
            if row is None:
                row = UnrecordedRow(sha256=sha256)
                session.add(row)
            row.put_at = self._clock.now()

        self._database.settle(remember)

    def add(
        self,
        upload: Upload,
        *,
        role: str,
        size_bytes: int,
        vouched: Sequence[EvidenceRef] = (),
    ) -> bool:
        """Record a file that lies in its place; return False if it was known.

        Args:
            upload: the file.
            role: what it shows.
            size_bytes: its length.
            vouched: for a manifest: the files it lists. Those that are here must be
                the same, and those that come later will have to be; earlier seals
                that are here may have another name.

        Raises:
            EvidenceConflict: another upload took the name meanwhile, or the manifest
                contradicts what is here.
        """

        def record(session: Session) -> bool:
            noted = UnrecordedRow.sha256 == upload.sha256
            session.execute(delete(UnrecordedRow).where(noted))
            if _same_or_none(session, upload):
                return False
            if vouched:
                _vouch(session, upload.event_id, vouched)
            session.add(
                EvidenceRow(
                    event_id=upload.event_id,
                    name=upload.name,
                    role=role,
                    media_type=upload.media_type,
                    sha256=upload.sha256,
                    size_bytes=size_bytes,
                    stored_at=self._clock.now(),
                )
            )
            return True

        return self._database.settle(record)

    def get(self, event_id: str, name: str) -> EvidenceRow:
        """Return one file's record.

        Raises:
            UnknownEvidence: no such file has arrived.
            EvidenceDeleted: it was deleted under a rule.
        """
        with self._database.read() as session:
            row = session.get(EvidenceRow, (event_id, name))
            line = None if row is not None else _deletion(session, event_id, name)
        if line is not None:
            msg = (
                f"evidence {name}: deleted {line.decided_at:%Y-%m-%d} under the rule "
                f'"{line.rule}"; its SHA-256 was {line.sha256}'
            )
            raise EvidenceDeleted(msg)
        if row is None:
            msg = f"evidence: got {name!r} of event {event_id!r}; no such file arrived"
            raise UnknownEvidence(msg)
        return row


def _vouch(session: Session, event_id: str, vouched: Sequence[EvidenceRef]) -> None:
    event = session.scalars(
        select(EventRow).where(EventRow.event_id == event_id).with_for_update()
    ).one()
    query = select(EvidenceRow).where(EvidenceRow.event_id == event_id)
    stored = {row.name: row.sha256 for row in session.scalars(query)}
    announced = json.loads(event.evidence)
    known = {item["name"]: item["sha256"] for item in announced} | stored
    here = set(stored.values())
    asked = [file for file in vouched if not is_known_seal(file, here)]
    for file in asked:
        if known.get(file.name, file.sha256) != file.sha256:
            msg = (
                f"manifest: {file.name} is listed with SHA-256 {file.sha256}; "
                f"announced or stored is {known[file.name]}"
            )
            raise EvidenceConflict(msg)
    names = {item["name"] for item in announced}
    new = [one.model_dump(mode="json") for one in asked if one.name not in names]
    event.evidence = json.dumps(announced + new)


def _announced_role(session: Session, upload: Upload) -> str:
    text = session.scalar(
        select(EventRow.evidence).where(EventRow.event_id == upload.event_id)
    )
    if text is None:
        msg = (
            f"event: got {upload.event_id!r}, which was not reported; expected the "
            "event before its evidence; send it first"
        )
        raise UnknownEvent(msg)
    same_name = [item for item in json.loads(text) if item["name"] == upload.name]
    for item in same_name:
        if item["sha256"] == upload.sha256:
            return str(item["role"])
    if same_name:
        msg = (
            f"evidence {upload.name}: the event announced other bytes, SHA-256 "
            f"{same_name[0]['sha256']}; the file changed at its source"
        )
        raise EvidenceConflict(msg)
    return upload.role or "attachment"


def _same_or_none(session: Session, upload: Upload) -> bool:
    row = session.get(EvidenceRow, (upload.event_id, upload.name))
    if row is None:
        return False
    if row.sha256 != upload.sha256:
        msg = f"evidence {upload.name}: other bytes are stored under this name already"
        raise EvidenceConflict(msg)
    return True


def _deletion(session: Session, event_id: str, name: str) -> DeletionRow | None:
    return session.scalars(
        select(DeletionRow)
        .where(DeletionRow.event_id == event_id, DeletionRow.name == name)
        .order_by(DeletionRow.number.desc())
    ).first()


def _was_deleted(session: Session, upload: Upload) -> bool:
    line = _deletion(session, upload.event_id, upload.name)
    return line is not None and line.sha256 == upload.sha256
