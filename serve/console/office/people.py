"""People of the service, and one's own account."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from serve.access import Services_
from serve.console.office.door import (
    OfficeForm,
    Officer,
    Trouble,
    Word,
    Words,
    attempt,
    enter,
)
from serve.console.render import back_to
from serve.people.roles import CITY_WIDE, Role, Scope
from serve.routes import people as api

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


class Deed(StrEnum):
    """What a form asks for."""

    ADD = "add"
    ASSIGN = "assign"
    PASSWORD = "password"  # noqa: S105 a button's name
    END = "end"


class PersonForm(OfficeForm):
    """One of the forms of the page of people."""

    do: Deed
    name: Word = ""
    password: Annotated[str, Field(max_length=1024)] = ""
    role: Role = Role.VIEWER
    districts: Words = Field(default_factory=list)


class PasswordForm(OfficeForm):
    """Another password for oneself."""

    old: Annotated[str, Field(max_length=1024)] = ""
    password: Annotated[str, Field(max_length=1024)] = ""


@router.get("/office/people")
def people(request: Request, services: Services_) -> Response:
    """Show everybody who may log in."""
    officer = enter(request, services, Scope.ADMIN)
    return officer if isinstance(officer, Response) else _people(officer)


@router.post("/office/people")
def change_people(
    request: Request, services: Services_, form: Annotated[PersonForm, Form()]
) -> Response:
    """Add somebody, change what they may, give a password, or end their access."""
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer
    _, trouble = attempt(lambda: _DEEDS[form.do](officer, form))
    return back_to("/office/people") if trouble is None else _people(officer, trouble)


@router.get("/office/me")
def account(request: Request, services: Services_) -> Response:
    """Show who one is here."""
    officer = enter(request, services, Scope.READ)
    return officer if isinstance(officer, Response) else _account(officer)


@router.post("/office/me")
def change_account(
    request: Request, services: Services_, form: Annotated[PasswordForm, Form()]
) -> Response:
    """Change one's own password; all sessions end, this one too."""
    officer = enter(request, services, Scope.READ, form=form)
    if isinstance(officer, Response):
        return officer

    def change() -> None:
        new = api.OwnPassword.model_validate(
            {"old": form.old, "password": form.password}
        )
        api.change_password(new, services, officer.who)

    _, trouble = attempt(change)
    return back_to("/login") if trouble is None else _account(officer, trouble)


def _add(officer: Officer, form: PersonForm) -> None:
    new = api.NewUser.model_validate(
        {
            "name": form.name.strip(),
            "password": form.password,
            "role": form.role,
            "districts": _streets(form),
        }
    )
    api.add_user(new, officer.services, officer.who)


def _assign(officer: Officer, form: PersonForm) -> None:
    wanted = api.Assignment(role=form.role, districts=_streets(form))
    api.assign_role(form.name, wanted, officer.services, officer.who)


def _give_password(officer: Officer, form: PersonForm) -> None:
    new = api.NewPassword.model_validate({"password": form.password})
    api.reset_password(form.name, new, officer.services, officer.who)


def _end(officer: Officer, form: PersonForm) -> None:
    api.disable_user(form.name, officer.services, officer.who)


_DEEDS: dict[Deed, Callable[[Officer, PersonForm], None]] = {
    Deed.ADD: _add,
    Deed.ASSIGN: _assign,
    Deed.PASSWORD: _give_password,
    Deed.END: _end,
}


def _streets(form: PersonForm) -> list[str]:
    # A list of streets that was not emptied says nothing of a role for the whole city.
    return [] if form.role in CITY_WIDE else [one for one in form.districts if one]


def _people(officer: Officer, trouble: Trouble | None = None) -> Response:
    found = api.list_users(officer.services, officer.who)
    values = {
        "people": sorted(found, key=lambda one: (one.disabled, one.name)),
        "roles": list(Role),
        "streets": officer.services.grid.streets(),
    }
    return officer.show("people.html", values, trouble=trouble)


def _account(officer: Officer, trouble: Trouble | None = None) -> Response:
    mine = [
        one
        for one in officer.services.users.all()
        if officer.who.login is not None and one.name == officer.who.login
    ]
    values = {
        "me": officer.who,
        "my_role": mine[0].role if mine else None,
    }
    return officer.show("account.html", values, trouble=trouble)
