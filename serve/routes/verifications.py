"""What people ask the engine to look at again."""

import json
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from serve.access import Ingester, Services_
from serve.cases.verification import Answer, Verdict
from serve.messages import FileName, Reason, Short
from serve.store.case_tables import VerificationRow

router = APIRouter(tags=["verification"])


class VerificationOut(BaseModel):
    """A second look."""

    number: int
    case: int
    event_id: str
    camera_id: str
    place_id: str
    slug: str
    requested_by: str
    requested_at: datetime
    verdict: Annotated[str, Field(description="`pending` until the engine answers")]
    answered_at: datetime | None
    reasons: list[dict[str, str | float | bool | None]]
    after: str | None


class VerificationList(BaseModel):
    """What waits."""

    items: list[VerificationOut]


class AnswerIn(BaseModel):
    """What the engine saw."""

    verdict: Verdict
    reasons: Annotated[list[Reason], Field(max_length=64)] = []
    after: Annotated[
        FileName | None,
        Field(description="The after-picture's name among the event's evidence"),
    ] = None


@router.get("/api/v1/verifications", summary="Requests that wait for the engine")
def list_pending(
    services: Services_,
    _: Ingester,
    camera: Short | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> VerificationList:
    """Return what the engine should look at, oldest first."""
    rows = services.verifications.pending(camera_id=camera, limit=limit)
    return VerificationList(items=[verification_out(row) for row in rows])


@router.post(
    "/api/v1/verifications/{number}/answer", summary="Answer a verification request"
)
def answer(
    number: Annotated[int, Path(ge=1, le=2**53)],
    given: AnswerIn,
    services: Services_,
    who: Ingester,
) -> VerificationOut:
    """Take the engine's verdict; `cleared` must name its after-picture."""
    reasons = [reason.model_dump() for reason in given.reasons]
    row = services.verifications.answer(
        number, Answer(given.verdict, reasons, given.after), who
    )
    services.feed.ring()
    return verification_out(row)


def verification_out(row: VerificationRow) -> VerificationOut:
    """Return a second look for readers."""
    return VerificationOut(
        number=row.number,
        case=row.case_number,
        event_id=row.event_id,
        camera_id=row.camera_id,
        place_id=row.place_id,
        slug=row.slug,
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        verdict=row.verdict,
        answered_at=row.answered_at,
        reasons=json.loads(row.reasons),
        after=row.after,
    )
