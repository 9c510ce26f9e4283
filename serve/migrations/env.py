"""Alembic's entry: migrate over the connection that the service hands in."""

from alembic import context

from serve.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    # Two workers that start together must not migrate together.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7377)")
    context.run_migrations()
