"""What readers get of a case."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from pydantic import BaseModel, Field

from serve.cases.lifecycle import Action, State, Way
from serve.cases.same import Same
from serve.cases.store import may
from serve.people.roles import Principal
from serve.shapes import CameraOfEvent, LocationOut, ReasonOut
from serve.store.case_tables import CaseRow, CaseStepRow, VerificationRow
from serve.store.tables import EventRow
from serve.views import about, camera_of, reason_out


class Due(BaseModel):
    """The deadline that runs now."""

    stage: str
    at: datetime
    overdue: bool
    escalated: str | None


class CaseStep(BaseModel):
    """Who did what, when and why."""

    version: int
    action: str
    from_state: str
    to_state: str
    actor: str
    at: datetime
    note: str
    department: str | None
    due_at: datetime | None
    detail: dict[str, str | int | float | None]


class CaseOut(BaseModel):
    """One case as it stands; its ETag is its version."""

    number: int
    version: int
    state: State
    event_id: str
    slug: str
    scheme: Annotated[str, Field(description="Of the code: GB/T 47678.5-2026")]
    code: str
    code_name: str
    location: LocationOut | None
    grid_id: str | None
    street: str | None
    community: str | None
    department: str | None
    responsible: str | None
    way: Way | None
    reported_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    due: Due | None
    merged_into: int | None
    recurrence_of: str | None
    possible: Annotated[list[Action], Field(description="What you can do to it now")]
    url: str
    event_url: str


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
    reasons: list[ReasonOut]
    after: Annotated[
        str | None,
        Field(description="Name of the after-picture among the event's evidence"),
    ]
    after_url: str | None


class SameOut(BaseModel):
    """Another case of the same thing, as it stands, and how its event does."""

    case: int
    version: int
    state: State
    event_id: str
    event_state: Annotated[str, Field(description="`open` or `cleared`")]
    camera: CameraOfEvent
    opened_at: datetime
    updated_at: Annotated[datetime, Field(description="Newest step of its event")]
    distance_m: Annotated[
        float | None,
        Field(
            description=(
                "Metres between the places as reported; a fixed camera reports its own"
            )
        ),
    ]
    url: str
    event_url: str


class CaseDetail(CaseOut):
    """One case with every step and every second look."""

    history: list[CaseStep]
    verifications: list[VerificationOut]
    possible_duplicates: Annotated[
        list[int],
        Field(description="Unfinished cases of the same kind at the same place"),
    ]
    alike: Annotated[
        list[SameOut], Field(description="What `possible_duplicates` names, told more")
    ]
    absorbed: Annotated[
        list[SameOut],
        Field(description="Cases that were merged into this one; their events go on"),
    ]


class CasePage(BaseModel):
    """Some cases, newest first."""

    items: list[CaseOut]
    next: str | None


def case_out(row: CaseRow, event: EventRow, who: Principal, now: datetime) -> CaseOut:
    """Return a case for readers; `event` opened it."""
    due = None
    if row.due_at is not None and row.due_for is not None:
        due = Due(
            stage=row.due_for,
            at=row.due_at,
            overdue=row.due_at <= (row.stopped_at or now),
            escalated=row.escalated,
        )
    return CaseOut(
        number=row.number,
        version=row.version,
        state=State(row.state),
        event_id=row.event_id,
        slug=row.slug,
        **about(event),
        grid_id=row.grid_id,
        street=row.street,
        community=row.community,
        department=row.department,
        responsible=row.responsible,
        way=None if row.way is None else Way(row.way),
        reported_at=row.reported_at,
        updated_at=row.updated_at,
        closed_at=row.closed_at,
        due=due,
        merged_into=row.merged_into,
        recurrence_of=row.recurrence_of,
        possible=[action for action in Action if may(row, action, who)],
        url=f"/api/v1/cases/{row.number}",
        event_url=f"/api/v1/events/{row.event_id}",
    )


@dataclass(frozen=True, slots=True)
class Past:
    """What has happened to a case, and around it.

    Attributes:
        event: opened it.
        steps: in order; its report is not among them.
        looks: second looks, oldest first.
        alike: cases that may be the same.
        absorbed: cases that were merged into it.
    """

    event: EventRow
    steps: Sequence[CaseStepRow]
    looks: Sequence[VerificationRow]
    alike: Sequence[Same]
    absorbed: Sequence[Same]


def case_detail(row: CaseRow, past: Past, who: Principal, now: datetime) -> CaseDetail:
    """Return a case with its steps; the report comes first."""
    history = [
        CaseStep(
            version=1,
            action="report",
            from_state=State.REPORTED,
            to_state=State.REPORTED,
            actor="engine",
            at=row.reported_at,
            note="",
            department=None,
            due_at=None,
            detail={},
        )
    ]
    history += [
        CaseStep(
            version=step.version,
            action=step.action,
            from_state=step.from_state,
            to_state=step.to_state,
            actor=step.actor,
            at=step.at,
            note=step.note,
            department=step.department,
            due_at=step.due_at,
            detail=json.loads(step.detail),
        )
        for step in past.steps
    ]
    return CaseDetail(
        **case_out(row, past.event, who, now).model_dump(),
        history=history,
        verifications=[verification_out(look) for look in past.looks],
        possible_duplicates=[one.case.number for one in past.alike],
        alike=[_same_out(one) for one in past.alike],
        absorbed=[_same_out(one) for one in past.absorbed],
    )


def _same_out(same: Same) -> SameOut:
    case, event = same.case, same.event
    return SameOut(
        case=case.number,
        version=case.version,
        state=State(case.state),
        event_id=event.event_id,
        event_state=event.state,
        camera=camera_of(event),
        opened_at=event.opened_at,
        updated_at=event.updated_at,
        distance_m=None if same.distance_m is None else round(same.distance_m, 1),
        url=f"/api/v1/cases/{case.number}",
        event_url=f"/api/v1/events/{event.event_id}",
    )


def verification_out(row: VerificationRow) -> VerificationOut:
    """Return a second look for readers."""
    after_url = None
    if row.after is not None:
        event = quote(row.event_id, safe="")
        after_url = f"/api/v1/events/{event}/evidence/{quote(row.after, safe='')}"
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
        reasons=[reason_out(told) for told in json.loads(row.reasons)],
        after=row.after,
        after_url=after_url,
    )
