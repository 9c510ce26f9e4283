"""Legal holds and the deletion log."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, StringConstraints

from serve.access import Auditor, Services_, require
from serve.messages import NO_NUL, Identifier
from serve.people.roles import Principal, Scope

router = APIRouter(tags=["retention"])

MAX_PAGE = 200
Reason = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=512, pattern=NO_NUL
    ),
]
Holder = Annotated[Principal, Depends(require(Scope.SUPERVISE))]


class HoldWish(BaseModel):
    """Why a hold is placed or released."""

    reason: Reason


class HoldOut(BaseModel):
    """One hold."""

    model_config = ConfigDict(from_attributes=True)

    event_id: str
    reason: str
    held_by: str
    held_at: datetime
    released_by: str | None
    released_at: datetime | None


class DeletionOut(BaseModel):
    """One line of the deletion log; `deleted_at` is null until the bytes are gone."""

    model_config = ConfigDict(from_attributes=True)

    number: int
    event_id: str
    name: str
    role: str
    sha256: str
    size_bytes: int
    rule: str
    decided_at: datetime
    deleted_at: datetime | None


@router.post("/api/v1/events/{event_id}/hold", status_code=201, summary="Legal hold")
def place_hold(
    event_id: Identifier, wish: HoldWish, services: Services_, who: Holder
) -> HoldOut:
    """Keep everything of an event until the hold is released; audited."""
    services.events.get(event_id, who)
    return HoldOut.model_validate(services.holds.place(event_id, wish.reason, who))


@router.post("/api/v1/events/{event_id}/hold/release", summary="Release a legal hold")
def release_hold(
    event_id: Identifier, wish: HoldWish, services: Services_, who: Holder
) -> HoldOut:
    """Let the retention rules apply again; audited."""
    services.events.get(event_id, who)
    return HoldOut.model_validate(services.holds.release(event_id, wish.reason, who))


@router.get("/api/v1/holds", summary="Legal holds that stand")
def list_holds(
    services: Services_,
    _: Auditor,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> list[HoldOut]:
    """Return every standing hold, newest first."""
    return [HoldOut.model_validate(row) for row in services.holds.standing(limit=limit)]


@router.get("/api/v1/deletions", summary="The deletion log")
def list_deletions(
    services: Services_,
    _: Auditor,
    event_id: Identifier | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> list[DeletionOut]:
    """Return which files were deleted when and under which rule, newest first."""
    lines = services.holds.deletions(event_id=event_id, before=before, limit=limit)
    return [DeletionOut.model_validate(row) for row in lines]
