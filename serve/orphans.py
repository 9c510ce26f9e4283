"""Bytes that no record speaks of: what is left of uploads that were refused at last.

A file lies in the store before its record is written, so that a record never speaks of
bytes that are not there. When the record is refused (another file took the name, the
manifest contradicts), or the process ends in between, the bytes stay behind.

Every file is noted before it is put, and only what was noted here is ever removed. All
else in the store may be known to another database: to the one that was meant when this
one is new and empty, or to the one that this is an old copy of.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Select, select

from serve.files import key_of
from serve.storage import Storage
from serve.store.database import Database
from serve.store.tables import EvidenceRow, UnrecordedRow
from vision.core.ports import Clock

logger = logging.getLogger(__name__)

# Far longer than any file takes from its last byte to its record.
AGE = timedelta(days=1)
AT_ONCE = 100


class Orphans:
    """Removes such bytes, some at a time."""

    def __init__(self, database: Database, clock: Clock, storage: Storage) -> None:
        """Look for notes and records in `database`; the bytes are in `storage`."""
        self._database = database
        self._clock = clock
        self._storage = storage

    def run(self) -> int:
        """Deal with some of what was noted long ago; return with how many.

        Raises:
            OSError: the storage does not answer; the next run goes on from here.
        """
        before = self._clock.now() - AGE
        with self._database.read() as session:
            query = _noted(before).order_by(UnrecordedRow.put_at).limit(AT_ONCE)
            noted = [row.sha256 for row in session.scalars(query)]
        gone = sum(self._settle(sha256, before) for sha256 in noted)
        if gone:
            logger.info("%d evidence files without a record are gone", gone)
        return len(noted)

    def _settle(self, sha256: str, before: datetime) -> bool:
        key = key_of(sha256)
        # Asked first: nobody should wait for a store that is away with the note locked.
        self._storage.size(key)
        with self._database.write() as session:
            # An upload of the same bytes waits here until they are gone, or was first.
            query = _noted(before).where(UnrecordedRow.sha256 == sha256)
            note = session.scalars(query.with_for_update()).one_or_none()
            if note is None:
                return False
            session.delete(note)
            record = select(EvidenceRow.name).where(EvidenceRow.sha256 == sha256)
            known = session.scalar(record.limit(1)) is not None
            return not known and self._storage.delete(key)


def _noted(before: datetime) -> Select[UnrecordedRow]:
    return select(UnrecordedRow).where(UnrecordedRow.put_at < before)
