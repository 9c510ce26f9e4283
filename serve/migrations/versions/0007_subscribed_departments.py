"""Subscribers that want the cases of some departments only."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "subscriptions",
        sa.Column("departments", sa.Text(), server_default="", nullable=False),
    )


def downgrade() -> None:
    """Go back."""
    op.drop_column("subscriptions", "departments")
