"""People: who they are, how they log in, how guessing is slowed down."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from serve.errors import Conflict, NotFound
from serve.people.keys import person
from serve.people.oidc import Identity
from serve.people.passwords import has_password, hash_password, matches
from serve.people.roles import CITY_WIDE, Principal, Role
from serve.store.database import Database
from serve.store.people_tables import SessionRow, UserRow
from vision.core.ports import Clock

SESSION = timedelta(hours=12)
FREE_FAILURES = 5
LONGEST_LOCK = timedelta(hours=1)
# Hashing happens for unknown names too, so that time does not tell who exists.
_NOBODY = hash_password(secrets.token_urlsafe())


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A new browser session; the token goes into a cookie and is not kept here."""

    token: str
    principal: Principal


class UserStore:
    """Creates people and checks their passwords."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Use this database and clock."""
        self._database = database
        self._clock = clock

    def create(
        self, name: str, password: str, role: Role, districts: Iterable[str] = ()
    ) -> UserRow:
        """Store a new person.

        Raises:
            Conflict: the name is taken.
        """
        hashed = hash_password(password)

        def work(session: Session) -> UserRow:
            if session.scalar(select(UserRow).where(UserRow.name == name)):
                msg = f"user: the name {name!r} is taken; choose another"
                raise Conflict(msg)
            row = UserRow(
                user_id=secrets.token_hex(8),
                name=name,
                role=role.value,
                districts="\n".join(sorted(districts)),
                password=hashed,
                failures=0,
                locked_until=None,
                created_at=self._clock.now(),
                disabled_at=None,
            )
            session.add(row)
            return row

        return self._database.settle(work)

    def all(self) -> list[UserRow]:
        """Return everybody, oldest first."""
        with self._database.read() as session:
            return list(session.scalars(select(UserRow).order_by(UserRow.created_at)))

    def disable(self, name: str) -> None:
        """End a person's access: their sessions and their own keys stop too.

        Raises:
            NotFound: there is nobody of that name.
            Conflict: nobody could administer the service after that.
        """
        with self._database.write() as session:
            row = _by_name(session, name)
            _leave_an_admin(session, row)
            row.disabled_at = self._clock.now()
            session.execute(delete(SessionRow).where(SessionRow.user_id == row.user_id))

    def assign(
        self, name: str, role: Role, districts: Iterable[str] | None = None
    ) -> UserRow:
        """Give somebody another role and other streets, at once.

        Args:
            name: whose.
            role: what they are from now on.
            districts: the only streets they see, none for the whole city; None leaves
                them as they are, where the role is not for the whole city by itself.

        Raises:
            NotFound: there is nobody of that name.
            Conflict: they log in elsewhere, which tells their role each time, or nobody
                could administer the service after that.
        """
        with self._database.write() as session:
            row = _by_name(session, name)
            if not has_password(row.password):
                msg = f"user: {name!r} logs in with the city's account, which says it"
                raise Conflict(msg)
            if role is not Role.ADMIN:
                _leave_an_admin(session, row)
            row.role = role.value
            if role in CITY_WIDE:
                row.districts = ""
            elif districts is not None:
                row.districts = "\n".join(sorted(districts))
            return row

    def set_password(self, name: str, password: str) -> None:
        """Give somebody another password; all their sessions end.

        Raises:
            NotFound: there is nobody of that name.
            Conflict: they log in elsewhere and have no password here.
        """
        hashed = hash_password(password)
        with self._database.write() as session:
            row = _by_name(session, name)
            if not has_password(row.password):
                msg = f"user: {name!r} logs in with the city's account; change it there"
                raise Conflict(msg)
            row.password = hashed
            row.failures = 0
            row.locked_until = None
            session.execute(delete(SessionRow).where(SessionRow.user_id == row.user_id))

    def id_of(self, name: str) -> str:
        """Return a person's id.

        Raises:
            NotFound: there is nobody of that name.
        """
        with self._database.read() as session:
            return _by_name(session, name).user_id

    def log_in(self, name: str, password: str) -> LoggedIn | None:
        """Return a session for the right password, else None.

        After `FREE_FAILURES` wrong passwords each further one doubles the time in
        which none is tried, so guessing does not get far and the owner gets back in.
        """
        now = self._clock.now()
        with self._database.read() as session:
            row = session.scalar(select(UserRow).where(UserRow.name == name))
        right = matches(password, _NOBODY if row is None else row.password)
        if row is None:
            return None
        if row.locked_until is not None and row.locked_until > now:
            return None
        if not right:
            self._note_failure(row.user_id, now)
            return None
        return self._open_session(row, now)

    def log_in_from_elsewhere(self, identity: Identity) -> LoggedIn | None:
        """Return a session for somebody whom the identity provider vouches for.

        At the first time they are added; role and districts are taken anew each time.

        Returns:
            The session, or None for somebody who was disabled here.

        Raises:
            Conflict: somebody else has that name here.
        """
        now = self._clock.now()

        def work(session: Session) -> UserRow:
            query = select(UserRow).where(UserRow.password == identity.mark)
            row = session.scalar(query.with_for_update())
            if row is None:
                if session.scalar(select(UserRow).where(UserRow.name == identity.name)):
                    msg = (
                        f"user: the name {identity.name!r} is taken by another account"
                    )
                    raise Conflict(msg)
                row = UserRow(
                    user_id=secrets.token_hex(8),
                    name=identity.name,
                    password=identity.mark,
                    failures=0,
                    created_at=now,
                )
                session.add(row)
            row.role = identity.role.value
            row.districts = "\n".join(sorted(identity.districts))
            return row

        return self._open_session(self._database.settle(work), now)

    def session(self, token: str) -> Principal | None:
        """Return who is logged in with this cookie, or None."""
        with self._database.read() as session:
            found = session.get(SessionRow, _digest(token))
            if found is None or found.expires_at <= self._clock.now():
                return None
            user = session.get(UserRow, found.user_id)
            return None if user is None else person(user, csrf=found.csrf)

    def log_out(self, token: str) -> None:
        """End a session; unknown ones end silently."""
        with self._database.write() as session:
            session.execute(
                delete(SessionRow).where(SessionRow.sha256 == _digest(token))
            )

    def _note_failure(self, user_id: str, now: datetime) -> None:
        with self._database.write() as session:
            row = session.get(UserRow, user_id, with_for_update=True)
            if row is None:
                return
            row.failures += 1
            beyond = row.failures - FREE_FAILURES
            if beyond >= 0:
                lock = timedelta(seconds=30) * 2 ** min(beyond, 7)
                row.locked_until = now + min(lock, LONGEST_LOCK)

    def _open_session(self, row: UserRow, now: datetime) -> LoggedIn | None:
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        principal = person(row, csrf=csrf)
        if principal is None:
            return None
        with self._database.write() as session:
            session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
            session.execute(
                update(UserRow)
                .where(UserRow.user_id == row.user_id)
                .values(failures=0, locked_until=None)
            )
            session.add(
                SessionRow(
                    sha256=_digest(token),
                    user_id=row.user_id,
                    csrf=csrf,
                    created_at=now,
                    expires_at=now + SESSION,
                )
            )
        return LoggedIn(token, principal)


def _by_name(session: Session, name: str) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    if row is None:
        msg = f"user: there is nobody called {name!r}"
        raise NotFound(msg)
    return row


def _leave_an_admin(session: Session, leaving: UserRow) -> None:
    if leaving.role != Role.ADMIN or leaving.disabled_at is not None:
        return
    # Locked, so that two who leave at once do not count on each other.
    admins = session.scalars(
        select(UserRow.user_id)
        .where(UserRow.role == Role.ADMIN, UserRow.disabled_at.is_(None))
        .with_for_update()
    )
    if set(admins) == {leaving.user_id}:
        msg = f"user: {leaving.name!r} is the last administrator; make another first"
        raise Conflict(msg)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
