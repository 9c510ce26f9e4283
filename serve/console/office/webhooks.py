"""Webhooks: who is told, what is on its way, what did not arrive."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
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
from serve.outward.subscriptions import WEBHOOK
from serve.people.roles import Scope
from serve.routes import deliveries as sent
from serve.routes import subscriptions as api
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Number = Annotated[int, Path(ge=1, le=2**53)]
State = Literal["pending", "delivered", "dead"]
Before = Annotated[int | None, Query(ge=1, le=2**53)]
# What most want to hear of; the API takes any beginning of a type.
TYPES = ("case.", "violation.", "violation.opened", "evidence.", "health.")
# What an answer that is not 2xx mostly means.
_HINTS: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "signature",
    HTTPStatus.FORBIDDEN: "signature",
    HTTPStatus.NOT_FOUND: "path",
    HTTPStatus.METHOD_NOT_ALLOWED: "path",
    HTTPStatus.GONE: "gone",
    HTTPStatus.TOO_MANY_REQUESTS: "busy",
}


class Deed(StrEnum):
    """What a form asks of one subscription."""

    CHANGE = "change"
    PING = "ping"
    ON = "on"
    OFF = "off"
    ROTATE = "rotate"
    REMOVE = "remove"
    REPLAY = "replay"


class SubscribeForm(OfficeForm):
    """What to tell whom."""

    url: Word = ""
    types: Words = Field(default_factory=list)
    slugs: Words = Field(default_factory=list)
    departments: Words = Field(default_factory=list)

    def wish(self) -> dict[str, str | list[str]]:
        """Return what was filled in, by the API's names."""
        return {
            "url": self.url.strip(),
            "types": self.types,
            "slugs": self.slugs,
            "departments": self.departments,
        }


