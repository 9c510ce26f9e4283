"""Evidence files that were put into the store and have no record yet."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import UtcTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "unrecorded_files",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("put_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_unrecorded_files")),
    )
    op.create_index(op.f("ix_unrecorded_files_put_at"), "unrecorded_files", ["put_at"])


def downgrade() -> None:
    """Go back."""
    op.drop_table("unrecorded_files")
