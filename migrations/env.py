"""How Alembic reaches the database: through the application's own engine, in one transaction."""

from alembic import context
from flask import current_app

from mentorship.cli.database import REFUSED, UNUSABLE, in_one_line
from mentorship.database import WRITES, broken_reference, unchecked_references


def require_whole_references(ctx, **_step):
    """After each migration, because SQLite does not check them meanwhile. Raises RuntimeError."""
    if broken := broken_reference(ctx.connection):
        raise RuntimeError(f"after this migration a row of {broken} would refer to nothing")


extension = current_app.extensions["migrate"]
arguments = {
    "target_metadata": extension.db.metadata,
    # SQLite can roll table changes back too, so an upgrade that dies half-way leaves nothing.
    "transactional_ddl": True,
    "on_version_apply": require_whole_references,
    **extension.configure_args,
}

if context.is_offline_mode():
    context.configure(url=str(extension.db.engine.url), literal_binds=True, **arguments)
    with context.begin_transaction():
        context.run_migrations()
else:
    with in_one_line(UNUSABLE):
        connection = extension.db.engine.connect().execution_options(**WRITES)
    with in_one_line(REFUSED), connection, unchecked_references(connection):
        context.configure(connection=connection, **arguments)
        with context.begin_transaction():
            context.run_migrations()
