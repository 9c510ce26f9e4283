"""Scopes, roles and who is asking."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key or role may do."""

    INGEST = "ingest"
    READ = "read"
    ORIGINALS = "originals"
    REVIEW = "review"
    DISPATCH = "dispatch"
    HANDLE = "handle"
    SUPERVISE = "supervise"
    AUDIT = "audit"
    ADMIN = "admin"
    SETUP = "setup"


class Role(StrEnum):
    """What a person is."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    AUDITOR = "auditor"


_WORK = frozenset({Scope.READ, Scope.ORIGINALS, Scope.REVIEW})
SCOPES_OF: dict[Role, frozenset[Scope]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.REVIEWER: _WORK,
    Role.DISPATCHER: frozenset({Scope.READ, Scope.DISPATCH, Scope.HANDLE}),
    Role.SUPERVISOR: _WORK | {Scope.DISPATCH, Scope.HANDLE, Scope.SUPERVISE},
    Role.ADMIN: frozenset(Scope) - {Scope.INGEST, Scope.SETUP},
    Role.AUDITOR: frozenset({Scope.READ, Scope.AUDIT}),
}
# Those who work on cases see the plates of a parking case that a person registered.
CASE_WORK = frozenset({Scope.REVIEW, Scope.DISPATCH, Scope.HANDLE, Scope.SUPERVISE})
# People, keys, subscriptions and the audit log know no streets.
CITY_WIDE = frozenset({Role.ADMIN, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking.

    Attributes:
        name: for the audit log and history: `user:li` or `key:3f9a…/desk`.
        scopes: what they may do.
        person: a human being and not a machine: only people decide.
        districts: streets they may see and act on; empty means all.
        csrf: what a form from their browser session must carry; None for keys.
        login: the user's name when it is a person.
        key_id: of the key that was shown, if it was one.
    """

    name: str
    scopes: frozenset[Scope]
    person: bool = False
    districts: frozenset[str] = frozenset()
    csrf: str | None = None
    login: str | None = None
    key_id: str | None = None

    def may(self, scope: Scope) -> bool:
        """Return whether the scope is granted."""
        return scope in self.scopes

    @property
    def works_on_cases(self) -> bool:
        """Whether they review, dispatch, handle or supervise."""
        return bool(self.scopes & CASE_WORK)

    def sees(self, street: str | None) -> bool:
        """Return whether a case on this street is within their districts."""
        return not self.districts or street in self.districts


ANYONE_HERE = Principal("open-reads", frozenset({Scope.READ, Scope.ORIGINALS}))
ENGINE = Principal("engine", frozenset())
TIME = Principal("clock", frozenset())
