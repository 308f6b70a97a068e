"""Alembic's entry: migrates the connection that it is given."""

from alembic import context

from hub.database.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=False,
    transactional_ddl=True,  # on SQLite, too: a half-made database mends itself never
)
with context.begin_transaction():
    context.run_migrations()
