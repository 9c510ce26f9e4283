"""Evidence files in pieces: tus 1.0.0, core and creation (https://tus.io).

An upload that broke off goes on where it broke off. The same file of the same event is
the same upload, so a sender need not remember where it left one: it begins again, and
is told how much is here. With the last byte the file is checked by its hash and becomes
evidence, as by `PUT`.
"""

import base64
import binascii
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.concurrency import run_in_threadpool
from typing_extensions import override

from serve.access import Ingester, Services_
from serve.errors import (
    HashMismatch,
    InvalidContent,
    Problem,
    TooLarge,
    UnknownVersion,
    UnsupportedType,
)
from serve.handed_in import accepted_type, expect, expected_of, hand_in
from serve.json_words import in_words
from serve.messages import FileName, Identifier, Role, Sha256
from serve.partials import Partial
from serve.services import Services
from serve.store.evidence import Upload

VERSION = "1.0.0"
# tus asks for the first; the second is what tools without a notion of tus can send.
PIECES = ("application/offset+octet-stream", "application/octet-stream")
_PATH = "/api/v1/uploads"
_ONE = _PATH + "/{upload_id}"


class _TusRoute(APIRoute):
    """Says with every answer, failures included, that tus is spoken here."""

    @override
    def get_route_handler(
        self,
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def with_version(request: Request) -> Response:
            try:
                response = await handle(request)
            except Problem as problem:
                problem.headers |= {"Tus-Resumable": VERSION}
                raise
            response.headers["Tus-Resumable"] = VERSION
            return response

        return with_version


router = APIRouter(tags=["evidence"], route_class=_TusRoute)


class _Meant(BaseModel):
    """What `Upload-Metadata` says of a file; other keys are let through."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    event_id: Identifier
    filename: FileName
    filetype: str
    sha256: Sha256
    role: Role | None = None


def _version(
    tus_resumable: Annotated[str, Header(description="The version spoken")] = "",
) -> None:
    if tus_resumable != VERSION:
        msg = f"Tus-Resumable: got {tus_resumable!r}; expected {VERSION}"
        raise UnknownVersion(msg, headers={"Tus-Version": VERSION})


_Spoken = Depends(_version)
_HELD = {"headers": {"Upload-Offset": {"schema": {"type": "integer"}}}}


def _meant(
    upload_metadata: Annotated[
        str,
        Header(
            description="Keys with Base64 values, separated by commas: `event_id`, "
            "`filename`, `filetype`, `sha256` and, for a file that the event did not "
            "announce, `role`"
        ),
    ],
) -> Upload:
    try:
        said = dict(_pair(pair) for pair in upload_metadata.split(",") if pair.strip())
        meant = _Meant.model_validate(said)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in fault["loc"])
        msg = f"Upload-Metadata: {key}: {in_words(fault)}"
        raise InvalidContent(msg) from error
    except (binascii.Error, UnicodeDecodeError) as error:
        msg = f"Upload-Metadata: {error}; expected `key base64,key base64`"
        raise InvalidContent(msg) from error
    return Upload(
        event_id=meant.event_id,
        name=meant.filename,
        media_type=accepted_type(meant.filetype),
        sha256=meant.sha256,
        role=meant.role,
    )


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.strip().partition(" ")
    return key, base64.b64decode(value.strip(), validate=True).decode()


@router.options(_PATH, status_code=204, summary="What resumable uploads can do here")
def describe_uploads(services: Services_) -> Response:
    """Tell version, extensions and the longest file, as tus asks."""
    return Response(
        status_code=204,
        headers={
            "Tus-Version": VERSION,
            "Tus-Extension": "creation",
            "Tus-Max-Size": str(services.settings.max_evidence_bytes),
        },
    )


@router.post(
    _PATH,
    status_code=201,
    summary="Begin, or find again, an upload that can be resumed",
    response_class=Response,
    responses={201: {"description": "Go on at `Upload-Offset`", **_HELD}},
    dependencies=[_Spoken],
)
async def begin_upload(
    upload: Annotated[Upload, Depends(_meant)],
    upload_length: Annotated[int, Header(ge=1, le=2**53)],
    services: Services_,
    _: Ingester,
) -> Response:
    """Say where to send a file of an event reported before, and from which byte on.

    An offset as long as the file means that it is stored; nothing is left to send.
    """
    limit = services.settings.max_evidence_bytes
    if upload_length > limit:
        msg = f"Upload-Length: got {upload_length}; expected at most {limit} bytes"
        raise TooLarge(msg)
    role, there = await run_in_threadpool(expect, services, upload)
    if there:
        return _told(201, upload_length, "uploads/stored")
    begun = await run_in_threadpool(services.partials.begin, upload, upload_length)
    if begun.whole:  # the service was stopped between the last byte and the record
        await run_in_threadpool(_finish, services, begun, role)
    return _told(201, begun.offset, f"uploads/{begun.upload_id}")


@router.head(
    _ONE,
    summary="How far an upload has come",
    response_class=Response,
    responses={200: {"description": "Go on at `Upload-Offset`", **_HELD}},
    dependencies=[_Spoken],
)
def look_at_upload(upload_id: str, services: Services_, _: Ingester) -> Response:
    """Tell the offset from which to go on."""
    partial = services.partials.find(_plain(upload_id))
    response = _told(200, partial.offset)
    response.headers["Upload-Length"] = str(partial.size_bytes)
    return response


@dataclass(frozen=True, slots=True)
class _Piece:
    """Where a piece belongs, as its request says."""

    upload_id: str
    offset: int


def _piece(
    upload_id: str,
    upload_offset: Annotated[int, Header(ge=0, le=2**53)],
    content_type: Annotated[str, Header()] = "",
) -> _Piece:
    if content_type.partition(";")[0].strip() not in PIECES:
        msg = f"content-type: got {content_type!r}; expected {PIECES[0]}"
        raise UnsupportedType(msg)
    return _Piece(_plain(upload_id), upload_offset)


@router.patch(
    _ONE,
    status_code=204,
    summary="Send the next bytes of an upload",
    response_class=Response,
    responses={204: {"description": "They are here", **_HELD}},
    dependencies=[_Spoken],
    openapi_extra={
        "requestBody": {
            "required": True,
            # Client generators choke on the other type, which tus clients know of.
            "content": {PIECES[1]: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def continue_upload(
    piece: Annotated[_Piece, Depends(_piece)],
    request: Request,
    services: Services_,
    _: Ingester,
) -> Response:
    """Take bytes that follow on those that are here; with the last, check the file.

    Bytes that do not hash to what was announced are forgotten: begin anew.
    """
    partial = await run_in_threadpool(services.partials.find, piece.upload_id)
    role, there = await run_in_threadpool(expect, services, partial.upload)
    if there:
        await run_in_threadpool(services.partials.forget, partial)
        return _told(204, partial.size_bytes)
    partial = await services.partials.append(partial, piece.offset, request.stream())
    if partial.whole:
        await run_in_threadpool(_finish, services, partial, role)
    return _told(204, partial.offset)


def _finish(services: Services, partial: Partial, role: str) -> None:
    upload = partial.upload
    path = services.partials.path(partial)
    try:
        received = services.files.take(path, expected_of(services, upload))
        hand_in(services, upload, role, received)
    except (HashMismatch, UnsupportedType):
        services.partials.forget(partial)
        raise
    services.partials.forget(partial)


def _plain(upload_id: str) -> str:
    """Return an id that can name a file; another one names none."""
    return upload_id if upload_id.isalnum() and upload_id.isascii() else "none"


def _told(status: int, offset: int, location: str | None = None) -> Response:
    response = Response(status_code=status)
    response.headers["Upload-Offset"] = str(offset)
    response.headers["Cache-Control"] = "no-store"
    if location is not None:
        # Relative: a proxy may have put a path of its own before ours.
        response.headers["Location"] = location
    return response
