"""The pages: latest events, one event, login. No script or style from elsewhere."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from serve.access import ANYONE_HERE, SESSION_COOKIE, Services_, principal_of
from serve.console.words import (
    Language,
    Sentence,
    choose,
    duration,
    role_name,
    sentence,
    speaker,
)
from serve.errors import Problem, UnknownEvent
from serve.services import Services
from serve.store.events import EventFilter, EventState
from serve.store.keys import Principal, Scope
from serve.views import (
    EventOut,
    EvidenceOut,
    camera_out,
    cursor_after,
    event_detail,
    event_out,
    position_of,
)
from vision.core.violations import Slug

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

PAGE_SIZE = 24
SESSION_S = 12 * 3600
_HERE = Path(__file__).parent
_templates = Environment(
    loader=PackageLoader("serve.console"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page, and in which language."""

    principal: Principal | None
    language: Language

    def sees(self, file: EvidenceOut) -> bool:
        """Return whether this file may be shown."""
        if self.principal is None or file.url is None:
            return False
        return file.shared or self.principal.may(Scope.ORIGINALS)


@router.get("/")
def latest(
    request: Request,
    services: Services_,
    slug: Slug | None = None,
    state: EventState | None = None,
    cursor: Annotated[str | None, Query(max_length=256)] = None,
) -> Response:
    """Show the latest events, or the login."""
    visitor = _visitor(request, services)
    if not _may_read(visitor):
        return _login(request, visitor)
    after = position_of(cursor) if cursor else None
    wanted = EventFilter(slug=slug, state=state)
    found = services.events.page(wanted, limit=PAGE_SIZE + 1, after=after)
    older = None
    if len(found) > PAGE_SIZE:
        found = found[:PAGE_SIZE]
        older = _url(request, cursor=cursor_after(found[-1]))
    events = [event_out(stored) for stored in found]
    cameras = [camera_out(report) for report in services.cameras.cameras()]
    return _render(
        request,
        services,
        visitor,
        "latest.html",
        {
            "events": events,
            "cameras": cameras,
            "slug": slug,
            "state": state,
            "older": older,
            "first_page": cursor is None,
            "slugs": list(Slug),
            "states": list(EventState),
        },
    )


@router.get("/events/{event_id}")
def one_event(request: Request, services: Services_, event_id: str) -> Response:
    """Show one event with all its pictures, reasons and steps."""
    visitor = _visitor(request, services)
    if not _may_read(visitor):
        return _login(request, visitor)
    try:
        stored = services.events.get(event_id)
    except UnknownEvent:
        return _render(request, services, visitor, "missing.html", {}, status=404)
    event = event_detail(stored, services.events.history(event_id))
    return _render(request, services, visitor, "event.html", {"event": event})


@router.get("/login")
def login_page(request: Request, services: Services_) -> Response:
    """Ask for a key."""
    return _login(request, _visitor(request, services), status=200)


@router.post("/login")
def log_in(
    request: Request,
    services: Services_,
    key: Annotated[str, Form(max_length=256)],
) -> Response:
    """Take a key and remember it in a cookie that scripts cannot read."""
    visitor = _visitor(request, services)
    principal = services.keys.check(key.strip())
    if not _same_site(request) or principal is None or not principal.may(Scope.READ):
        return _login(request, visitor, status=403, failed=True)
    response = RedirectResponse(f"/?lang={visitor.language}", status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        key.strip(),
        max_age=SESSION_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/logout")
def log_out(request: Request) -> Response:
    """Forget the cookie."""
    response = RedirectResponse("/", status_code=303)
    if _same_site(request):
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
    return response


def mount_console(app: FastAPI) -> None:
    """Add the pages and their files."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")


def _visitor(request: Request, services: Services) -> Visitor:
    language = choose(
        request.query_params.get("lang") or request.cookies.get("lang"),
        request.headers.get("accept-language", ""),
    )
    try:
        principal = principal_of(request, services, None)
    except Problem:
        principal = None  # an old cookie: show the login
    return Visitor(principal, language)


def _may_read(visitor: Visitor) -> bool:
    return visitor.principal is not None and visitor.principal.may(Scope.READ)


def _same_site(request: Request) -> bool:
    # Browsers name the origin of every form; a form elsewhere may not log anyone in.
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _login(
    request: Request, visitor: Visitor, *, status: int = 401, failed: bool = False
) -> Response:
    page = _templates.get_template("login.html").render(
        _common(request, visitor) | {"failed": failed}
    )
    return HTMLResponse(page, status_code=status)


def _render(
    request: Request,
    services: Services,
    visitor: Visitor,
    template: str,
    values: dict[str, object],
    *,
    status: int = 200,
) -> Response:
    zone = ZoneInfo(services.settings.timezone)

    def local(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    page = _templates.get_template(template).render(
        _common(request, visitor) | {"local": local} | values
    )
    # The page asks again every few seconds; unchanged, it costs one line.
    etag = f'"{hashlib.sha256(page.encode()).hexdigest()[:32]}"'
    if status == 200 and request.headers.get("if-none-match") == etag:  # noqa: PLR2004
        return Response(status_code=304, headers={"ETag": etag})
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Cookie"}
    response = HTMLResponse(page, status_code=status, headers=headers)
    if request.query_params.get("lang") in set(Language):
        response.set_cookie("lang", visitor.language, samesite="lax", httponly=True)
    return response


def _common(request: Request, visitor: Visitor) -> dict[str, object]:
    language = visitor.language
    other = Language.ZH if language is Language.EN else Language.EN

    def pictures(event: EventOut) -> list[EvidenceOut]:
        return _pictures(event, visitor)

    def why(event: EventOut) -> list[Sentence]:
        return [sentence(reason, language) for reason in event.reasons]

    return {
        "lang": language.value,
        "t": speaker(language),
        "other_lang": other.value,
        "other_url": _url(request, lang=other.value),
        "url_with": lambda **changed: _url(request, **changed),
        "pictures": pictures,
        "sees": visitor.sees,
        "why": why,
        "say": lambda reason: sentence(reason, language),
        "role": lambda role: role_name(role, language),
        "length": lambda seconds: duration(seconds, language),
        "can_log_out": visitor.principal not in (None, ANYONE_HERE),
    }


def _pictures(event: EventOut, visitor: Visitor) -> list[EvidenceOut]:
    seen = [
        file
        for file in event.evidence
        if file.media_type.startswith("image/") and visitor.sees(file)
    ]
    # Copies made for showing first, the deciding moment before the first sight.
    return sorted(seen, key=lambda file: (not file.shared, "decid" not in file.role))


def _url(request: Request, **changed: str | None) -> str:
    query = dict(request.query_params) | changed
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