class DeedForm(SubscribeForm):
    """A button of one subscription, and what it is to be changed to."""

    do: Deed
    delivery: Annotated[int | None, Field(ge=1, le=2**53)] = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said on a subscription's page of the form just sent.

    Attributes:
        trouble: why it was not done.
        filled: what was filled in then, to be put right.
        echo: what came of a test message.
    """

    trouble: Trouble | None = None
    filled: DeedForm | None = None
    echo: api.PingOut | None = None


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
        new = api.NewSubscription.model_validate(form.wish())
        return api.subscribe(new, services, officer.who).secret

    secret, trouble = attempt(make)
    return _webhooks(officer, trouble, secret)


@router.get("/office/webhooks/{number}")
def deliveries(
    request: Request,
    services: Services_,
    number: Number,
    state: State | None = None,
    before: Before = None,
) -> Response:
    """Show what is on its way to one subscriber, and what did not arrive."""
    officer = enter(request, services, Scope.ADMIN)
    if isinstance(officer, Response):
        return officer
    return _subscription(officer, number, Answer(), state=state, before=before)


@router.post("/office/webhooks/{number}")
def change_webhook(
    request: Request,
    services: Services_,
    number: Number,
    form: Annotated[DeedForm, Form()],
) -> Response:
    """Change, try out, switch, give a new secret, send again, or unsubscribe."""
    officer = enter(request, services, Scope.ADMIN, form=form)
    if isinstance(officer, Response):
        return officer
    if form.do in {Deed.CHANGE, Deed.PING}:
        return _on_its_page(officer, number, form)
    secret, trouble = attempt(lambda: _DEEDS[form.do](officer, number, form.delivery))
    if trouble is not None or secret is not None:
        return _webhooks(officer, trouble, secret)
    here = "/office/webhooks"
    return back_to(f"{here}/{number}" if form.do is Deed.REPLAY else here)


def _on_its_page(officer: Officer, number: int, form: DeedForm) -> Response:
    if form.do is Deed.PING:
        echo, trouble = attempt(
            lambda: api.ping_subscription(number, officer.services, officer.who)
        )
        answer = Answer(trouble, echo=echo)
    else:
        _, trouble = attempt(lambda: _change(officer, number, form))
        answer = Answer(trouble, form)
    if trouble is None and form.do is Deed.CHANGE:
        return back_to(f"/office/webhooks/{number}")
    if trouble is not None and trouble.status == HTTPStatus.NOT_FOUND:
        return _webhooks(officer, trouble)
    return _subscription(officer, number, answer)


def _change(officer: Officer, number: int, form: DeedForm) -> None:
    services = officer.services
    one = api.subscription_out(services.subscriptions.get(number))
    wish = form.wish()
    if one.kind != WEBHOOK:
        del wish["url"]  # it stands in the service's settings
    # Only what differs: an address that is named is tried at once and audited.
    changed = {
        name: value
        for name, value in wish.items()
        if sorted(value) != sorted(getattr(one, name))
    }
    if changed:
        wanted = api.Switch.model_validate(changed)
        api.switch_subscription(number, wanted, services, officer.who)


def _switch(officer: Officer, number: int, *, enabled: bool) -> None:
    wanted = api.Switch(enabled=enabled)
    api.switch_subscription(number, wanted, officer.services, officer.who)


def _rotate(officer: Officer, number: int, _: int | None) -> str:
    return api.rotate_secret(number, officer.services, officer.who).secret


def _remove(officer: Officer, number: int, _: int | None) -> None:
    api.unsubscribe(number, officer.services, officer.who)


def _replay(officer: Officer, number: int, delivery: int | None) -> None:
    if delivery is None:
        sent.replay_deliveries(number, officer.services, officer.who)
    else:
        sent.replay_delivery(number, delivery, officer.services, officer.who)


_DEEDS: dict[Deed, Callable[[Officer, int, int | None], str | None]] = {
    Deed.ON: lambda officer, number, _: _switch(officer, number, enabled=True),
    Deed.OFF: lambda officer, number, _: _switch(officer, number, enabled=False),
    Deed.ROTATE: _rotate,
    Deed.REMOVE: _remove,
    Deed.REPLAY: _replay,
}


def _subscription(
    officer: Officer,
    number: int,
    answer: Answer,
    *,
    state: State | None = None,
    before: int | None = None,
) -> Response:
    services = officer.services
    one = api.subscription_out(services.subscriptions.get(number))
    found = sent.list_deliveries(number, services, officer.who, state, before)
    older = None
    if found.next is not None:
        older = url_with(officer.request, before=str(found.items[-1].number))
    values = {
        **_choices(officer),
        "one": one,
        "filled": answer.filled or one,
        "echo": answer.echo,
        "hint": None if answer.echo is None else _hint(answer.echo),
        "deliveries": found.items,
        "older": older,
        "state": state,
        "states": ("pending", "delivered", "dead"),
    }
    return officer.show("deliveries.html", values, trouble=answer.trouble)


def _hint(echo: api.PingOut) -> str:
    """Return the word for what an administrator can do about an answer."""
    if echo.ok:
        return "ping_hint_ok"
    if echo.status is None:
        return f"ping_hint_{echo.fault}"
    if HTTPStatus.MULTIPLE_CHOICES <= echo.status < HTTPStatus.BAD_REQUEST:
        return "ping_hint_moved"
    if echo.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "ping_hint_theirs"
    return f"ping_hint_{_HINTS.get(echo.status, 'refused')}"


def _webhooks(
    officer: Officer, trouble: Trouble | None = None, secret: str | None = None
) -> Response:
    services = officer.services
    values = {
        **_choices(officer),
        "subscriptions": api.list_subscriptions(services, officer.who),
        "counts": waiting(services.database),
    }
    return officer.show("webhooks.html", values, trouble=trouble, secret=secret)


def _choices(officer: Officer) -> dict[str, object]:
    return {
        "types": TYPES,
        "slugs": [one.value for one in Slug],
        "departments": officer.services.policy.routing.departments,
    }
