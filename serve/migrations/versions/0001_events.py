"""Events, their messages, evidence, cameras and keys."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import Number, UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "api_keys",
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=256), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("sha256", name=op.f("uq_api_keys_sha256")),
    )
    op.create_table(
        "cameras",
        sa.Column("camera_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("gb_id", sa.String(length=64), nullable=True),
        sa.Column("lat", sa.Float(precision=53), nullable=True),
        sa.Column("lon", sa.Float(precision=53), nullable=True),
        sa.Column("address", sa.String(length=512), nullable=True),
        sa.Column("first_seen", UtcTime(), nullable=False),
        sa.Column("last_seen", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", name=op.f("pk_cameras")),
    )
    op.create_table(
        "events",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("camera_id", sa.String(length=128), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("lat", sa.Float(precision=53), nullable=True),
        sa.Column("lon", sa.Float(precision=53), nullable=True),
        sa.Column("opened_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_events")),
        sa.UniqueConstraint("event_id", name=op.f("uq_events_event_id")),
    )
    op.create_index(
        "ix_events_camera_recent",
        "events",
        ["camera_id", "opened_at", "number"],
        unique=False,
    )
    op.create_index("ix_events_place", "events", ["lat", "lon"], unique=False)
    op.create_index("ix_events_recent", "events", ["opened_at", "number"], unique=False)
    op.create_index(
        "ix_events_slug_recent", "events", ["slug", "opened_at", "number"], unique=False
    )
    op.create_index(
        "ix_events_state_recent",
        "events",
        ["state", "opened_at", "number"],
        unique=False,
    )
    op.create_table(
        "health",
        sa.Column("camera_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "kind", name=op.f("pk_health")),
    )
    op.create_table(
        "messages",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.String(length=256), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=128), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("time", UtcTime(), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_messages")),
        sa.UniqueConstraint("message_id", name=op.f("uq_messages_message_id")),
    )
    op.create_index(
        "ix_messages_event", "messages", ["event_id", "sequence"], unique=False
    )
    op.create_table(
        "evidence_files",
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name=op.f("fk_evidence_files_event_id")
        ),
        sa.PrimaryKeyConstraint("event_id", "name", name=op.f("pk_evidence_files")),
    )
    op.create_index(
        op.f("ix_evidence_files_sha256"), "evidence_files", ["sha256"], unique=False
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_evidence_files_sha256"), table_name="evidence_files")
    op.drop_table("evidence_files")
    op.drop_index("ix_messages_event", table_name="messages")
    op.drop_table("messages")
    op.drop_table("health")
    op.drop_index("ix_events_state_recent", table_name="events")
    op.drop_index("ix_events_slug_recent", table_name="events")
    op.drop_index("ix_events_recent", table_name="events")
    op.drop_index("ix_events_place", table_name="events")
    op.drop_index("ix_events_camera_recent", table_name="events")
    op.drop_table("events")
    op.drop_table("cameras")
    op.drop_table("api_keys")
