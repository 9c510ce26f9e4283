"""Webhooks: who is told, what is on its way, what did not arrive."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Query, Request, Response
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
from serve.console.render import back_to, url_with
from serve.outward.backlog import waiting
from serve.people.roles import Scope
from serve.routes import subscriptions as api
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Number = Annotated[int, Path(ge=1, le=2**53)]
State = Literal["pending", "delivered", "dead"]
# What most want to hear of; the API takes any beginning of a type.
TYPES = ("case.", "violation.", "violation.opened", "evidence.", "health.")


class Deed(StrEnum):
    """What a form asks of one subscription."""

    ON = "on"
    OFF = "off"
    ROTATE = "rotate"
    REMOVE = "remove"
    REPLAY = "replay"


class SubscribeForm(OfficeForm):
    """A subscription to be."""

    url: Word = ""
    types: Words = Field(default_factory=list)
    slugs: Words = Field(default_factory=list)
    departments: Words = Field(default_factory=list)


class DeedForm(OfficeForm):
    """A button of one subscription."""

    do: Deed
    delivery: Annotated[int | None, Field(ge=1, le=2**53)] = None


@router.get("/office/webhooks")
def webhooks(request: Request, services: Services_) -> Response:
    """Show every subscription and how it goes."""
    officer = enter(request, services, Scope.ADMIN)
    return officer if isinstance(officer, Response) else _webhooks(officer)


@router.post("/office/webhooks")
def subscribe(
    request: Request, services: Services_, form: Annotated[SubscribeForm, Form()]
) -> Response:
    """Subscribe an address and show its secret."""
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer

    def make() -> str:
        wish = {"types": form.types, "slugs": form.slugs, "url": form.url.strip()}
        new = api.NewSubscription.model_validate(
            {**wish, "departments": form.departments}
        )
        return api.subscribe(new, services, officer.who).secret

    secret, trouble = attempt(make)
    return _webhooks(officer, trouble, secret)


@router.get("/office/webhooks/{number}")
def deliveries(
    request: Request,
    services: Services_,
    number: Number,
    state: State | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """Show what is on its way to one subscriber, and what did not arrive."""
    officer = enter(request, services, Scope.ADMIN)
    if isinstance(officer, Response):
        return officer
    row = services.subscriptions.get(number)
    found = api.list_deliveries(number, services, officer.who, state, before)
    older = None
    if found.next is not None:
        older = url_with(request, before=str(found.items[-1].number))
    values = {
        "one": row,
        "deliveries": found.items,
        "older": older,
        "state": state,
        "states": ("pending", "delivered", "dead"),
    }
    return officer.show("deliveries.html", values)


@router.post("/office/webhooks/{number}")
def change_webhook(
    request: Request,
    services: Services_,
    number: Number,
    form: Annotated[DeedForm, Form()],
) -> Response:
    """Switch on or off, give a new secret, send again, or unsubscribe."""
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer
    secret, trouble = attempt(lambda: _DEEDS[form.do](officer, number, form.delivery))
    if trouble is not None or secret is not None:
        return _webhooks(officer, trouble, secret)
    here = "/office/webhooks"
    return back_to(f"{here}/{number}" if form.do is Deed.REPLAY else here)


def _switch(officer: Officer, number: int, *, enabled: bool) -> None:
    wanted = api.Switch(enabled=enabled)
    api.switch_subscription(number, wanted, officer.services, officer.who)


def _rotate(officer: Officer, number: int, _: int | None) -> str:
    return api.rotate_secret(number, officer.services, officer.who).secret


def _remove(officer: Officer, number: int, _: int | None) -> None:
    api.unsubscribe(number, officer.services, officer.who)


def _replay(officer: Officer, number: int, delivery: int | None) -> None:
    if delivery is None:
        api.replay_deliveries(number, officer.services, officer.who)
    else:
        api.replay_delivery(number, delivery, officer.services, officer.who)


_DEEDS: dict[Deed, Callable[[Officer, int, int | None], str | None]] = {
    Deed.ON: lambda officer, number, _: _switch(officer, number, enabled=True),
    Deed.OFF: lambda officer, number, _: _switch(officer, number, enabled=False),
    Deed.ROTATE: _rotate,
    Deed.REMOVE: _remove,
    Deed.REPLAY: _replay,
}


def _webhooks(
    officer: Officer, trouble: Trouble | None = None, secret: str | None = None
) -> Response:
    services = officer.services
    values = {
        "subscriptions": api.list_subscriptions(services, officer.who),
        "counts": waiting(services.database),
        "types": TYPES,
        "slugs": list(Slug),
        "departments": services.policy.routing.departments,
    }
    return officer.show("webhooks.html", values, trouble=trouble, secret=secret)
