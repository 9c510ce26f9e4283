"""Cameras that two engines watch at once."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("cameras", sa.Column("also_id", sa.String(length=128)))
    op.create_index(op.f("ix_cameras_also_id"), "cameras", ["also_id"])


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_cameras_also_id"), "cameras")
    op.drop_column("cameras", "also_id")
