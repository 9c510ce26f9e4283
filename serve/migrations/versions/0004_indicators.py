"""Tallies for indicators, and the history of health."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import Number, UtcTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "health_log",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("camera_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_health_log")),
    )
    op.create_index("ix_health_log_time", "health_log", ["at", "number"], unique=False)
    op.add_column(
        "cases",
        sa.Column(
            "tally", sa.String(length=256), server_default="reported", nullable=False
        ),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("cases", "tally")
    op.drop_index("ix_health_log_time", table_name="health_log")
    op.drop_table("health_log")
