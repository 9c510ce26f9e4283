"""Indexes that answer what maps ask by themselves."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NEWEST = ["opened_at", "number"]
WHERE = ["lat", "lon"]
AFTER = {
    "ix_events_recent": [*NEWEST, *WHERE, "state", "slug", "street"],
    "ix_events_place": [*WHERE, *NEWEST, "state", "slug", "street"],
    "ix_events_slug_recent": ["slug", *NEWEST, *WHERE, "state", "street"],
    "ix_events_state_recent": ["state", *NEWEST, *WHERE, "slug", "street"],
}
BEFORE = {
    "ix_events_recent": NEWEST,
    "ix_events_place": WHERE,
    "ix_events_slug_recent": ["slug", *NEWEST],
    "ix_events_state_recent": ["state", *NEWEST],
}


def upgrade() -> None:
    """Go forward."""
    _replace(AFTER)


def downgrade() -> None:
    """Go back."""
    _replace(BEFORE)


def _replace(indexes: dict[str, list[str]]) -> None:
    for name, columns in indexes.items():
        op.drop_index(name, table_name="events")
        op.create_index(name, "events", columns, unique=False)
