"""The audit log: who did what, when, and why."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from serve.access import Services_
from serve.console.office.door import enter
from serve.console.render import url_with
from serve.console.vocabulary_office import OFFICE
from serve.messages import NO_NUL
from serve.people.audit import Search
from serve.people.roles import Scope

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

SIZE = 100
# How the names of deeds begin, by what they are about.
KINDS = (
    "original.",
    "plates.",
    "case.",
    "user.",
    "session.",
    "key.",
    "subscription.",
    "deliveries.",
    "hold.",
    "grid.",
    "engine.",
)

Asked = Annotated[str, Query(max_length=128, pattern=NO_NUL)]


@router.get("/office/audit")
def audit(
    request: Request,
    services: Services_,
    *,
    actor: Asked = "",
    kind: Asked = "",
    subject: Asked = "",
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """Show the log, newest first."""
    officer = enter(request, services, Scope.AUDIT)
    if isinstance(officer, Response):
        return officer
    # People are asked for by name, as they are shown.
    known = actor if ":" in actor or not actor else f"user:{actor}"
    wanted = Search(known or None, kind or None, subject or None, before)
    lines = services.audit.page(wanted, limit=SIZE + 1)
    older = None
    if len(lines) > SIZE:
        lines = lines[:SIZE]
        older = url_with(request, before=str(lines[-1].number))
    values = {
        "lines": lines,
        "older": older,
        "asked_actor": actor,
        "kind": kind,
        "subject": subject,
        "kinds": KINDS,
        "known_words": OFFICE,
    }
    return officer.show("audit.html", values)
