"""Tables of events, evidence and cameras."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column

from serve.store.base import Base
from serve.store.columns import Number, UtcTime

_NEWEST = ("opened_at", "number")
_WHERE = ("lat", "lon")


class EventRow(Base):
    """One violation as it stands now.

    `body` is the CloudEvent of its highest step; `evidence` all files that any step
    announced. `state` is `open` or `cleared`. `tile` says where on the map (`tiles`);
    `accuracy_m` is the radius around it within which the thing lies with 95 %, None
    where the camera stands there instead.
    """

    __tablename__ = "events"
    __table_args__ = (
        # Each answers a kind of question (`event_search`) without a look at the rows.
        Index("ix_events_recent", *_NEWEST, *_WHERE, "state", "slug", "street"),
        Index("ix_events_slug_recent", "slug", *_NEWEST, *_WHERE, "state", "street"),
        Index("ix_events_state_recent", "state", *_NEWEST, *_WHERE, "slug", "street"),
        Index("ix_events_kind_recent", "slug", "state", *_NEWEST, *_WHERE, "street"),
        Index(
            "ix_events_camera_recent", "camera_id", *_NEWEST, "state", "slug", "street"
        ),
        Index("ix_events_street_recent", "street", *_NEWEST, "state", "slug"),
        Index("ix_events_place", "tile", *_NEWEST, *_WHERE, "state", "slug", "street"),
    )

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    event_id: Mapped[str] = mapped_column(String(128), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    sequence: Mapped[int] = mapped_column(Integer)
    slug: Mapped[str] = mapped_column(String(64))
    camera_id: Mapped[str] = mapped_column(String(128))
    severity: Mapped[int] = mapped_column(Integer)
    lat: Mapped[float | None] = mapped_column(Float(53))
    lon: Mapped[float | None] = mapped_column(Float(53))
    tile: Mapped[int | None] = mapped_column(BigInteger)
    accuracy_m: Mapped[float | None] = mapped_column(Float(53))
    grid_id: Mapped[str | None] = mapped_column(String(64))
    street: Mapped[str | None] = mapped_column(String(128))
    opened_at: Mapped[datetime] = mapped_column(UtcTime)
    updated_at: Mapped[datetime] = mapped_column(UtcTime)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    body: Mapped[str] = mapped_column(Text)
    evidence: Mapped[str] = mapped_column(Text)


class MessageRow(Base):
    """One message, in the order of arrival; never changed, never deleted by hand.

    It is an event's history, and the feed that subscribers follow by `number`.
    """

    __tablename__ = "messages"
    __table_args__ = (Index("ix_messages_event", "event_id", "sequence"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    message_id: Mapped[str] = mapped_column(String(256), unique=True)
    content_sha256: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(128))
    event_id: Mapped[str | None] = mapped_column(String(128))
    sequence: Mapped[int] = mapped_column(Integer)
    time: Mapped[datetime] = mapped_column(UtcTime)
    received_at: Mapped[datetime] = mapped_column(UtcTime)
    body: Mapped[str] = mapped_column(Text)


class EvidenceRow(Base):
    """One evidence file that arrived whole."""

    __tablename__ = "evidence_files"

    event_id: Mapped[str] = mapped_column(
        ForeignKey("events.event_id"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    role: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    stored_at: Mapped[datetime] = mapped_column(UtcTime)


class UnrecordedRow(Base):
    """Bytes that are about to be evidence, from before they lie there to their record.

    What stays here belongs to an upload that was refused at last or broke off.
    """

    __tablename__ = "unrecorded_files"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    put_at: Mapped[datetime] = mapped_column(UtcTime, index=True)


class HealthRow(Base):
    """The newest word on one kind of trouble of one camera (or the engine: '')."""

    __tablename__ = "health"

    camera_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    ok: Mapped[bool] = mapped_column()
    at: Mapped[datetime] = mapped_column(UtcTime)
    detail: Mapped[str] = mapped_column(Text)


class HealthLogRow(Base):
    """Every health report of a camera, for how long it could see.

    Only added to; but the end of a gap moves on while runs of an engine end at once.
    """

    __tablename__ = "health_log"
    __table_args__ = (Index("ix_health_log_time", "at", "number"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(64))
    ok: Mapped[bool] = mapped_column()
    at: Mapped[datetime] = mapped_column(UtcTime)


class EngineRow(Base):
    """A program that watches cameras and says so again and again.

    `alive_at` is its latest sign of life, `silent_since` that time once no further one
    came, `ended_at` when it said that it stops; `run_id` tells its runs apart.
    """

    __tablename__ = "engines"

    engine_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    site: Mapped[str] = mapped_column(String(128))
    version: Mapped[str] = mapped_column(String(64))
    run_id: Mapped[str] = mapped_column(String(64))
    began_at: Mapped[datetime] = mapped_column(UtcTime)
    alive_at: Mapped[datetime] = mapped_column(UtcTime)
    silent_since: Mapped[datetime | None] = mapped_column(UtcTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcTime)


class CameraRow(Base):
    """A camera that has reported something, or that an engine watches.

    `engine_id` is the engine that watches it, None while none has ever said so;
    `left_at` is when that engine's site went on without it. `also_id` is an engine that
    watches it as well: it named it before and still runs. One that is `moving` has no
    place of its own.
    """

    __tablename__ = "cameras"

    camera_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    name: Mapped[str] = mapped_column(String(256))
    gb_id: Mapped[str | None] = mapped_column(String(64))
    lat: Mapped[float | None] = mapped_column(Float(53))
    lon: Mapped[float | None] = mapped_column(Float(53))
    address: Mapped[str | None] = mapped_column(String(512))
    first_seen: Mapped[datetime] = mapped_column(UtcTime)
    last_seen: Mapped[datetime] = mapped_column(UtcTime)
    engine_id: Mapped[str | None] = mapped_column(String(128), index=True)
    left_at: Mapped[datetime | None] = mapped_column(UtcTime)
    also_id: Mapped[str | None] = mapped_column(String(128), index=True)
    moving: Mapped[bool] = mapped_column(server_default=false())
