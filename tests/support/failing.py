"""Database calls that fail at a known point: statements, BEGIN and COMMIT alike."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError

_IS_THERE = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"


@dataclass
class Calls:
    """How many database calls there were so far."""

    count: int = 0


@contextmanager
def at_call(engine: Engine, act: Callable[[Calls, Connection], None]) -> Iterator[Calls]:
    """Count the calls on `engine` and run `act` right before each."""
    calls = Calls()

    def before_statement(
        connection: Connection,
        _cursor: object,
        statement: str,
        parameters: Any,
        _context: object,
        _many: object,
    ) -> tuple[str, Any]:
        calls.count += 1
        act(calls, connection)
        return statement, parameters

    def before_commit(connection: Connection) -> None:
        calls.count += 1
        act(calls, connection)

    event.listen(engine, "before_cursor_execute", before_statement, retval=True)
    event.listen(engine, "commit", before_commit)
    try:
        yield calls
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)
        event.remove(engine, "commit", before_commit)


@contextmanager
def failing(engine: Engine, number: int, *, goes_on: bool) -> Iterator[Calls]:
    """Let the call with this number fail, counted from 1, and all later ones if it `goes_on`.

    On PostgreSQL the backend is ended, so the connection is really lost. On SQLite the driver's
    own disk error is raised.
    """
    killer = create_engine(engine.url, isolation_level="AUTOCOMMIT")

    def fail(calls: Calls, connection: Connection) -> None:
        if calls.count < number or (calls.count > number and not goes_on):
            return
        if engine.dialect.name == "sqlite":
            error = sqlite3.OperationalError("disk I/O error")
            raise OperationalError("the failing call", {}, error)
        driver: Any = connection.connection.dbapi_connection
        pid = driver.info.backend_pid
        with killer.connect() as other:
            other.exec_driver_sql("SELECT pg_terminate_backend(%s)", (pid,))
            # Until the backend is gone, so that it is this call that finds out. Its own way to
            # wait looks every 100 ms.
            while other.exec_driver_sql(_IS_THERE, (pid,)).first():
                pass

    try:
        with at_call(engine, fail) as calls:
            yield calls
    finally:
        killer.dispose()
