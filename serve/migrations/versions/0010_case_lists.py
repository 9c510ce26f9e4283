"""Indexes that answer what lists of cases ask by themselves."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NEWEST = ["reported_at", "number"]
AFTER = {
    "ix_cases_state": ["state", "slug", *NEWEST, "due_at", "street", "department"],
    "ix_cases_department": ["department", "state", "slug", *NEWEST, "due_at", "street"],
    "ix_cases_street": ["street", *NEWEST, "state", "slug", "due_at", "department"],
    "ix_cases_due": ["due_at", *NEWEST, "state", "slug", "street", "department"],
}
BEFORE = {
    "ix_cases_state": ["state", *NEWEST],
    "ix_cases_department": ["department", "state", "number"],
    "ix_cases_street": ["street"],
    "ix_cases_due": ["due_at"],
}


def upgrade() -> None:
    """Go forward."""
    _replace(AFTER)


def downgrade() -> None:
    """Go back."""
    _replace(BEFORE)


def _replace(indexes: dict[str, list[str]]) -> None:
    for name, columns in indexes.items():
        op.drop_index(name, table_name="cases")
        op.create_index(name, "cases", columns, unique=False)
