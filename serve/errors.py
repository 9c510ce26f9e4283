"""Failures that callers see: problem+json (RFC 9457) with stable types."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias

from starlette.responses import JSONResponse, Response

logger = logging.getLogger(__name__)

TYPE_BASE = "https://streetwarden.org/problems/"
MEDIA_TYPE = "application/problem+json"

Json: TypeAlias = (
    "Mapping[str, Json] | Sequence[Json] | str | int | float | bool | None"
)


class Problem(Exception):  # noqa: N818 the RFC's word for what a caller is told
    """A request that cannot be served, in words for the caller.

    Attributes:
        status: HTTP status.
        slug: stable last part of the type URI.
        title: the kind of problem, same for all its occurrences.
    """

    status = HTTPStatus.BAD_REQUEST
    slug = "bad-request"
    title = "The request cannot be understood"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Json,
    ) -> None:
        """Say what happened this time.

        Args:
            detail: what was got, what was expected, what to do.
            headers: sent along, e.g. `Retry-After`.
            **members: extension members of the problem document.
        """
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class Unauthenticated(Problem):
    """No usable credential came along."""

    status = HTTPStatus.UNAUTHORIZED
    slug = "unauthenticated"
    title = "A valid key or login is needed"

    def __init__(self, detail: str) -> None:
        """Ask for a bearer key."""
        super().__init__(
            detail, headers={"WWW-Authenticate": 'Bearer realm="streetwarden"'}
        )


class Forbidden(Problem):
    """The credential is good but not for this."""

    status = HTTPStatus.FORBIDDEN
    slug = "forbidden"
    title = "This key or role may not do that"


class NotFound(Problem):
    """Nothing by that name."""

    status = HTTPStatus.NOT_FOUND
    slug = "not-found"
    title = "There is nothing here"


class UnknownEvent(NotFound):
    """No event of that id has been reported."""

    slug = "unknown-event"
    title = "No such event"


class UnknownEvidence(NotFound):
    """The event has no file of that name."""

    slug = "unknown-evidence"
    title = "No such evidence file"


class EvidenceDeleted(Problem):
    """The file was deleted under a retention rule."""

    status = HTTPStatus.GONE
    slug = "evidence-deleted"
    title = "The file was deleted, as the rules ask"


class InvalidContent(Problem):
    """Well-formed, but not what the schema asks for."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "invalid-content"
    title = "The content does not match the schema"


class BadCursor(Problem):
    """The paging cursor is not one of ours."""

    slug = "bad-cursor"
    title = "The paging cursor is not valid"


class IdConflict(Problem):
    """The id was used before for other content."""

    status = HTTPStatus.CONFLICT
    slug = "id-conflict"
    title = "The same id came with other content"


class Conflict(Problem):
    """What is there already forbids it."""

    status = HTTPStatus.CONFLICT
    slug = "conflict"
    title = "This contradicts what is there"


class IllegalTransition(Problem):
    """The case's state does not allow this."""

    status = HTTPStatus.CONFLICT
    slug = "illegal-transition"
    title = "The case's state does not allow this"


class StaleVersion(Problem):
    """It has changed since it was read."""

    status = HTTPStatus.PRECONDITION_FAILED
    slug = "stale-version"
    title = "It has changed since it was read"


class VersionNeeded(Problem):
    """A change must say which version it was decided on."""

    status = HTTPStatus.PRECONDITION_REQUIRED
    slug = "version-needed"
    title = "If-Match with the version read is needed"


class TooMany(Problem):
    """Too many requests in too short a time."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    slug = "too-many-requests"
    title = "Too many requests"


class EvidenceConflict(Problem):
    """The name is taken by other bytes, or the bytes are not those announced."""

    status = HTTPStatus.CONFLICT
    slug = "evidence-conflict"
    title = "The file is not the one that the event announced"


class HashMismatch(Problem):
    """The bytes that arrived are not those that were sent."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    slug = "hash-mismatch"
    title = "The content does not match its SHA-256"


class UnknownUpload(NotFound):
    """No upload of that id is on its way in."""

    slug = "unknown-upload"
    title = "No such upload"


class OffsetConflict(Problem):
    """The bytes do not follow on those that are here."""

    status = HTTPStatus.CONFLICT
    slug = "offset-conflict"
    title = "The upload stands at another offset"


class Locked(Problem):
    """Another request is at it."""

    status = HTTPStatus.LOCKED
    slug = "locked"
    title = "Another request is changing it"


class TimedOut(Problem):
    """The body stopped coming."""

    status = HTTPStatus.REQUEST_TIMEOUT
    slug = "timed-out"
    title = "The body stopped coming"


class UnknownVersion(Problem):
    """A version of a protocol that is not spoken here."""

    status = HTTPStatus.PRECONDITION_FAILED
    slug = "unknown-version"
    title = "This version of the protocol is not spoken here"


class TooLarge(Problem):
    """The body is longer than allowed."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    slug = "too-large"
    title = "The body is too large"


class RangeNotSatisfiable(Problem):
    """The part asked for lies outside the file."""

    status = HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    slug = "range-not-satisfiable"
    title = "The file has no such part"


class UnsupportedType(Problem):
    """The media type is not taken here."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-media-type"
    title = "This media type is not accepted"


class Unavailable(Problem):
    """Something that the service needs is away; try again."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    slug = "unavailable"
    title = "The service cannot do this now"

    def __init__(self, detail: str) -> None:
        """Ask to come back in a while."""
        super().__init__(detail, headers={"Retry-After": "5"})


def problem_document(problem: Problem) -> dict[str, Json]:
    """Return the problem as RFC 9457 writes it."""
    return {
        "type": TYPE_BASE + problem.slug,
        "title": problem.title,
        "status": int(problem.status),
        "detail": problem.detail,
        **problem.members,
    }


def problem_response(problem: Problem) -> Response:
    """Return the problem as an HTTP answer."""
    return JSONResponse(
        problem_document(problem),
        status_code=int(problem.status),
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )
