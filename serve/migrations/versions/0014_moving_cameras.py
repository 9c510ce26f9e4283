"""Cameras that move, and how well it is known where their events are."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column("events", sa.Column("accuracy_m", sa.Float(53)))
    op.add_column(
        "cameras",
        sa.Column("moving", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("cameras", "moving")
    op.drop_column("events", "accuracy_m")
