"""Tables of legal holds and of what was deleted."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.base import Base
from serve.store.columns import Number, UtcTime


class HoldRow(Base):
    """Nothing of this event is deleted while a hold on it is not released."""

    __tablename__ = "holds"
    __table_args__ = (Index("ix_holds_event", "event_id", "released_at"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(ForeignKey("events.event_id"))
    reason: Mapped[str] = mapped_column(Text)
    held_by: Mapped[str] = mapped_column(String(128))
    held_at: Mapped[datetime] = mapped_column(UtcTime)
    released_by: Mapped[str | None] = mapped_column(String(128))
    released_at: Mapped[datetime | None] = mapped_column(UtcTime)


class DeletionRow(Base):
    """One file that is deleted under a rule; `deleted_at` once its bytes are gone."""

    __tablename__ = "deletions"
    __table_args__ = (Index("ix_deletions_event", "event_id", "name"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    rule: Mapped[str] = mapped_column(String(128))
    decided_at: Mapped[datetime] = mapped_column(UtcTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime, index=True)
