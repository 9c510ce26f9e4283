"""The way into the office: who may, whether a form is ours, what is said of a fault."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from serve.access import check_form
from serve.console import sign_in
from serve.console.render import Visitor, page, same_site, visitor
from serve.errors import Forbidden, Problem
from serve.json_words import in_words
from serve.messages import NO_NUL
from serve.people.roles import Principal, Scope
from serve.services import Services

T = TypeVar("T")
Word = Annotated[str, Field(max_length=1024, pattern=NO_NUL)]
Words = Annotated[list[Word], Field(max_length=200)]


class OfficeForm(BaseModel):
    """What every form of the office sends; the rest is checked as the API does."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    csrf: str = Field(default="", max_length=256)


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who may be here, and the request that brought them."""

    request: Request
    services: Services
    looker: Visitor
    who: Principal

    def show(
        self,
        template: str,
        values: Mapping[str, object],
        *,
        trouble: "Trouble | None" = None,
        secret: str | None = None,
    ) -> Response:
        """Return a page.

        Args:
            template: its file.
            values: what it shows.
            trouble: why the form just sent was not done.
            secret: what was made just now and is shown this once.
        """
        told = {"trouble": trouble, "secret": secret, "rooms": rooms(self.who)}
        status = 200 if trouble is None else int(trouble.status)
        response = page(
            self.request,
            self.services,
            self.looker,
            template,
            {**told, **values},
            status=status,
        )
        if secret is not None:
            response.headers["Cache-Control"] = "no-store"
            del response.headers["ETag"]
        return response


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a form was not done.

    Attributes:
        word: of the vocabulary.
        detail: the API's own words, for what the vocabulary does not know.
        status: HTTP status.
    """

    word: str
    detail: str
    status: int


def enter(
    request: Request, services: Services, *scopes: Scope, form: OfficeForm | None = None
) -> Officer | Response:
    """Return somebody with one of the scopes, else the page that says what to do.

    Raises:
        Forbidden: the form was not made by a page of this session.
    """
    looker = visitor(request, services)
    who = looker.reader
    if who is None or (form is not None and not same_site(request)):
        return sign_in.ask(request, services, looker)
    if not any(who.may(scope) for scope in scopes):
        if form is not None:
            msg = f"this role lacks the scope {scopes[0]}; ask an administrator"
            raise Forbidden(msg)
        return page(request, services, looker, "missing.html", {}, status=404)
    if form is not None:
        check_form(who, form.csrf)
    return Officer(request, services, looker, who)


def attempt(work: Callable[[], T]) -> tuple[T | None, Trouble | None]:
    """Return what came of a form, or why nothing did."""
    try:
        return work(), None
    except ValidationError as error:
        one = error.errors(include_input=False, include_url=False)[0]
        field = str(one["loc"][0]) if one["loc"] else "form"
        return None, Trouble(f"bad_{field}", in_words(one), 422)
    except Problem as problem:
        return None, Trouble(
            f"office_{problem.slug}", problem.detail, int(problem.status)
        )


def rooms(who: Principal) -> list[tuple[str, str]]:
    """Return path and word of the office's pages that somebody may enter."""
    found = [("/office/rules", "rules")]
    if who.may(Scope.ADMIN):
        found += [
            ("/office/people", "people"),
            ("/office/keys", "keys"),
            ("/office/webhooks", "webhooks"),
        ]
    if who.may(Scope.AUDIT):
        found.append(("/office/audit", "audit"))
    if who.login is not None:
        found.append(("/office/me", "account"))
    return found
