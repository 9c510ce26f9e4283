"""API keys: shown once, kept as a hash."""

import hashlib
import secrets
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update

from serve.people.roles import SCOPES_OF, Principal, Role, Scope
from serve.store.database import Database
from serve.store.people_tables import KeyRow, UserRow
from vision.core.ports import Clock

# A key has 256 random bits, so one fast hash is enough; a password would need more.
KEY_BYTES = 32
CACHE_S = 5.0
CACHE_SIZE = 1024


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
        user_id: str | None = None,
        districts: Iterable[str] = (),
    ) -> str:
        """Store a new key and return it: the only time it can be read.

        Args:
            name: whose it is.
            scopes: what it may do.
            secret: a key made elsewhere; the same one twice is stored once.
            lifetime: after which it no longer works; None for ever.
            user_id: the person whose own key it is; it has their role's scopes.
            districts: streets that a machine sees and acts on; empty means all.
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
                        districts="\n".join(sorted(districts)),
                        user_id=user_id,
                        created_at=now,
                        expires_at=None if lifetime is None else now + lifetime,
                        revoked_at=None,
                    )
                )
        return key

    def recall(self, key: str) -> Principal | None:
        """Return who owns a key that was checked just now, else None; never waits."""
        with self._lock:
            hit = self._cache.get(_digest(key))
        fresh = hit is not None and self._clock.monotonic_s() - hit[0] < CACHE_S
        return hit[1] if hit is not None and fresh else None

    def check(self, key: str) -> Principal | None:
        """Return who owns the key, or None for one unknown, expired or revoked."""
        remembered = self.recall(key)
        if remembered is not None:
            return remembered
        digest = _digest(key)
        now_s = self._clock.monotonic_s()
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
        self.forget()
        return bool(ended)

    def forget(self) -> None:
        """Check every key anew from now on, in this process."""
        with self._lock:
            self._cache.clear()

    def all(self) -> list[KeyRow]:
        """Return every key's record, oldest first."""
        with self._database.read() as session:
            return list(session.scalars(select(KeyRow).order_by(KeyRow.created_at)))

    def _look_up(self, digest: str, now: datetime) -> Principal | None:
        with self._database.read() as session:
            row = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest))
            owned = row is not None and row.user_id is not None
            owner = session.get(UserRow, row.user_id) if row and owned else None
        if row is None or row.revoked_at is not None:
            return None
        if row.expires_at is not None and row.expires_at <= now:
            return None
        if row.user_id is not None:
            return None if owner is None else person(owner)
        scopes = frozenset(Scope(scope) for scope in row.scopes.split())
        name = f"key:{row.key_id}/{row.name}"[:128]
        districts = frozenset(row.districts.splitlines())
        return Principal(name, scopes, districts=districts, key_id=row.key_id)


def person(user: UserRow, *, csrf: str | None = None) -> Principal | None:
    """Return a user as who is asking, or None for one who was disabled."""
    if user.disabled_at is not None:
        return None
    return Principal(
        f"user:{user.name}",
        SCOPES_OF[Role(user.role)],
        person=True,
        districts=frozenset(user.districts.splitlines()),
        csrf=csrf,
        login=user.name,
    )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
