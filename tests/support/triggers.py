"""Triggers with which a database refuses to change certain rows, for both engines."""

from sqlalchemy.orm import Session


def run(session: Session, *statements: str) -> None:
    """Execute and commit these statements."""
    for statement in statements:
        session.connection().exec_driver_sql(statement)
    session.commit()


def before_each_update(session: Session, table: str, name: str, body: str, *, when: str) -> None:
    """A trigger that runs `body` before each update of a row of `table` for which `when` holds."""
    head = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when})"
    if session.get_bind().dialect.name == "sqlite":
        run(session, f"{head} BEGIN {body} END")
    else:
        run(
            session,
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {body} RETURN NEW; END $$",
            f"{head} EXECUTE FUNCTION {name}()",
        )


REFUSES = {
    "sqlite": "SELECT RAISE(ABORT, 'poison');",
    "postgresql": "RAISE EXCEPTION 'poison';",
}
"""The body of a trigger that lets no such row be changed, by engine."""
