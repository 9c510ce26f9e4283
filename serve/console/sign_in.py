"""Logging in and out, and the first administrator."""

import logging
import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.console.render import Visitor, back_to, page, same_site, visitor
from serve.console.way_back import WAY_BACK_COOKIE, wanted
from serve.errors import Conflict, Forbidden, Unavailable
from serve.people.audit import Deed
from serve.people.oidc import ATTEMPT_S, NoRole
from serve.people.passwords import LONGEST, SHORTEST
from serve.people.roles import Role, Scope
from serve.people.users import SESSION, LoggedIn
from serve.services import Services
from serve.throttle import SESSION_COOKIE

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

NAME_LENGTH = 64
OIDC_DONE = "/login/oidc/done"
ATTEMPT_COOKIE = "streetwarden_login"
_NAME = re.compile(r"[\w.@-]+")

logger = logging.getLogger(__name__)


def ask(
    request: Request,
    services: Services,
    looker: Visitor,
    *,
    status: int = 401,
    failed: bool = False,
    trouble: str | None = None,
) -> Response:
    """Show the login, which leads on to what was asked for."""
    to = wanted(request)
    values: dict[str, object] = {
        "failed": failed,
        "oidc": services.oidc is not None,
        "trouble": trouble,
        "to": to,
    }
    if request.url.path == OIDC_DONE:  # its code is good once, in no other language
        asked = {"to": to, "lang": looker.other_language.value}
        values["other_url"] = "/login?" + urlencode(asked)
    return page(request, services, looker, "login.html", values, status=status)


@router.get("/login")
def login_page(request: Request, services: Services_) -> Response:
    """Ask for name and password."""
    return ask(request, services, visitor(request, services), status=200)


@router.post("/login")
def log_in(
    request: Request,
    services: Services_,
    name: Annotated[str, Form(max_length=NAME_LENGTH)],
    password: Annotated[str, Form(max_length=LONGEST)],
) -> Response:
    """Check a password and remember the browser by a cookie scripts cannot read."""
    looker = visitor(request, services)
    if not same_site(request):
        return ask(request, services, looker, status=403, trouble="other_site")
    found = services.users.log_in(name, password)
    if found is None:
        return ask(request, services, looker, status=403, failed=True)
    services.audit.note(Deed(found.principal, "session.opened", name))
    return _remember(request, back_to(wanted(request)), found)


@router.get("/login/oidc")
def go_elsewhere(request: Request, services: Services_) -> Response:
    """Send the browser to the city's own login."""
    if services.oidc is None:
        return ask(request, services, visitor(request, services), status=404)
    try:
        where, attempt = services.oidc.begin()
    except Unavailable as problem:
        return _away(request, services, problem)
    response = back_to(where)
    for name, value in ((ATTEMPT_COOKIE, attempt), (WAY_BACK_COOKIE, wanted(request))):
        # Lax: it must come back from the provider's site, which strict ones do not.
        response.set_cookie(
            name,
            value,
            max_age=int(ATTEMPT_S),
            path="/login/oidc",
            httponly=True,
            samesite="lax",
            secure=_is_secure(request),
        )
    return response


@router.get(OIDC_DONE)
def come_back(
    request: Request,
    services: Services_,
    state: Annotated[str, Query(max_length=256)] = "",
    code: Annotated[str, Query(max_length=4096)] = "",
) -> Response:
    """Take the provider's word for who it is."""
    looker = visitor(request, services)
    if services.oidc is None:
        return ask(request, services, looker, status=404)
    attempt = request.cookies.get(ATTEMPT_COOKIE, "")
    found, trouble = None, "bad_oidc"
    try:
        identity = services.oidc.finish(attempt, state=state, code=code)
        found = services.users.log_in_from_elsewhere(identity)
    except NoRole as problem:
        logger.warning("%s", problem.detail)
        trouble = "no_role"
    except (Forbidden, Conflict) as problem:
        logger.warning("%s", problem.detail)
    except Unavailable as problem:
        return _away(request, services, problem)
    if found is None:
        return ask(request, services, looker, status=403, trouble=trouble)
    name = found.principal.login or ""
    services.audit.note(Deed(found.principal, "session.opened", name))
    # A page of our own leads on: a cookie that is strict is not sent along a way that
    # began at the provider's.
    on = {"to": wanted(request)}
    response = page(request, services, looker, "welcome.html", on)
    for cookie in (ATTEMPT_COOKIE, WAY_BACK_COOKIE):
        response.delete_cookie(cookie, path="/login/oidc")
    return _remember(request, response, found)


@router.post("/logout")
def log_out(request: Request, services: Services_) -> Response:
    """End the session and forget the cookie."""
    response = back_to("/")
    token = request.cookies.get(SESSION_COOKIE)
    if token is not None and same_site(request):
        services.users.log_out(token)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/setup")
def setup_page(request: Request, services: Services_) -> Response:
    """Ask for the one-time token and the first administrator's name."""
    return _setup(request, services, status=200)


@router.post("/setup")
def set_up(
    request: Request,
    services: Services_,
    token: Annotated[str, Form(max_length=256)],
    name: Annotated[str, Form(max_length=NAME_LENGTH)],
    password: Annotated[str, Form(max_length=LONGEST)],
) -> Response:
    """Make the first administrator."""
    if not same_site(request):
        return _setup(request, services, trouble="other_site")
    who = services.keys.check(token.strip())
    if who is None or not who.may(Scope.SETUP):
        return _setup(request, services, trouble="bad_token")
    unfit = _unfit(name, password)
    if unfit is not None:
        return _setup(request, services, trouble=unfit)
    try:
        services.users.create(name, password, Role.ADMIN)
    except Conflict:
        return _setup(request, services, trouble="name_taken")
    if who.key_id is not None:
        services.keys.revoke(who.key_id)
    services.audit.note(Deed(who, "user.created", f"{name} as {Role.ADMIN}"))
    return back_to("/login")


def _unfit(name: str, password: str) -> str | None:
    if not _NAME.fullmatch(name):
        return "unfit_name"
    return "short_password" if len(password) < SHORTEST else None


def _away(request: Request, services: Services, problem: Unavailable) -> Response:
    """Return the login, which says that the provider is away and what still works."""
    logger.warning("%s", problem.detail)
    looker = visitor(request, services)
    answer = ask(request, services, looker, status=503, trouble="oidc_away")
    answer.headers.update(problem.headers)
    return answer


def _remember(request: Request, response: Response, found: LoggedIn) -> Response:
    response.set_cookie(
        SESSION_COOKIE,
        found.token,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=_is_secure(request),
    )
    return response


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _setup(
    request: Request,
    services: Services,
    *,
    status: int = 403,
    trouble: str | None = None,
) -> Response:
    looker = visitor(request, services)
    values = {"trouble": trouble}
    return page(request, services, looker, "setup.html", values, status=status)
