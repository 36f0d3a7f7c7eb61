"""What a sweep costs: with nothing due it only reads and waits for nobody."""

from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import event

from mentorship.models import Cause
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, at
from tests.support.crowd import many

NOON = at("12:00")
HOUR = timedelta(hours=1)


def sweep(session, now=NOON, *, returning=no_updates):
    return update_session_statuses(session, now=now, cause=Cause.WORKER, returning=returning)


@contextmanager
def watched(engine):
    """All statements that run meanwhile, transaction control included."""
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_with_nothing_due_a_sweep_runs_one_reading_statement_at_any_size(session, cast):
    engine = session.get_bind()
    runs = []
    for count in (10, 2_000):
        many(session, cast, count, starts=NOON + timedelta(microseconds=1))
        with watched(engine) as statements:
            result = sweep(session)
        assert (result.started, result.completed, result.failed) == (0, 0, 0)
        runs.append(statements)

    small, large = runs
    assert small == large
    assert [statement for statement in small if statement != "BEGIN"] == small[-1:]
    assert small[-1].startswith("SELECT ")


def test_a_sweep_with_something_due_is_seen_to_write(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:00")

    with watched(session.get_bind()) as statements:
        sweep(session)

    assert any(statement.startswith(("BEGIN IMMEDIATE", "UPDATE")) for statement in statements)


def test_with_nothing_due_a_sweep_waits_for_no_writer(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="13:00")
    engine = session.get_bind()
    takes_all = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN"
    writer = engine.raw_connection()
    cursor = writer.cursor()
    cursor.execute(takes_all)
    if engine.dialect.name == "postgresql":
        cursor.execute("LOCK TABLE session_bookings, status_changes IN EXCLUSIVE MODE")

    assert sweep(session).started == 0

    cursor.execute("ROLLBACK")
    writer.close()
