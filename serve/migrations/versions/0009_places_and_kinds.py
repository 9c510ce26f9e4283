"""Map windows are found by tile, and each question finds an index that answers it."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from serve.store.tiles import tile_of

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NEWEST = ["opened_at", "number"]
WHERE = ["lat", "lon"]
AFTER = {
    "ix_events_place": ["tile", *NEWEST, *WHERE, "state", "slug", "street"],
    "ix_events_kind_recent": ["slug", "state", *NEWEST, *WHERE, "street"],
    "ix_events_camera_recent": ["camera_id", *NEWEST, "state", "slug", "street"],
    "ix_events_street_recent": ["street", *NEWEST, "state", "slug"],
}
BEFORE = {
    "ix_events_place": [*WHERE, *NEWEST, "state", "slug", "street"],
    "ix_events_camera_recent": ["camera_id", *NEWEST],
    "ix_events_street_recent": ["street", *NEWEST],
}
AT_ONCE = 10_000
EVENTS = sa.table(
    "events",
    sa.column("number", sa.BigInteger()),
    sa.column("lat", sa.Float()),
    sa.column("lon", sa.Float()),
    sa.column("tile", sa.BigInteger()),
)


def upgrade() -> None:
    """Go forward."""
    op.add_column("events", sa.Column("tile", sa.BigInteger(), nullable=True))
    op.drop_index("ix_events_place", table_name="events")
    _place_all()
    _replace(AFTER, present=list(BEFORE)[1:])


def downgrade() -> None:
    """Go back."""
    _replace(BEFORE, present=list(AFTER))
    op.drop_column("events", "tile")


def _place_all() -> None:
    connection = op.get_bind()
    change = (
        EVENTS.update()
        .where(EVENTS.c.number == sa.bindparam("one"))
        .values(tile=sa.bindparam("here"))
    )
    after = 0
    while True:
        rows = connection.execute(
            sa.select(EVENTS.c.number, EVENTS.c.lat, EVENTS.c.lon)
            .where(EVENTS.c.number > after)
            .order_by(EVENTS.c.number)
            .limit(AT_ONCE)
        ).all()
        if not rows:
            return
        places = [{"one": row[0], "here": tile_of(row[1], row[2])} for row in rows]
        connection.execute(change, places)
        after = rows[-1][0]


def _replace(indexes: dict[str, list[str]], present: Sequence[str]) -> None:
    for name in present:
        op.drop_index(name, table_name="events")
    for name, columns in indexes.items():
        op.create_index(name, "events", columns, unique=False)
