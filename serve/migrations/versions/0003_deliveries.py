"""Subscriptions and deliveries."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import Number, UtcTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "subscriptions",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=1024), nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("slugs", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_until", UtcTime(), nullable=True),
        sa.Column("disabled", sa.String(length=256), nullable=True),
        sa.Column("after_number", Number, nullable=False),
        sa.Column("created_by", sa.String(length=128), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_subscriptions")),
    )
    op.create_table(
        "deliveries",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("subscription", Number, nullable=False),
        sa.Column("message_number", Number, nullable=False),
        sa.Column("message_id", sa.String(length=256), nullable=False),
        sa.Column("order_key", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.Column("claimed_until", UtcTime(), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.String(length=512), nullable=True),
        sa.Column("finished_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_number"],
            ["messages.number"],
            name=op.f("fk_deliveries_message_number"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription"],
            ["subscriptions.number"],
            name=op.f("fk_deliveries_subscription"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "subscription",
            "message_number",
            name=op.f("uq_deliveries_subscription_message_number"),
        ),
    )
    op.create_index(
        "ix_deliveries_due", "deliveries", ["state", "next_at"], unique=False
    )
    op.create_index(
        "ix_deliveries_order",
        "deliveries",
        ["subscription", "order_key", "state", "number"],
        unique=False,
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_deliveries_order", table_name="deliveries")
    op.drop_index("ix_deliveries_due", table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("subscriptions")
