"""Logging in and out, and the first administrator."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.console.render import Visitor, back_to, page, same_site, visitor
from serve.errors import Conflict
from serve.people.audit import Deed
from serve.people.passwords import LONGEST, SHORTEST
from serve.people.roles import Role, Scope
from serve.people.users import SESSION
from serve.services import Services
from serve.throttle import SESSION_COOKIE

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

NAME_LENGTH = 64


def ask(
    request: Request,
    services: Services,
    looker: Visitor,
    *,
    status: int = 401,
    failed: bool = False,
) -> Response:
    """Show the login."""
    values = {"failed": failed}
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
    found = services.users.log_in(name, password) if same_site(request) else None
    if found is None:
        return ask(request, services, looker, status=403, failed=True)
    services.audit.note(Deed(found.principal, "session.opened", name))
    response = back_to("/")
    response.set_cookie(
        SESSION_COOKIE,
        found.token,
        max_age=int(SESSION.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


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
    name: Annotated[str, Form(max_length=NAME_LENGTH, pattern=r"^[\w.@-]+$")],
    password: Annotated[str, Form(max_length=LONGEST)],
) -> Response:
    """Make the first administrator."""
    who = services.keys.check(token.strip())
    if who is None or not who.may(Scope.SETUP) or not same_site(request):
        return _setup(request, services, trouble="bad_token")
    if len(password) < SHORTEST:
        return _setup(request, services, trouble="short_password")
    try:
        services.users.create(name, password, Role.ADMIN)
    except Conflict:
        return _setup(request, services, trouble="name_taken")
    if who.key_id is not None:
        services.keys.revoke(who.key_id)
    services.audit.note(Deed(who, "user.created", f"{name} as {Role.ADMIN}"))
    return back_to("/login")


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
