"""Bytes that no record speaks of: what is left of uploads that were refused at last.

A file lies in the store before its record is written, so that a record never speaks of
bytes that are not there. When the record is refused (another file took the name, the
manifest contradicts), or the process ends in between, the bytes stay behind.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice

from sqlalchemy import select

from serve.storage import Storage
from serve.store.database import Database
from serve.store.tables import EvidenceRow
from vision.core.ports import Clock

logger = logging.getLogger(__name__)

# Far longer than any upload takes from its last byte to its record.
AGE = timedelta(days=1)
SHELVES = 256
SHELVES_AT_ONCE = 8
KEYS_AT_ONCE = 500


class Orphans:
    """Removes such bytes, some shelves of the store at a time."""

    def __init__(self, database: Database, clock: Clock, storage: Storage) -> None:
        """Look for records in `database` and for bytes in `storage`."""
        self._database = database
        self._clock = clock
        self._storage = storage
        self._next = 0

    def run(self) -> int:
        """Look at the next shelves; after some thirty runs all were looked at.

        Returns:
            0 always: how many went is no sign that there are more here.

        Raises:
            OSError: the storage does not answer; the next run begins at that shelf.
        """
        for _ in range(SHELVES_AT_ONCE):
            keys = self._storage.keys(f"{self._next:02x}")
            gone = sum(self._remove(key) for key in self._unknown(keys))
            if gone:
                logger.info("%d evidence files without a record are gone", gone)
            self._next = (self._next + 1) % SHELVES
        return 0

    def _unknown(self, keys: Iterable[str]) -> Iterator[str]:
        coming = iter(keys)
        while some := list(islice(coming, KEYS_AT_ONCE)):
            by_hash = {key.rpartition("/")[2]: key for key in some}
            query = select(EvidenceRow.sha256).where(EvidenceRow.sha256.in_(by_hash))
            with self._database.read() as session:
                known = set(session.scalars(query))
            yield from (key for sha256, key in by_hash.items() if sha256 not in known)

    def _remove(self, key: str) -> bool:
        # Asked last: the same bytes may have been put there again just now.
        stored_at = self._storage.stored_at(key)
        if stored_at is None or stored_at > self._clock.now() - AGE:
            return False
        return self._storage.delete(key)
