"""A whole database as bytes, so that two moments can be compared."""

from sqlalchemy import Engine


def dump(engine: Engine) -> bytes:
    """Everything in the database: every row of every table, and where its counters stand."""
    raw = engine.raw_connection()
    try:
        connection = raw.driver_connection
        if engine.dialect.name == "sqlite":
            return "\n".join(connection.iterdump()).encode()
        connection.rollback()
        parts = []
        for name in _names(connection, "BASE TABLE"):
            parts.append(f"-- {name}\n".encode())
            with connection.cursor().copy(
                f'COPY (SELECT * FROM "{name}" t ORDER BY t) TO STDOUT'
            ) as rows:
                parts += [bytes(block) for block in rows]
        for (name,) in connection.execute(
            "SELECT sequencename FROM pg_sequences ORDER BY 1"
        ).fetchall():
            state = connection.execute(f'SELECT last_value, is_called FROM "{name}"').fetchone()
            parts.append(f"-- {name} {state}\n".encode())
        connection.rollback()
        return b"".join(parts)
    finally:
        raw.close()


def _names(connection, kind: str) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = 'public' AND table_type = %s ORDER BY 1",
        (kind,),
    )
    return [name for (name,) in rows.fetchall()]
