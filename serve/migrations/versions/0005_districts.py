"""Districts of keys, and when cases were closed, for the plot of the figures."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.add_column(
        "api_keys",
        sa.Column("districts", sa.Text(), server_default="", nullable=False),
    )
    op.create_index("ix_cases_closed", "cases", ["closed_at"], unique=False)


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_cases_closed", table_name="cases")
    op.drop_column("api_keys", "districts")
