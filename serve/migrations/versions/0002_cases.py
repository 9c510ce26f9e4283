"""Cases, verification, grid, people and the audit log."""

import sqlalchemy as sa
from alembic import op

from serve.store.columns import Number, UtcTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward."""
    op.create_table(
        "audit",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=256), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_actor"), "audit", ["actor"], unique=False)
    op.create_index("ix_audit_subject", "audit", ["subject", "number"], unique=False)
    op.create_table(
        "grid_cells",
        sa.Column("grid_id", sa.String(length=64), nullable=False),
        sa.Column("street", sa.String(length=128), nullable=False),
        sa.Column("community", sa.String(length=128), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=False),
        sa.Column("street_class", sa.String(length=64), nullable=True),
        sa.Column("revision", sa.String(length=16), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("grid_id", name=op.f("pk_grid_cells")),
    )
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("districts", sa.Text(), nullable=False),
        sa.Column("password", sa.String(length=256), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", UtcTime(), nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("disabled_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "cases",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("grid_id", sa.String(length=64), nullable=True),
        sa.Column("street", sa.String(length=128), nullable=True),
        sa.Column("community", sa.String(length=128), nullable=True),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("responsible", sa.String(length=128), nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("reported_at", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("closed_at", UtcTime(), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("warn_at", UtcTime(), nullable=True),
        sa.Column("due_for", sa.String(length=16), nullable=True),
        sa.Column("escalated", sa.String(length=16), nullable=True),
        sa.Column("stopped_state", sa.String(length=16), nullable=True),
        sa.Column("stopped_at", UtcTime(), nullable=True),
        sa.Column("merged_into", Number, nullable=True),
        sa.Column("recurrence_of", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.event_id"], name=op.f("fk_cases_event_id")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_cases")),
        sa.UniqueConstraint("event_id", name=op.f("uq_cases_event_id")),
    )
    op.create_index(
        "ix_cases_department", "cases", ["department", "state", "number"], unique=False
    )
    op.create_index("ix_cases_due", "cases", ["due_at"], unique=False)
    op.create_index("ix_cases_recent", "cases", ["reported_at", "number"], unique=False)
    op.create_index(
        "ix_cases_state", "cases", ["state", "reported_at", "number"], unique=False
    )
    op.create_index(op.f("ix_cases_street"), "cases", ["street"], unique=False)
    op.create_index("ix_cases_warn", "cases", ["warn_at"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=16), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.user_id"], name=op.f("fk_sessions_user_id")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "case_steps",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("case_number", Number, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("department", sa.String(length=64), nullable=True),
        sa.Column("due_at", UtcTime(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_case_steps_case_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_case_steps")),
        sa.UniqueConstraint(
            "case_number", "version", name=op.f("uq_case_steps_case_number_version")
        ),
    )
    op.create_index(
        op.f("ix_case_steps_action"), "case_steps", ["action"], unique=False
    )
    op.create_index(op.f("ix_case_steps_at"), "case_steps", ["at"], unique=False)
    op.create_table(
        "verifications",
        sa.Column("number", Number, autoincrement=True, nullable=False),
        sa.Column("case_number", Number, nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("camera_id", sa.String(length=128), nullable=False),
        sa.Column("place_id", sa.String(length=128), nullable=False),
        sa.Column("slug", sa.String(length=64), nullable=False),
        sa.Column("requested_by", sa.String(length=128), nullable=False),
        sa.Column("requested_at", UtcTime(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("answered_by", sa.String(length=128), nullable=True),
        sa.Column("answered_at", UtcTime(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("after", sa.String(length=128), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_number"], ["cases.number"], name=op.f("fk_verifications_case_number")
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_verifications")),
    )
    op.create_index(
        op.f("ix_verifications_case_number"),
        "verifications",
        ["case_number"],
        unique=False,
    )
    op.create_index(
        "ix_verifications_open", "verifications", ["verdict", "camera_id"], unique=False
    )
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("user_id", sa.String(length=16), nullable=True))
        keys.create_foreign_key(
            op.f("fk_api_keys_user_id"), "users", ["user_id"], ["user_id"]
        )
    op.add_column("events", sa.Column("grid_id", sa.String(length=64), nullable=True))
    op.add_column("events", sa.Column("street", sa.String(length=128), nullable=True))
    op.create_index(
        "ix_events_street_recent",
        "events",
        ["street", "opened_at", "number"],
        unique=False,
    )

    # Events that came before there were cases get theirs now.
    op.execute(
        "INSERT INTO cases (event_id, version, state, slug, reported_at, updated_at) "
        "SELECT event_id, 1, 'reported', slug, received_at, received_at FROM events "
        "ORDER BY number"
    )


def downgrade() -> None:
    """Go back."""
    op.drop_index("ix_events_street_recent", table_name="events")
    op.drop_column("events", "street")
    op.drop_column("events", "grid_id")
    op.drop_constraint(op.f("fk_api_keys_user_id"), "api_keys", type_="foreignkey")
    op.drop_column("api_keys", "user_id")
    op.drop_index("ix_verifications_open", table_name="verifications")
    op.drop_index(op.f("ix_verifications_case_number"), table_name="verifications")
    op.drop_table("verifications")
    op.drop_index(op.f("ix_case_steps_at"), table_name="case_steps")
    op.drop_index(op.f("ix_case_steps_action"), table_name="case_steps")
    op.drop_table("case_steps")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_cases_warn", table_name="cases")
    op.drop_index(op.f("ix_cases_street"), table_name="cases")
    op.drop_index("ix_cases_state", table_name="cases")
    op.drop_index("ix_cases_recent", table_name="cases")
    op.drop_index("ix_cases_due", table_name="cases")
    op.drop_index("ix_cases_department", table_name="cases")
    op.drop_table("cases")
    op.drop_table("users")
    op.drop_table("grid_cells")
    op.drop_index("ix_audit_subject", table_name="audit")
    op.drop_index(op.f("ix_audit_actor"), table_name="audit")
    op.drop_table("audit")
