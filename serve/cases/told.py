"""What those who follow are told of a case: enough to act on without asking back."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from serve.cases.lifecycle import State, Way
from serve.shapes import LocationOut
from serve.store.case_tables import CaseRow
from serve.store.tables import EventRow
from serve.views import about


class CaseTold(BaseModel):
    """A case after a step, and what it is about."""

    case: Annotated[int, Field(description="Its number")]
    version: Annotated[int, Field(description="Rising; goes into `If-Match`")]
    event_id: str
    slug: str
    # What was told before this version lacks the next four, and is still in the feed.
    scheme: Annotated[str, Field(description="Of the code: GB/T 47678.5-2026")] = ""
    code: str = ""
    code_name: str = ""
    location: LocationOut | None = None
    state: State
    department: str | None
    responsible: str | None
    way: Way | None
    grid_id: str | None
    street: str | None
    due_at: datetime | None
    note: str
    detail: dict[str, str | int | float | None]


class CaseMessage(BaseModel):
    """CloudEvent `org.streetwarden.case.{what happened}.v1`."""

    specversion: Literal["1.0"]
    type: Annotated[str, Field(pattern=r"^org\.streetwarden\.case\.[a-z_]+\.v1$")]
    id: Annotated[str, Field(description="Unique; take it as a whole")]
    source: str
    subject: Annotated[str, Field(description="`cases/` and the number")]
    time: datetime
    datacontenttype: Literal["application/json"]
    data: CaseTold


def told_of(
    session: Session, row: CaseRow, note: str, detail: dict[str, str | float | None]
) -> CaseTold:
    """Return what is told of a case as it stands.

    Args:
        session: within which it was changed.
        row: the case.
        note: why, in the words of whoever did it.
        detail: what followed from it.
    """
    found = select(EventRow).where(EventRow.event_id == row.event_id)
    return CaseTold(
        case=row.number,
        version=row.version,
        event_id=row.event_id,
        slug=row.slug,
        **about(session.scalars(found).one()),
        state=State(row.state),
        department=row.department,
        responsible=row.responsible,
        way=None if row.way is None else Way(row.way),
        grid_id=row.grid_id,
        street=row.street,
        due_at=row.due_at,
        note=note,
        detail=detail,
    )
