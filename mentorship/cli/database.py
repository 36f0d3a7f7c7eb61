"""What all commands share: they need a database of this version, and report errors in one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from mentorship.extensions import db, migrate

P = ParamSpec("P")
T = TypeVar("T")

UNUSABLE = "DATABASE_URL: the database cannot be used"
REFUSED = "The database did not do this"


def with_database(command: Callable[P, T]) -> Callable[P, T]:
    """Run `command` in the application's context, on a database with this version's schema.

    Raises ClickException, which says what to do, if the schema is another one or the database
    cannot be reached or is lost.
    """

    @with_appcontext
    @wraps(command)
    def run(*args: P.args, **options: P.kwargs) -> T:
        with in_one_line(UNUSABLE):
            _require_this_version()
        with in_one_line(REFUSED):
            return command(*args, **options)

    return run


@contextmanager
def in_one_line(what: str) -> Iterator[None]:
    """Turn an error of the database into a ClickException with one line that starts with `what`."""
    try:
        yield
    except SQLAlchemyError as error:
        raise click.ClickException(f"{what}: {str(error).splitlines()[0]}") from None


def this_program() -> str:
    """How commands are called here: `mentorship` from a wheel, `flask` in a checkout."""
    name = click.get_current_context().find_root().info_name
    return "mentorship" if name == "mentorship" else "flask --app wsgi"


def _require_this_version() -> None:
    scripts = ScriptDirectory.from_config(migrate.get_config())
    with db.engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    if set(heads) != set(scripts.get_heads()):
        raise click.ClickException(
            f"The database schema is out of date: run {this_program()} db upgrade"
        )
