"""Connections and transactions that behave the same on SQLite and PostgreSQL."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from select import POLLIN, poll
from time import sleep
from typing import Any

import psycopg
from psycopg.errors import LockNotAvailable, ReadOnlySqlTransaction
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    DateTime,
    Dialect,
    Engine,
    Integer,
    Row,
    Select,
    String,
    event,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql import func
from sqlalchemy.types import TypeDecorator

JOURNAL_LOCK = 0x6D656E746F72
"""Key of the PostgreSQL advisory lock that makes journal ids follow the order of commits."""

_PATIENCE_MS = 10_000

_LONGEST_SQLITE_PAUSE = 0.1
"""Seconds; from sqliteDefaultBusyCallback in SQLite's main.c."""

_UNTIL_IT_IS_GONE = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
"""After about 20 s without a response the server counts as lost; by default the kernel waits up to
two hours. In seconds, the last one in milliseconds. Options in the database URL take precedence."""

_WRITE, _EACH = "mentorship_write", "mentorship_each"

WRITES = {_WRITE: True}
"""Execution options of a connection whose transactions will write."""

_AUTOCOMMIT: dict[str, dict[str, Any]] = {
    "postgresql": {"isolation_level": "AUTOCOMMIT"},
    "sqlite": {_EACH: True},  # SQLAlchemy's AUTOCOMMIT would undo what `_prepare` sets.
}


class UtcDateTime(TypeDecorator[datetime]):
    """A column for instants, which are aware when stored, and aware and in UTC when read.

    SQLite stores text without a zone, always with microseconds, so that the texts sort like the
    instants. Raises ValueError for a naive value.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a time zone: {value.isoformat()}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def constant(value: str | int) -> ColumnElement[Any]:
    """A value written into the words of a statement, for one that is built once and run often.

    It is not escaped, so it must be a constant of the code, never what a request brought.
    PostgreSQL plans a prepared statement anew for each run while it expects less work with the
    bound values than without; a LIMIT that it does not know counts as a tenth of all rows.
    """
    if isinstance(value, str):
        return literal_column(f"'{value}'", String)
    return literal_column(str(value), Integer)


def begin_write(session: Session) -> None:
    """Begin a transaction that writes; an open one that has only read is ended first.

    Everything that the unit of work relies on must be read after this. SQLite takes the write lock
    at once (BEGIN IMMEDIATE), because a reader that becomes a writer later is refused without
    waiting. PostgreSQL locks rows when they are touched.

    Raises RuntimeError if a transaction that writes is open, because its changes would be lost.
    """
    if session.in_transaction():
        if _WRITE in session.connection().get_execution_options():
            raise RuntimeError("a transaction that writes is open already")
        session.rollback()
    session.connection(execution_options=WRITES)


def let_others_write(session: Session) -> None:
    """Pause between two transactions that write, so that others can take the write lock.

    A connection that waits for SQLite's write lock polls it every 0.1 s at most, and would miss
    the short time between the two. PostgreSQL has no such lock.
    """
    if session.get_bind().dialect.name == "sqlite":
        sleep(_LONGEST_SQLITE_PAUSE)


def begin_each(session: Session) -> Connection:
    """A connection in autocommit: every statement is a transaction of its own.

    It belongs to the session, so no transaction may be open; the next rollback of the session
    returns it to the pool.
    """
    return session.connection(execution_options=_AUTOCOMMIT[session.get_bind().dialect.name])


@contextmanager
def one_connection(session: Session) -> Iterator[None]:
    """Let all reads within run in autocommit on one connection, which is given back afterwards.

    To take it from the pool and to give it back takes longer than most statements. Where a
    transaction is open they run in that, as always.
    """
    if session.in_transaction():
        yield
        return
    begin_each(session)
    try:
        yield
    finally:
        session.rollback()


def read(
    source: Session | Engine,
    statement: Select[*tuple[Any, ...]] | CompoundSelect[Any],
    **values: object,
) -> Sequence[Row[*tuple[Any, ...]]]:
    """All rows of a statement that only reads; `values` are its parameters.

    If the session has an open transaction, the statement runs in it, so that no thread waits for
    a second connection while it holds one. Otherwise, and on an engine, it runs in autocommit and
    its connection returns to the pool at once. It is repeated if the server had closed the
    connection in the meantime.
    """
    if isinstance(source, Session):
        if source.in_transaction():
            return source.connection().execute(statement, values).all()
        bind = source.get_bind()
        assert isinstance(bind, Engine), "sessions are opened on engines"
        engine = bind
    else:
        engine = source

    def rows() -> Sequence[Row[*tuple[Any, ...]]]:
        with engine.connect() as connection:
            connection.execution_options(**_AUTOCOMMIT[engine.dialect.name])
            return connection.execute(statement, values).all()

    try:
        return rows()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        return rows()


@contextmanager
def unchecked_references(connection: Connection) -> Iterator[None]:
    """Turn SQLite's foreign keys off, so that the next transaction can rebuild a referenced table.

    Dropping the old table would otherwise delete the rows that refer to it. PostgreSQL changes
    tables in place.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    opened = connection.connection.cursor()
    opened.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        opened.execute("PRAGMA foreign_keys = ON")


def broken_reference(connection: Connection) -> str | None:
    """The name of a SQLite table with a dangling foreign key, if there is one."""
    if connection.dialect.name != "sqlite":
        return None
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    return None if broken is None else str(broken[0])


