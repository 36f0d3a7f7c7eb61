"""Copies of all rows of a database, which are restored faster than they were made."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_SEQUENCES = """
  SELECT sequencename, last_value FROM pg_sequences
  WHERE schemaname = 'public' AND last_value IS NOT NULL
"""


def snapshot(url: str) -> Callable[[str], None]:
    """A function that restores the rows of this database into a migrated, empty one."""
    if url.startswith("sqlite"):
        kept = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(make_url(url).database or "")) as source:
            source.backup(kept)
        return lambda other: _restore_sqlite(kept, other)
    with psycopg.connect(url) as connection:
        sequences = connection.execute(_SEQUENCES).fetchall()
        rows = {}
        for (name,) in connection.execute(_TABLES).fetchall():
            with connection.cursor().copy(_statement("COPY {} TO STDOUT", name)) as copy:
                rows[name] = b"".join(copy)
    return lambda other: _restore_postgresql(rows, sequences, other)


def _statement(statement: str, table: str) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(table))


def _restore_sqlite(kept: sqlite3.Connection, url: str) -> None:
    with closing(sqlite3.connect(make_url(url).database or "")) as target:
        kept.backup(target)


def _restore_postgresql(rows: dict[str, bytes], sequences: list[tuple[Any, ...]], url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL session_replication_role = replica")  # No triggers.
        for table in ("alembic_version", "installation"):  # They come with the migrations.
            connection.execute(_statement("DELETE FROM {}", table))
        for table, content in rows.items():
            if content:
                with connection.cursor().copy(_statement("COPY {} FROM STDIN", table)) as copy:
                    copy.write(content)
        for name, last in sequences:
            connection.execute("SELECT setval(%s::regclass, %s)", (name, last))
