"""What people ask the engine to look at again."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from serve.access import Ingester, Services_
from serve.cases.verification import Answer, Verdict
from serve.cases.views import VerificationOut, verification_out
from serve.messages import FileName, Plain, Reason

router = APIRouter(tags=["verification"])


class QuestionOut(VerificationOut):
    """A second look that waits for the engine."""

    xyxy: Annotated[
        list[float] | None,
        Field(description="Where the place was reported, pixels of the zones' picture"),
    ]


class VerificationList(BaseModel):
    """What waits."""

    items: list[QuestionOut]


class AnswerIn(BaseModel):
    """What the engine saw."""

    verdict: Verdict
    reasons: Annotated[list[Reason], Field(max_length=64)] = []
    after: Annotated[
        FileName | None,
        Field(description="The after-picture's name among the event's evidence"),
    ] = None


@router.get("/api/v1/verifications", summary="Requests that wait for the engine")
def list_verifications(
    services: Services_,
    _: Ingester,
    camera: Annotated[
        list[Plain], Query(max_length=100, description="May be repeated; none: all")
    ] = [],  # noqa: B006 FastAPI copies it
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> VerificationList:
    """Return what the engine should look at, oldest first."""
    asked = services.verifications.pending(cameras=camera, limit=limit)
    return VerificationList(
        items=[
            QuestionOut(**verification_out(one.row).model_dump(), xyxy=one.xyxy)
            for one in asked
        ]
    )


@router.post(
    "/api/v1/verifications/{number}/answer", summary="Answer a verification request"
)
def answer_verification(
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