def begin_snapshot(session: Session) -> None:
    """Begin a transaction whose statements all see the same snapshot; an open one is ended first.

    SQLite's readers always do. PostgreSQL's default is a new snapshot for each statement.
    """
    session.rollback()
    if session.get_bind().dialect.name == "postgresql":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def plan_for_values(session: Session) -> None:
    """Let PostgreSQL plan the statements of this transaction for their values.

    By itself it may keep a plan that suits any values. Statements that read thousands of rows are
    faster with a plan that knows how many, and that may run in parallel.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")


_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


def insert_or(session: Session, table: Any) -> Any:
    """An INSERT that supports ON CONFLICT, which both engines write the same way."""
    return _INSERT[session.get_bind().dialect.name](table)


def lock_journal(session: Session) -> None:
    """Lock the journal for writing until the transaction ends.

    Without it, two transactions can commit in another order than that of their journal ids, and a
    reader that asks for "ids greater than the last one I saw" misses the later commit. Call it
    after all row locks are taken, to avoid deadlocks. SQLite has only one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(JOURNAL_LOCK)))


def is_kept_waiting(error: Exception) -> bool:
    """Whether the error is a lock timeout."""
    return isinstance(error, DBAPIError) and isinstance(error.orig, LockNotAvailable)


def is_read_only(error: Exception) -> bool:
    """Whether the error says that the database is read-only: a standby, or a read-only file."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorname", "").startswith("SQLITE_READONLY")
    return isinstance(cause, ReadOnlySqlTransaction)


@event.listens_for(Engine, "do_connect")
def _expect_signs_of_life(
    dialect: Dialect, _record: object, _arguments: object, parameters: dict[str, Any]
) -> None:
    if dialect.name == "postgresql":
        for name, value in _UNTIL_IT_IS_GONE.items():
            parameters.setdefault(name, value)


@event.listens_for(Engine, "connect")
def _prepare(connection: Any, record: ConnectionPoolEntry) -> None:
    """Configure a new connection."""
    if isinstance(connection, sqlite3.Connection):
        _note_file(connection, record)
        connection.isolation_level = None  # The "begin" event below decides how to begin.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            f"busy_timeout = {_PATIENCE_MS}",
        ):
            connection.execute(f"PRAGMA {pragma}")
    elif _is_behind_pooler(connection):
        # The pooler may run the next transaction on another server connection, where a prepared
        # statement of this name does not exist or is another one.
        connection.prepare_threshold = None


def _is_behind_pooler(connection: Any) -> bool:
    """Whether the connection goes through a pooler like PgBouncer, which reports another pid."""
    connection.autocommit = True
    (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.autocommit = False
    return bool(pid != connection.info.backend_pid)


def _note_file(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    if path:  # A database in memory has none.
        record.info[_FILE] = path, _identity(path)


@event.listens_for(Engine, "do_connect")
def _require_file(
    dialect: Dialect, _record: object, arguments: list[Any], _parameters: object
) -> None:
    """Do not create a new SQLite file in place of one that this process used and that is gone."""
    if dialect.name == "sqlite" and arguments and arguments[0] in _USED_FILES:
        _require(arguments[0])


@event.listens_for(Engine, "checkout")
def _require_same_file(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Replace connections to a file that was deleted or replaced: their writes would be lost.

    The pool then opens a connection to the file that is there now.
    """
    if _FILE in record.info:
        path, identity = record.info[_FILE]
        _USED_FILES.add(path)
        if _identity(path) != identity:
            _require(path)
            raise DisconnectionError(f"{path} is another file now")


@event.listens_for(Engine, "commit")
def _require_same_file_still(connection: Connection) -> None:
    """Raises OperationalError if the file was deleted or replaced during the transaction."""
    if connection.dialect.name == "sqlite" and _FILE in connection.info:
        path, identity = connection.info[_FILE]
        if _identity(path) != identity:
            connection.invalidate()
            raise OperationalError("COMMIT", None, sqlite3.OperationalError(f"{path} is gone"))


@event.listens_for(Engine, "checkout")
def _require_silence(connection: object, _record: object, _proxy: object) -> None:
    """Replace a connection that the server has closed while it was in the pool.

    PostgreSQL sends data to an idle connection only when it closes it, for example on a restart.
    Polling the socket costs microseconds; `pool_pre_ping` costs a round trip.
    """
    if isinstance(connection, psycopg.Connection):
        unread = poll()
        unread.register(connection.fileno(), POLLIN)
        if unread.poll(0):
            raise DisconnectionError("the server has closed this connection")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        file = os.stat(path)  # noqa: PTH116  # Runs at each checkout; Path.stat takes three times as long.
    except OSError:
        return None
    return file.st_dev, file.st_ino


def _require(path: str) -> None:
    if _identity(path) is None:
        raise sqlite3.OperationalError(f"the database file {path} is gone")


_FILE = "mentorship_file"
_USED_FILES: set[str] = set()


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    """Begin a transaction. On both engines, waiting too long for a lock fails and frees the thread.

    On PostgreSQL the timeout is set for each transaction, because a pooler may run the next one on
    another server connection.
    """
    options = connection.get_execution_options()
    if connection.dialect.name == "sqlite":
        if _EACH not in options:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if _WRITE in options else "BEGIN")
    elif _WRITE in options:
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = {_PATIENCE_MS}; "
            "SET LOCAL idle_in_transaction_session_timeout = '60s'"
        )
