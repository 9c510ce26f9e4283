"""Tables of cases, their steps and the requests to look again."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.base import Base
from serve.store.columns import Number, UtcTime

_NEWEST = ("reported_at", "number")
_WHOSE = ("street", "department")


class CaseRow(Base):
    """One case as it stands; `version` rises with every step and is its ETag."""

    __tablename__ = "cases"
    __table_args__ = (
        # Each leads a walk of `search` and answers it without a look at the rows.
        Index("ix_cases_state", "state", "slug", *_NEWEST, "due_at", *_WHOSE),
        Index(
            "ix_cases_department",
            "department",
            "state",
            "slug",
            *_NEWEST,
            "due_at",
            "street",
        ),
        Index(
            "ix_cases_street",
            "street",
            *_NEWEST,
            "state",
            "slug",
            "due_at",
            "department",
        ),
        Index("ix_cases_due", "due_at", *_NEWEST, "state", "slug", *_WHOSE),
        Index("ix_cases_recent", "reported_at", "number"),
        Index("ix_cases_warn", "warn_at"),
        Index("ix_cases_closed", "closed_at"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.event_id"), unique=True)
    version: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(String(16))
    slug: Mapped[str] = mapped_column(String(64))
    grid_id: Mapped[str | None] = mapped_column(String(64))
    street: Mapped[str | None] = mapped_column(String(128))
    community: Mapped[str | None] = mapped_column(String(128))
    department: Mapped[str | None] = mapped_column(String(64))
    responsible: Mapped[str | None] = mapped_column(String(128))
    way: Mapped[str | None] = mapped_column(String(16))
    reported_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcTime)
    due_for: Mapped[str | None] = mapped_column(String(16))
    escalated: Mapped[str | None] = mapped_column(String(16))
    stopped_state: Mapped[str | None] = mapped_column(String(16))
    stopped_at: Mapped[datetime | None] = mapped_column(UtcTime)
    merged_into: Mapped[int | None] = mapped_column(Number, index=True)
    recurrence_of: Mapped[str | None] = mapped_column(String(128))
    tally: Mapped[str] = mapped_column(String(256), server_default="reported")


class CaseStepRow(Base):
    """Who did what to a case, when and why; only ever added to."""

    __tablename__ = "case_steps"
    __table_args__ = (UniqueConstraint("case_number", "version"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    case_number: Mapped[int] = mapped_column(ForeignKey("cases.number"))
    version: Mapped[int] = mapped_column(Integer)
    action: Mapped[str] = mapped_column(String(32), index=True)
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(128))
    at: Mapped[datetime] = mapped_column(UtcTime, index=True)
    note: Mapped[str] = mapped_column(Text)
    department: Mapped[str | None] = mapped_column(String(64))
    due_at: Mapped[datetime | None] = mapped_column(UtcTime)
    detail: Mapped[str] = mapped_column(Text)


class VerificationRow(Base):
    """A request to the engine to look at a place again, and its answer."""

    __tablename__ = "verifications"
    __table_args__ = (Index("ix_verifications_open", "verdict", "camera_id"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    case_number: Mapped[int] = mapped_column(ForeignKey("cases.number"), index=True)
    event_id: Mapped[str] = mapped_column(String(128))
    camera_id: Mapped[str] = mapped_column(String(128))
    place_id: Mapped[str] = mapped_column(String(128))
    slug: Mapped[str] = mapped_column(String(64))
    requested_by: Mapped[str] = mapped_column(String(128))
    requested_at: Mapped[datetime] = mapped_column(UtcTime)
    verdict: Mapped[str] = mapped_column(String(16))
    answered_by: Mapped[str | None] = mapped_column(String(128))
    answered_at: Mapped[datetime | None] = mapped_column(UtcTime)
    reasons: Mapped[str] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(String(128))


class GridCellRow(Base):
    """One imported cell of the management grid; its outline is GeoJSON, WGS-84."""

    __tablename__ = "grid_cells"

    grid_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    street: Mapped[str] = mapped_column(String(128))
    community: Mapped[str] = mapped_column(String(128))
    department: Mapped[str] = mapped_column(String(64))
    street_class: Mapped[str | None] = mapped_column(String(64))
    revision: Mapped[str] = mapped_column(String(16))
    outline: Mapped[str] = mapped_column(Text)
