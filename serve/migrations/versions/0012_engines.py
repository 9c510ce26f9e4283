"""Engines that say they are alive, and which cameras each of them watches."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import UtcTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "engines",
        sa.Column("engine_id", sa.String(length=128), nullable=False),
        sa.Column("site", sa.String(length=128), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("alive_at", UtcTime(), nullable=False),
        sa.Column("silent_since", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("engine_id", name=op.f("pk_engines")),
    )
    op.add_column("cameras", sa.Column("engine_id", sa.String(length=128)))
    op.add_column("cameras", sa.Column("left_at", UtcTime()))
    op.create_index(op.f("ix_cameras_engine_id"), "cameras", ["engine_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_cameras_engine_id"), "cameras")
    op.drop_column("cameras", "left_at")
    op.drop_column("cameras", "engine_id")
    op.drop_table("engines")
