"""Keys of machines and of people: made here, shown once."""

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
from serve.people.roles import Scope
from serve.routes import keys as api

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LIFETIMES_DAYS = (30, 90, 365, 1095)


class Deed(StrEnum):
    """What a form asks for."""

    MAKE = "make"
    REVOKE = "revoke"


class KeyForm(OfficeForm):
    """One of the forms of the page of keys; empty fields were left empty."""

    do: Deed
    key_id: Word = ""
    name: Word = ""
    user: Word = ""
    scopes: Words = Field(default_factory=list)
    districts: Words = Field(default_factory=list)
    # FastAPI takes an empty field for one that is missing: for ever, as the API has it.
    days: Annotated[int | None, Field(ge=1, le=3650)] = None


@router.get("/office/keys")
def keys(request: Request, services: Services_) -> Response:
    """Show every key's record."""
    officer = enter(request, services, Scope.ADMIN)
    return officer if isinstance(officer, Response) else _keys(officer)


@router.post("/office/keys")
def change_keys(
    request: Request, services: Services_, form: Annotated[KeyForm, Form()]
) -> Response:
    """Make a key and show it, or revoke one."""
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer
    if form.do is Deed.REVOKE:
        _, trouble = attempt(lambda: api.revoke_key(form.key_id, services, officer.who))
        return back_to("/office/keys") if trouble is None else _keys(officer, trouble)
    made, trouble = attempt(lambda: _make(officer, form))
    return _keys(officer, trouble, None if made is None else made.key)


def _make(officer: Officer, form: KeyForm) -> api.KeyMade:
    new = api.NewKey.model_validate(
        {
            "name": form.name.strip(),
            # A person's key has what the person has.
            "scopes": [] if form.user else form.scopes,
            "user": form.user or None,
            "districts": [] if form.user else [one for one in form.districts if one],
            "days": form.days,
        }
    )
    return api.make_key(new, officer.services, officer.who)


def _keys(
    officer: Officer, trouble: Trouble | None = None, secret: str | None = None
) -> Response:
    services = officer.services
    now = services.clock.now()
    found = api.list_keys(services, officer.who)
    ended = {
        one.key_id
        for one in found
        if one.revoked_at is not None
        or (one.expires_at is not None and one.expires_at <= now)
    }
    values = {
        "keys": sorted(found, key=lambda one: (one.key_id in ended, one.name)),
        "ended": ended,
        "scopes": sorted(api.MACHINE_SCOPES),
        "owners": [one.name for one in services.users.all() if not one.disabled_at],
        "streets": services.grid.streets(),
        "lifetimes": LIFETIMES_DAYS,
    }
    return officer.show("keys.html", values, trouble=trouble, secret=secret)
