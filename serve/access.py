"""Who is asking, and may they?

Reading needs a key with scope `read` or a logged-in browser. A server on a loopback
address may be started with open reads: then requests from this machine, addressed to
this machine by a loopback name and not forwarded by a proxy, read without either.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from starlette.concurrency import run_in_threadpool

from serve.errors import Forbidden, Unauthenticated
from serve.people.roles import ANYONE_HERE, Principal, Scope
from serve.services import Services, services_of
from serve.settings import is_loopback
from serve.throttle import SESSION_COOKIE, recognise

CSRF_HEADER = "x-csrf-token"
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})

_bearer = HTTPBearer(
    auto_error=False, description="An API key: `Authorization: Bearer sw_…`"
)


def visitor_of(request: Request, services: Services) -> Principal | None:
    """Return who looks at a page with this browser, or None for a stranger."""
    token = request.cookies.get(SESSION_COOKIE)
    principal = services.users.session(token) if token else None
    if principal is not None:
        recognise(request.state)
    elif services.settings.open_reads and _is_here(request):
        return ANYONE_HERE
    return principal


async def principal_of(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal | None:
    """Return who is asking, or None when no credential came.

    Raises:
        Unauthenticated: a key came and is not good.
        Forbidden: a browser asks for a change without proving that its page did.
    """
    if given is not None:
        # A thread of its own only where the database must be asked.
        principal = services.keys.recall(given.credentials)
        if principal is None:
            principal = await run_in_threadpool(services.keys.check, given.credentials)
        if principal is None:
            msg = "got a key that is unknown, expired or revoked; ask for a new one"
            raise Unauthenticated(msg)
        recognise(request.state)
        return principal
    principal = await run_in_threadpool(visitor_of, request, services)
    if principal is not None and request.method not in _HARMLESS:
        check_form(principal, request.headers.get(CSRF_HEADER, ""))
    return principal


def check_form(principal: Principal, given: str) -> None:
    """Refuse a change that another site's page may have asked a browser for.

    Raises:
        Forbidden: the token is not this session's.
    """
    expected = principal.csrf
    if expected is None:
        return
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
        msg = f"{CSRF_HEADER}: expected this session's token, see /api/v1/me"
        raise Forbidden(msg)


def require(scope: Scope) -> Callable[[Principal | None], Awaitable[Principal]]:
    """Return a dependency that lets through only those who may."""

    async def check(
        principal: Annotated[Principal | None, Depends(principal_of)],
    ) -> Principal:
        may_not = principal is None or not principal.may(scope)
        if principal is None or (may_not and principal is ANYONE_HERE):
            msg = f"expected a bearer key with scope {scope}, or a login; got neither"
            raise Unauthenticated(msg)
        if may_not:
            msg = f"this key or role lacks the scope {scope}; ask an administrator"
            raise Forbidden(msg)
        return principal

    return check


_CHECKS = {scope: require(scope) for scope in Scope}


async def authorize(request: Request, services: Services, scope: Scope) -> Principal:
    """Return who asks, for a route that does without dependencies.

    Raises:
        Unauthenticated: nobody known.
        Forbidden: somebody who may not.
    """
    given = await _bearer(request)
    return await _CHECKS[scope](await principal_of(request, services, given))


def _is_here(request: Request) -> bool:
    # A page elsewhere can make a browser ask 127.0.0.1 under its own name, and a
    # proxy asks from 127.0.0.1 for the whole world: neither is "here".
    client = request.client.host if request.client is not None else ""
    named = request.url.hostname or ""
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    return is_loopback(client) and is_loopback(named) and not forwarded


Services_ = Annotated[Services, Depends(services_of)]
Asker = Annotated[Principal | None, Depends(principal_of)]
Ingester = Annotated[Principal, Depends(require(Scope.INGEST))]
Reader = Annotated[Principal, Depends(require(Scope.READ))]
Handler = Annotated[Principal, Depends(require(Scope.HANDLE))]
Auditor = Annotated[Principal, Depends(require(Scope.AUDIT))]
Admin = Annotated[Principal, Depends(require(Scope.ADMIN))]
