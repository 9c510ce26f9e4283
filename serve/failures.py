"""Every failure of the app becomes a problem document."""

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from serve.errors import (
    InvalidContent,
    NotFound,
    Problem,
    Unavailable,
    UnsupportedType,
    problem_response,
)
from serve.json_words import in_words
from serve.middleware import METHODS

logger = logging.getLogger(__name__)


def install_handlers(app: FastAPI) -> None:
    """Make every failure of the app a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.add_exception_handler(away, _on_database)
    app.add_exception_handler(IntegrityError, _on_refused)
    app.add_exception_handler(Exception, _on_unexpected)


MOST_PLACES = 100
MOST_SIGNS = 200
API = "/api/"
TAKEN = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY", "23505"}


def not_the_schema(error: ValidationError) -> InvalidContent:
    """Return what is wrong with a body that its route read itself."""
    places = [
        {"at": "/".join(map(str, ("body", *one["loc"]))), "expected": in_words(one)}
        for one in error.errors(include_input=False, include_url=False)[:MOST_PLACES]
    ]
    detail = f"{places[0]['at']}: {places[0]['expected']}"
    return InvalidContent(detail, errors=places)


def _on_problem(_: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return problem_response(error)


def _on_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if _is_unread(request, error):
        given = request.headers.get("content-type", "")
        msg = f"Content-Type: got {given!r}; expected application/json"
        return problem_response(UnsupportedType(msg))
    places = [
        {"at": "/".join(str(part) for part in item["loc"]), "expected": in_words(item)}
        for item in error.errors()
    ]
    first = places[0] if places else {"at": "body", "expected": "valid content"}
    detail = f"{first['at']}: {first['expected']}"
    return problem_response(InvalidContent(detail, errors=places))


def _is_unread(request: Request, error: RequestValidationError) -> bool:
    """Return whether a body was not even read as JSON, as it does not say it is."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith(("/json", "+json")) or not request.url.path.startswith(API):
        return False
    whole = [one for one in error.errors() if tuple(one["loc"]) == ("body",)]
    return any(one["type"] != "missing" for one in whole)


def _on_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    if isinstance(error.__cause__, UnicodeDecodeError):
        cause = error.__cause__
        got = f"byte {cause.object[cause.start]:#04x} at {cause.start}"
        return problem_response(InvalidContent(f"body: got {got}; expected UTF-8"))
    if status is HTTPStatus.NOT_FOUND:
        path = request.url.path[:MOST_SIGNS]
        msg = f"got {path}; there is no such address; /openapi.json lists all"
        return problem_response(NotFound(msg))
    problem = Problem(str(error.detail), headers=error.headers)
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = ", ".join(_methods(request))
        msg = f"got {request.method}; expected one of {allowed} here"
        problem = Problem(msg, headers={"Allow": allowed})
    problem.status = status
    problem.slug = status.phrase.lower().replace(" ", "-")
    problem.title = status.phrase
    return problem_response(problem)


def _methods(request: Request) -> list[str]:
    """Return what can be done here; a route alone tells of its own method only."""

    def serves(method: str) -> bool:
        asked = {**request.scope, "method": method}
        return any(
            route.matches(asked)[0] is Match.FULL for route in request.app.routes
        )

    found = {method for method in METHODS if serves(method)}
    return sorted(found | {"HEAD"} if "GET" in found else found)


def _on_database(request: Request, error: Exception) -> Response:
    logger.error(
        "the database cannot be used: %s",
        type(error.__cause__ or error).__name__,
        extra={"path": request.url.path},
    )
    return problem_response(
        Unavailable("The database is away or busy; nothing was stored; try again.")
    )


def _on_refused(request: Request, error: Exception) -> Response:
    """Ask who lost every race for a row to come again; all else is a fault of ours."""
    cause = error.orig if isinstance(error, IntegrityError) else None
    names = {getattr(cause, name, None) for name in ("sqlite_errorname", "sqlstate")}
    if not names & TAKEN:
        return _on_unexpected(request, error)
    logger.error(
        "others wrote the same at the same time, again and again",
        exc_info=error,
        extra={"path": request.url.path},
    )
    msg = "Others wrote the same at the same time; nothing was stored; try again."
    return problem_response(Unavailable(msg))


def _on_unexpected(request: Request, error: Exception) -> Response:
    logger.error(
        "request failed unexpectedly", exc_info=error, extra={"path": request.url.path}
    )
    problem = Problem("The service failed; the request id leads to its log line.")
    problem.status = HTTPStatus.INTERNAL_SERVER_ERROR
    problem.slug = "internal"
    problem.title = "The service failed"
    return problem_response(problem)
