"""Legal holds, the deletion log, and what retention looks for."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import Number, UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "holds",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("held_by", sa.String(length=128), nullable=False),
        sa.Column("held_at", UtcTime(), nullable=False),
        sa.Column("released_by", sa.String(length=128), nullable=True),
        sa.Column("released_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name=op.f("fk_holds_event_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_holds")),
    )
    op.create_index(
        "ix_holds_event", "holds", ["event_id", "released_at"], unique=False
    )
    op.create_table(
        "deletions",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("role", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(length=128), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=False),
        sa.Column("deleted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deletions")),
    )
    op.create_index(
        "ix_deletions_event", "deletions", ["event_id", "name"], unique=False
    )
    op.create_index(
        op.f("ix_deletions_deleted_at"), "deletions", ["deleted_at"], unique=False
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_deletions_deleted_at"), table_name="deletions")
    op.drop_index("ix_deletions_event", table_name="deletions")
    op.drop_table("deletions")
    op.drop_index("ix_holds_event", table_name="holds")
    op.drop_table("holds")
