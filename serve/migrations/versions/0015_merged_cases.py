"""An index that leads from a case to those that were merged into it."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_index(op.f("ix_cases_merged_into"), "cases", ["merged_into"])


def downgrade() -> None:
    """Go back."""
    op.drop_index(op.f("ix_cases_merged_into"), "cases")
