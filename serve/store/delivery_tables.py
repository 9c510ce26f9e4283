"""Tables of subscribers and what is on its way to them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.base import Base
from serve.store.columns import Number, UtcTime


class SubscriptionRow(Base):
    """Somebody who wants to be told. `after_number` is how far the feed is queued.

    `secret` and `old_secret` are encrypted with the service's own key.
    """

    __tablename__ = "subscriptions"

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(String(1024))
    types: Mapped[str] = mapped_column(Text)
    slugs: Mapped[str] = mapped_column(Text)
    departments: Mapped[str] = mapped_column(Text, server_default="")
    secret: Mapped[str] = mapped_column(Text)
    old_secret: Mapped[str | None] = mapped_column(Text)
    old_until: Mapped[datetime | None] = mapped_column(UtcTime)
    disabled: Mapped[str | None] = mapped_column(String(256))
    after_number: Mapped[int] = mapped_column(Number)
    created_by: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UtcTime)


class DeliveryRow(Base):
    """One message on its way to one subscriber.

    `state` is `pending`, `delivered` or `dead`. A worker that takes one writes until
    when it may keep it; after that another one takes it, so a crash loses nothing.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("subscription", "message_number"),
        Index("ix_deliveries_due", "state", "next_at"),
        Index("ix_deliveries_order", "subscription", "order_key", "state", "number"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    subscription: Mapped[int] = mapped_column(ForeignKey("subscriptions.number"))
    message_number: Mapped[int] = mapped_column(ForeignKey("messages.number"))
    message_id: Mapped[str] = mapped_column(String(256))
    order_key: Mapped[str] = mapped_column(String(128))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(Integer)
    next_at: Mapped[datetime] = mapped_column(UtcTime)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcTime)
    status: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str | None] = mapped_column(String(512))
    finished_at: Mapped[datetime | None] = mapped_column(UtcTime)
