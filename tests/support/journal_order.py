"""The order in which both journals and the late notices of a run were written, by triggers.

The journals count their rows apart, so their ids do not say whether a word was said before or
after a transition. The rows of a booking are written under a lock, so this order is theirs.
"""

from typing import NamedTuple

from sqlalchemy import Engine, text


class Place(NamedTuple):
    """One row in the order of writing; of a late notice its booking, side and minutes (or 0)."""

    kind: str
    row_id: int
    side: str | None
    minutes: int | None


_TABLE = {
    "sqlite": "position INTEGER PRIMARY KEY AUTOINCREMENT",
    "postgresql": "position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
}

_TRIGGERS = (
    ("statuses", "INSERT ON status_changes", "'status', NEW.id, NULL, NULL"),
    ("outcomes", "INSERT ON outcome_changes", "'outcome', NEW.id, NULL, NULL"),
    ("late", "INSERT ON late_notices", "'late', NEW.booking_id, NEW.side, NEW.minutes"),
    ("later", "UPDATE ON late_notices", "'late', NEW.booking_id, NEW.side, NEW.minutes"),
    ("on_time", "DELETE ON late_notices", "'late', OLD.booking_id, OLD.side, 0"),
)


def record_order(engine: Engine) -> None:
    """Record the order of all that is written from here on."""
    dialect = engine.dialect.name
    with engine.begin() as connection:
        connection.execute(
            text(
                f"CREATE TABLE journal_order ({_TABLE[dialect]}, kind text NOT NULL, "
                "row_id integer NOT NULL, side text, minutes integer)"
            )
        )
        for name, event, values in _TRIGGERS:
            body = f"INSERT INTO journal_order (kind, row_id, side, minutes) VALUES ({values});"
            head = f"CREATE TRIGGER order_of_{name} AFTER {event} FOR EACH ROW"
            if dialect == "sqlite":
                connection.exec_driver_sql(f"{head} BEGIN {body} END")
            else:
                connection.exec_driver_sql(
                    f"CREATE FUNCTION order_of_{name}() RETURNS trigger LANGUAGE plpgsql AS "
                    f"$$ BEGIN {body} RETURN NULL; END $$"
                )
                connection.exec_driver_sql(f"{head} EXECUTE FUNCTION order_of_{name}()")


def order_in(engine: Engine) -> list[Place]:
    """Everything that was written, in its order."""
    statement = "SELECT kind, row_id, side, minutes FROM journal_order ORDER BY position"
    with engine.connect() as connection:
        return [Place(*row) for row in connection.execute(text(statement))]
