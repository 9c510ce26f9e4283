"""Who is asking, and may they?

Reading needs a key with scope `read` or a logged-in browser. A server on a loopback
address may be started with open reads: then requests from this machine, addressed to
this machine by a loopback name and not forwarded by a proxy, read without either.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials

from serve.errors import Forbidden, Unauthenticated
from serve.services import Services, services_of
from serve.settings import is_loopback
from serve.store.keys import Principal, Scope

SESSION_COOKIE = "streetwarden_session"
ANYONE_HERE = Principal("open-reads", frozenset({Scope.READ, Scope.ORIGINALS}))

_bearer = HTTPBearer(
    auto_error=False, description="An API key: `Authorization: Bearer sw_…`"
)


def principal_of(
    request: Request,
    services: Annotated[Services, Depends(services_of)],
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal | None:
    """Return who is asking, or None when no credential came.

    Raises:
        Unauthenticated: a credential came and is not good.
    """
    key = given.credentials if given is not None else None
    if key is None:
        key = request.cookies.get(SESSION_COOKIE)
    if key is not None:
        principal = services.keys.check(key)
        if principal is None:
            msg = "got a key that is unknown, expired or revoked; ask for a new one"
            raise Unauthenticated(msg)
        return principal
    if services.settings.open_reads and _from_this_machine(request):
        return ANYONE_HERE
    return None


def require(scope: Scope) -> Callable[[Principal | None], Principal]:
    """Return a dependency that lets through only those who may."""

    def check(
        principal: Annotated[Principal | None, Depends(principal_of)],
    ) -> Principal:
        may_not = principal is None or not principal.may(scope)
        if principal is None or (may_not and principal is ANYONE_HERE):
            msg = f"expected a bearer key with scope {scope}, or a login; got neither"
            raise Unauthenticated(msg)
        if may_not:
            msg = f"this key lacks the scope {scope}; ask an administrator for one"
            raise Forbidden(msg)
        return principal

    return check


def _from_this_machine(request: Request) -> bool:
    # A page elsewhere can make a browser ask 127.0.0.1 under its own name, and a
    # proxy asks from 127.0.0.1 for the whole world: neither is "here".
    client = request.client.host if request.client is not None else ""
    named = request.url.hostname or ""
    forwarded = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    return is_loopback(client) and is_loopback(named) and not forwarded


Services_ = Annotated[Services, Depends(services_of)]
Ingester = Annotated[Principal, Depends(require(Scope.INGEST))]
Reader = Annotated[Principal, Depends(require(Scope.READ))]
