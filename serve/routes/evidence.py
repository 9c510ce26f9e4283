"""Evidence files: in by hash, out to readers, clips in ranges."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from serve.access import Ingester, Reader, Services_
from serve.errors import (
    Forbidden,
    InvalidContent,
    UnknownEvidence,
)
from serve.files import ACCEPTED
from serve.handed_in import accepted_type, expect, expected_of, hand_in
from serve.messages import NO_NUL, FileName, Identifier, Role, Sha256
from serve.people.audit import Deed
from serve.people.roles import ANYONE_HERE, Principal, Scope
from serve.ranges import Asked, asked_range, is_there, part_of
from serve.services import Services
from serve.store.evidence import Upload
from serve.store.tables import EvidenceRow
from serve.views import is_shared, shows_plates

router = APIRouter(tags=["evidence"])

_BYTES = {"schema": {"type": "string", "format": "binary"}}
_PATH = "/api/v1/events/{event_id}/evidence/{name}"


class Stored(BaseModel):
    """What became of one file."""

    event_id: str
    name: str
    sha256: str
    result: str


def _upload(
    event_id: Identifier,
    name: FileName,
    request: Request,
    x_content_sha256: Annotated[Sha256, Header(description="Of the body, hex")],
    x_evidence_role: Annotated[
        Role | None, Header(description="For a file that the event did not announce")
    ] = None,
) -> Upload:
    media_type = accepted_type(request.headers.get("content-type", ""))
    return Upload(
        event_id=event_id,
        name=name,
        media_type=media_type,
        sha256=x_content_sha256,
        role=x_evidence_role,
    )


@router.put(
    _PATH,
    status_code=201,
    summary="Hand in one evidence file",
    responses={200: {"model": Stored, "description": "It was here before"}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"The file; `Content-Type` is one of {sorted(ACCEPTED)}",
            "content": {"application/octet-stream": _BYTES},
        }
    },
)
async def put_evidence(
    upload: Annotated[Upload, Depends(_upload)],
    request: Request,
    response: Response,
    services: Services_,
    _: Ingester,
) -> Stored:
    """Store a file of an event reported before; sending it again is harmless.

    The hash must be the one that the event announced under this name, or that a
    manifest handed in before lists. A file that neither names (a clip that was sealed
    later, the manifest itself: role `manifest`) gets the role sent along.
    """
    role, there = await run_in_threadpool(expect, services, upload)
    if not there:
        expected = expected_of(services, upload)
        received = await services.files.receive(request.stream(), expected)
        there = not await run_in_threadpool(hand_in, services, upload, role, received)
    response.status_code = 200 if there else 201
    return Stored(
        event_id=upload.event_id,
        name=upload.name,
        sha256=upload.sha256,
        result="repeated" if there else "new",
    )


def may_see_plates(services: Services, event_id: str, reader: Principal) -> bool:
    """Return whether a reader may see plates in an event's copies without a reason.

    That takes a parking case that a person registered, and somebody who works on it.
    """
    return reader.works_on_cases and services.find_cases.shows_plates(event_id)


def _open_original(
    services: Services, row: EvidenceRow, reader: Principal, reason: str
) -> None:
    subject = f"{row.event_id}/{row.name}"
    if shows_plates(row.role) and may_see_plates(services, row.event_id, reader):
        services.audit.note(Deed(reader, "plates.read", subject, reason))
        return
    if not reader.may(Scope.ORIGINALS):
        msg = (
            f"evidence {row.name} is an original and may show people; it needs the "
            f"scope {Scope.ORIGINALS}; redacted copies are open to every reader"
        )
        raise Forbidden(msg)
    if not reason and reader is not ANYONE_HERE:
        msg = "reason: an original is opened for a reason; say which, it is audited"
        raise InvalidContent(msg)
    services.audit.note(Deed(reader, "original.read", subject, reason))


def _kept(role: str) -> dict[str, str]:
    """Return how long a browser may keep a file, and for whom.

    Every look at an original is audited, so each must be asked for here.
    """
    if not is_shared(role):
        return {"Cache-Control": "no-store"}
    return {
        "Cache-Control": "private, max-age=3600",
        "Vary": "Authorization, Cookie",
    }


@router.get(
    _PATH,
    summary="One evidence file",
    response_class=StreamingResponse,
    responses={
        200: {
            # Generated clients take the first: bytes, whatever is in them.
            "content": dict.fromkeys(
                ["application/octet-stream", *sorted(ACCEPTED)], _BYTES
            )
        },
        206: {
            "description": "The range asked for",
            "content": {"application/octet-stream": _BYTES},
        },
        304: {"description": "You have it"},
    },
)
def get_evidence(
    event_id: Identifier,
    name: FileName,
    services: Services_,
    reader: Reader,
    asked: Annotated[Asked, Depends(asked_range)],
    reason: Annotated[
        str,
        Query(
            description="Why an original is needed; audited",
            max_length=512,
            pattern=NO_NUL,
        ),
    ] = "",
) -> Response:
    """Return a file; clips may be read in ranges.

    Redacted and overlay copies are for every reader; copies that show plates for those
    who work on cases, once a person registered the parking case. Originals need the
    scope `originals` and a reason. Every look at plates or originals is audited.
    """
    services.events.get(event_id, reader)
    row = services.evidence.get(event_id, name)
    if not is_shared(row.role):
        _open_original(services, row, reader, reason.strip())
    size = services.files.size(row.sha256)
    if size is None:
        msg = f"evidence {name}: the file is no longer in the store"
        raise UnknownEvidence(msg)
    etag = f'"{row.sha256}"'
    kept = {"ETag": etag, **_kept(row.role)}
    if is_there(asked, etag):
        return Response(status_code=304, headers=kept)
    part = part_of(asked, size, etag)
    headers = {
        **kept,
        "Accept-Ranges": "bytes",
        "Content-Length": str(part.stop - part.start),
    }
    if part.partial:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return StreamingResponse(
        services.files.read(row.sha256, part.start, part.stop),
        status_code=206 if part.partial else 200,
        media_type=row.media_type,
        headers=headers,
    )
