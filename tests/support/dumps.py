"""A whole database as bytes, to compare two moments."""

from typing import Any

from sqlalchemy import Engine

_TABLES = """
  SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
  ORDER BY relname
"""
_COUNTERS = "SELECT sequencename, last_value::text FROM pg_sequences"


def dump(engine: Engine) -> bytes:
    """Every row of every table, and the positions of the sequences."""
    raw = engine.raw_connection()
    try:
        connection: Any = raw.driver_connection
        if engine.dialect.name == "sqlite":
            return "\n".join(connection.iterdump()).encode()
        connection.rollback()
        rows = [
            f"(SELECT '{name}', t::text FROM \"{name}\" t ORDER BY t)"
            for (name,) in connection.execute(_TABLES).fetchall()
        ]
        found = connection.execute(" UNION ALL ".join([*rows, _COUNTERS])).fetchall()
        connection.rollback()
        return "\n".join(f"{where}: {what}" for where, what in found).encode()
    finally:
        raw.close()
