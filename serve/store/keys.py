"""API keys: shown once, kept as a hash."""

import hashlib
import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, update

from serve.store.database import Database
from serve.store.tables import KeyRow
from vision.core.ports import Clock

# A key has 256 random bits, so one fast hash is enough; a password would need more.
KEY_BYTES = 32
CACHE_S = 5.0
CACHE_SIZE = 1024


class Scope(StrEnum):
    """What a key may do."""

    INGEST = "ingest"
    READ = "read"
    ORIGINALS = "originals"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    Attributes:
        name: for the audit log and history, e.g. `key:3f9a…/ingest`.
        scopes: what they may do.
    """

    name: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Return whether the scope is granted; an admin may do everything."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class KeyStore:
    """Creates, checks and revokes keys.

    A good key is remembered for `CACHE_S` seconds, so a revocation in another process
    works after that time at the latest.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database and clock."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[float, Principal]] = {}

    def is_empty(self) -> bool:
        """Return whether no key was ever made: the first start."""
        with self._database.read() as session:
            return session.scalar(select(func.count()).select_from(KeyRow)) == 0

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        *,
        secret: str | None = None,
        lifetime: timedelta | None = None,
    ) -> str:
        """Store a new key and return it: the only time it can be read.

        Args:
            name: whose it is.
            scopes: what it may do.
            secret: a key made elsewhere; the same one twice is stored once.
            lifetime: after which it no longer works; None for ever.
        """
        key = secret or f"sw_{secrets.token_urlsafe(KEY_BYTES)}"
        now = self._clock.now()
        with self._database.write() as session:
            digest = _digest(key)
            known = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest))
            if known is None:
                session.add(
                    KeyRow(
                        key_id=secrets.token_hex(8),
                        name=name,
                        sha256=digest,
                        scopes=" ".join(sorted(scopes)),
                        created_at=now,
                        expires_at=None if lifetime is None else now + lifetime,
                        revoked_at=None,
                    )
                )
        return key

    def check(self, key: str) -> Principal | None:
        """Return who owns the key, or None for one unknown, expired or revoked."""
        digest = _digest(key)
        now_s = self._clock.monotonic_s()
        with self._lock:
            hit = self._cache.get(digest)
        if hit is not None and now_s - hit[0] < CACHE_S:
            return hit[1]
        principal = self._look_up(digest, self._clock.now())
        with self._lock:
            self._cache.pop(digest, None)
            if principal is not None:
                if len(self._cache) >= CACHE_SIZE:
                    self._cache.clear()
                self._cache[digest] = (now_s, principal)
        return principal

    def revoke(self, key_id: str) -> bool:
        """End a key; return whether there was one to end."""
        with self._database.write() as session:
            ended = session.execute(
                update(KeyRow)
                .where(KeyRow.key_id == key_id, KeyRow.revoked_at.is_(None))
                .values(revoked_at=self._clock.now())
                .returning(KeyRow.key_id)
            ).all()
        with self._lock:
            self._cache.clear()
        return bool(ended)

    def all(self) -> list[KeyRow]:
        """Return every key's record, oldest first."""
        with self._database.read() as session:
            return list(session.scalars(select(KeyRow).order_by(KeyRow.created_at)))

    def _look_up(self, digest: str, now: datetime) -> Principal | None:
        with self._database.read() as session:
            row = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest))
        if row is None or row.revoked_at is not None:
            return None
        if row.expires_at is not None and row.expires_at <= now:
            return None
        scopes = frozenset(Scope(scope) for scope in row.scopes.split())
        return Principal(f"key:{row.key_id}/{row.name}", scopes)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
