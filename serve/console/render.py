"""How a page is made: template, language, visitor, and what did not change."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from serve.access import visitor_of
from serve.cases.lifecycle import TRANSITIONS
from serve.cases.views import CaseStep
from serve.console.words import (
    Language,
    Reason,
    Sentence,
    actor,
    ailment,
    choose,
    duration,
    explained,
    remaining,
    role_name,
    sentence,
    speaker,
)
from serve.people.passwords import SHORTEST
from serve.people.roles import ANYONE_HERE, Principal, Scope
from serve.services import Services
from serve.shapes import EventOut, EvidenceOut
from serve.under_path import under
from vision.core.violations import Lifecycle

logger = logging.getLogger(__name__)

_templates = Environment(
    loader=PackageLoader("serve.console"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


# Browsers listen to named messages by name.
_STREAM_TYPES = " ".join(
    [f"violation.{one}" for one in Lifecycle]
    + [f"case.{move.event}" for move in TRANSITIONS.values()]
    + ["case.escalated"]
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at the page, and in which language."""

    principal: Principal | None
    language: Language

    @property
    def reader(self) -> Principal | None:
        """Who may read here, or None for one who has to log in."""
        who = self.principal
        return who if who is not None and who.may(Scope.READ) else None

    @property
    def other_language(self) -> Language:
        """The one that the page is not in."""
        return Language.ZH if self.language is Language.EN else Language.EN

    def sees(self, file: EvidenceOut) -> bool:
        """Return whether this file may be shown without asking for a reason."""
        if self.principal is None or file.url is None:
            return False
        return file.shared or self.principal is ANYONE_HERE


def visitor(request: Request, services: Services) -> Visitor:
    """Return who looks at the page."""
    language = choose(
        request.query_params.get("lang") or request.cookies.get("lang"),
        request.headers.get("accept-language", ""),
    )
    return Visitor(visitor_of(request, services), language)


def same_site(request: Request) -> bool:
    """Return whether a form comes from a page of ours; browsers name the origin."""
    origin = request.headers.get("origin")
    host = request.headers.get("host")
    if origin is None or urlsplit(origin).netloc == host:
        return True
    logger.warning(
        "a form was refused: it came from a page of %s and for the host %s; if that is "
        "the same service, the proxy in front must pass the header Host on",
        origin,
        host,
    )
    return False


def page(
    request: Request,
    services: Services,
    looker: Visitor,
    template: str,
    values: Mapping[str, object],
    *,
    status: int = 200,
) -> Response:
    """Return a page; unchanged since the browser last asked, it costs one line."""
    zone = ZoneInfo(services.settings.timezone)

    def local(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    def said(step: CaseStep) -> list[str]:
        def shown(at: str) -> str:
            return local(datetime.fromisoformat(at))

        detail = step.detail
        return explained(step.action, step.note, detail, looker.language, shown)

    def left(at: datetime) -> str:
        seconds = (at - services.clock.now()).total_seconds()
        return remaining(seconds, looker.language)

    departments = {one.code: one.name for one in services.policy.routing.departments}
    text = _templates.get_template(template).render(
        {
            **_common(request, looker),
            "local": local,
            "left": left,
            "explained": said,
            "department_name": lambda code: departments.get(code, code),
            **values,
        }
    )
    text = under(services.settings.root, text)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", "Vary": "Cookie"}
    ok = status == 200  # noqa: PLR2004 HTTP
    if ok and request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    response = HTMLResponse(text, status_code=status, headers=headers)
    if request.query_params.get("lang") in set(Language):
        response.set_cookie("lang", looker.language, samesite="lax", httponly=True)
    return response


def back_to(path: str) -> RedirectResponse:
    """Return the answer to a form: look at the page, do not send again."""
    return RedirectResponse(path, status_code=303)


def url_with(request: Request, **changed: str | None) -> str:
    """Return this page's address with other query values; None drops one."""
    query = dict(request.query_params) | changed
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path


def _common(request: Request, looker: Visitor) -> dict[str, object]:
    language = looker.language
    other = looker.other_language
    principal = looker.principal

    def pictures(event: EventOut) -> list[EvidenceOut]:
        return _pictures(event, looker)

    def nearest(event: EventOut) -> EvidenceOut | None:
        return _nearest(pictures(event))

    def spoken(reasons: Sequence[Reason]) -> list[Sentence]:
        return [sentence(reason, language) for reason in reasons]

    def why(event: EventOut) -> list[Sentence]:
        return spoken(event.reasons)

    return {
        "lang": language.value,
        "t": speaker(language),
        "other_lang": other.value,
        "other_url": url_with(request, lang=other.value),
        "url_with": lambda **changed: url_with(request, **changed),
        "pictures": pictures,
        "nearest": nearest,
        "sees": looker.sees,
        "why": why,
        "spoken": spoken,
        "ailment": lambda health: ailment(health.kind, health.detail, language),
        "actor": lambda name: actor(name, language),
        "here": request.url.path,
        "shortest": SHORTEST,
        "reading": looker.reader is not None,
        "role": lambda role: role_name(role, language),
        "length": lambda seconds: duration(seconds, language),
        "stream_types": _STREAM_TYPES,
        "login_name": None if principal is None else principal.login,
        "csrf": "" if principal is None else principal.csrf or "",
    }


def _pictures(event: EventOut, looker: Visitor) -> list[EvidenceOut]:
    seen = [
        file
        for file in event.evidence
        if file.media_type.startswith("image/") and looker.sees(file)
    ]
    return sorted(seen, key=_showing_order)


def _showing_order(file: EvidenceOut) -> tuple[bool, bool, bool, str]:
    # Copies made for showing first, marked ones before plain ones, the deciding
    # moment before the first sight; names begin with the step.
    marked = file.role.startswith("overlay")
    return (not file.shared, not marked, "decid" not in file.role, file.name)


def _nearest(pictures: Sequence[EvidenceOut]) -> EvidenceOut | None:
    """Return what a card shows: the object itself, in its first close-up if it has one.

    On a card a wide picture is small and cut, and all events of one moment look alike.

    Args:
        pictures: in the order of showing.
    """
    near = [one for one in pictures if one.role.startswith("close_up")]
    return next(iter((*near, *pictures)), None)
