"""What all commands share: a database of this version, or one line that says what is wrong."""

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
    """Run `command` in the application's context, on a database with the tables of this version.

    Raises ClickException with the way out where it has others, cannot be reached or is lost.
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
    """Raises ClickException with one line, which begins so, where the database raises an error."""
    try:
        yield
    except SQLAlchemyError as error:
        raise click.ClickException(f"{what}: {str(error).splitlines()[0]}") from None


def _require_this_version() -> None:
    scripts = ScriptDirectory.from_config(migrate.get_config())
    with db.engine.connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
    if set(heads) != set(scripts.get_heads()):
        raise click.ClickException(
            "The database schema is out of date: run flask --app wsgi db upgrade"
        )
