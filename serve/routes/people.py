"""People and the audit log."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field, SecretStr, StringConstraints

from serve.access import Admin, Asker, Auditor, Reader, Services_
from serve.errors import Forbidden, InvalidContent, Unauthenticated
from serve.messages import EXACT, Plain, Street
from serve.people.audit import Deed, Search
from serve.people.passwords import LONGEST, SHORTEST
from serve.people.roles import CITY_WIDE, Role, Scope
from serve.store.people_tables import UserRow

router = APIRouter(tags=["people"])

UserName = Annotated[
    str, StringConstraints(pattern=r"^[\w.@-]{1,64}$", min_length=1, max_length=64)
]
Password = Annotated[SecretStr, Field(min_length=SHORTEST, max_length=LONGEST)]


class NewUser(BaseModel):
    """A person to be."""

    model_config = EXACT

    name: UserName
    password: Password
    role: Role
    districts: Annotated[list[Street], Field(max_length=200)] = []


class FirstAdmin(BaseModel):
    """The first administrator."""

    name: UserName
    password: Password


class NewPassword(BaseModel):
    """Another password for somebody."""

    password: Password


class OwnPassword(NewPassword):
    """Another password for oneself."""

    old: Annotated[SecretStr, Field(max_length=LONGEST)]


class Assignment(BaseModel):
    """What somebody is from now on."""

    model_config = EXACT

    role: Role
    districts: Annotated[
        list[Street] | None,
        Field(
            max_length=200,
            description="Left out, they stay as they are; an empty list: whole city",
        ),
    ] = None


class UserOut(BaseModel):
    """A person."""

    name: str
    role: Role
    districts: list[str]
    created_at: datetime
    disabled: bool


class Me(BaseModel):
    """Who you are to the service."""

    name: str
    person: bool
    scopes: list[str]
    districts: list[str]
    csrf: Annotated[str | None, Field(description="For X-CSRF-Token, in browsers")]


class AuditLine(BaseModel):
    """What somebody did."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    request_id: str


class AuditPage(BaseModel):
    """Some lines, newest first."""

    items: list[AuditLine]
    next: str | None


@router.get("/api/v1/me", summary="Who am I")
def get_me(who: Asker) -> Me:
    """Return what the service knows of the caller."""
    if who is None:
        msg = "expected a bearer key or a login; got neither"
        raise Unauthenticated(msg)
    return Me(
        name=who.name,
        person=who.person,
        scopes=sorted(who.scopes),
        districts=sorted(who.districts),
        csrf=who.csrf,
    )


@router.post("/api/v1/setup", status_code=201, summary="Make the first administrator")
def make_first_admin(first: FirstAdmin, services: Services_, who: Asker) -> UserOut:
    """Turn the one-time admin token of the first start into an administrator."""
    if who is None or not who.may(Scope.SETUP):
        msg = "expected the one-time admin token that the first start printed"
        raise Unauthenticated(msg)
    row = services.users.create(
        first.name, first.password.get_secret_value(), Role.ADMIN
    )
    if who.key_id is not None:
        services.keys.revoke(who.key_id)
    services.audit.note(Deed(who, "user.created", row.name))
    return _user_out(row)


@router.post("/api/v1/users", status_code=201, summary="Add a person")
def add_user(new: NewUser, services: Services_, who: Admin) -> UserOut:
    """Add a person with a role and, if given, only some streets."""
    check_districts(new.role, new.districts)
    row = services.users.create(
        new.name, new.password.get_secret_value(), new.role, new.districts
    )
    services.audit.note(Deed(who, "user.created", f"{row.name} as {row.role}"))
    return _user_out(row)


@router.get("/api/v1/users", summary="People")
def list_users(services: Services_, _: Admin) -> list[UserOut]:
    """Return everybody, also those disabled."""
    return [_user_out(row) for row in services.users.all()]


@router.delete("/api/v1/users/{name}", status_code=204, summary="End a person's access")
def disable_user(name: UserName, services: Services_, who: Admin) -> Response:
    """End sessions and own keys of a person; their history stays."""
    services.users.disable(name)
    services.keys.forget()
    services.audit.note(Deed(who, "user.disabled", name))
    return Response(status_code=204)


@router.put("/api/v1/users/{name}/role", summary="Give another role or streets")
def assign_role(
    name: UserName, wanted: Assignment, services: Services_, who: Admin
) -> UserOut:
    """Change what somebody may do and see; it counts at once, history stays."""
    check_districts(wanted.role, wanted.districts or ())
    row = services.users.assign(name, wanted.role, wanted.districts)
    services.keys.forget()
    told = f"{row.name} as {row.role} {' '.join(row.districts.splitlines())}".strip()
    services.audit.note(Deed(who, "user.assigned", told[:256]))
    return _user_out(row)


@router.post(
    "/api/v1/users/{name}/password", status_code=204, summary="Give a new password"
)
def reset_password(
    name: UserName, new: NewPassword, services: Services_, who: Admin
) -> Response:
    """Give somebody another password, for one who forgot it; their sessions end."""
    services.users.set_password(name, new.password.get_secret_value())
    services.audit.note(Deed(who, "user.password_reset", name))
    return Response(status_code=204)


@router.post("/api/v1/me/password", status_code=204, summary="Change your password")
def change_password(new: OwnPassword, services: Services_, who: Reader) -> Response:
    """Change your own password, knowing the old one; your sessions end."""
    if who.login is None:
        msg = "only people have passwords; this is a machine's key"
        raise Forbidden(msg)
    # Guessing the old one is slowed down as at the login.
    if services.users.log_in(who.login, new.old.get_secret_value()) is None:
        msg = "old: this is not your password, or there were too many attempts"
        raise Forbidden(msg)
    services.users.set_password(who.login, new.password.get_secret_value())
    services.audit.note(Deed(who, "user.password_changed", who.login))
    return Response(status_code=204)


def audit_search(
    actor: Annotated[Plain | None, Query(description="E.g. `user:li`")] = None,
    action: Annotated[
        Plain | None, Query(description="Its beginning, e.g. `original.` or `case.`")
    ] = None,
    subject: Annotated[
        Plain | None, Query(description="Its beginning, e.g. an event's id")
    ] = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Search:
    """Return which lines of the audit log a query asks for."""
    return Search(actor=actor, action=action, subject=subject, before=before)


@router.get("/api/v1/audit", summary="What was done by whom")
def list_audit(
    request: Request,
    services: Services_,
    _: Auditor,
    wanted: Annotated[Search, Depends(audit_search)],
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    """Return lines of the audit log, newest first."""
    rows = services.audit.page(wanted, limit=limit)
    following = None
    if len(rows) == limit:
        url = request.url.include_query_params(before=rows[-1].number)
        following = f"{url.path}?{url.query}"
    items = [
        AuditLine(
            number=row.number,
            at=row.at,
            actor=row.actor,
            action=row.action,
            subject=row.subject,
            reason=row.reason,
            request_id=row.request_id,
        )
        for row in rows
    ]
    return AuditPage(items=items, next=following)


def check_districts(role: Role, districts: Iterable[str]) -> None:
    """Refuse districts for those whose work is the whole service.

    Raises:
        InvalidContent: an administrator or auditor was to be limited to some.
    """
    if role in CITY_WIDE and list(districts):
        msg = f"districts: the role {role} is for the whole city; expected none"
        raise InvalidContent(msg)


def _user_out(row: UserRow) -> UserOut:
    return UserOut(
        name=row.name,
        role=Role(row.role),
        districts=row.districts.splitlines(),
        created_at=row.created_at,
        disabled=row.disabled_at is not None,
    )
