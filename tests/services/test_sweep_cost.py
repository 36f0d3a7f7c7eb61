"""What a sweep costs: with nothing due it only reads, a backlog takes bounded memory and locks."""

import gc
import tracemalloc
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise

from sqlalchemy import event, func, insert, select, text

from mentorship.domain.lifecycle import Status
from mentorship.models import Cause, MentorTimeSlot, SessionBooking, StatusChange
from mentorship.services.sweep import BATCH, everything, nothing, update_session_statuses
from tests.support.builders import a_booking, at

NOON = at("12:00")
HOUR = timedelta(hours=1)


def sweep(session, now=NOON, *, keep=nothing):
    return update_session_statuses(session, now=now, cause=Cause.WORKER, keep=keep)


def many(session, cast, count, *, starts):
    """`count` bookings in one large slot: every second is SCHEDULED, the others were started."""
    slot = {"mentor_id": cast.mentor.id, "start_time": starts, "end_time": starts + HOUR}
    slot_id = session.scalar(
        insert(MentorTimeSlot)
        .values(**slot, capacity=count, is_exclusive=False)
        .returning(MentorTimeSlot.id)
    )
    session.execute(
        text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
            "INSERT INTO session_bookings (student_id, time_slot_id, mentor_id, start_time, "
            "end_time, slot_capacity, slot_is_exclusive, seat, status) "
            "SELECT :student, s.id, s.mentor_id, s.start_time, s.end_time, s.capacity, FALSE, n.i, "
            "CASE WHEN n.i % 2 = 0 THEN 'SCHEDULED' ELSE 'ONGOING' END "
            "FROM n, mentor_time_slots s WHERE s.id = :slot"
        ),
        {"count": count, "student": cast.student.id, "slot": slot_id},
    )
    session.commit()


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


GROWN = 2
"""Garbage in cycles makes two equal sweeps differ by half; keeping every update is far more."""


def peak_of(session, **options):
    """The most memory in bytes that Python held at once during a sweep."""
    gc.collect()
    tracemalloc.start()
    try:
        result = sweep(session, **options)
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


def test_a_backlog_of_fifty_thousand_needs_the_memory_of_a_small_one_and_short_transactions(
    session, cast
):
    engine = session.get_bind()
    many(session, cast, 3_000, starts=at("08:00", days=-2))
    small, _ = peak_of(session)
    many(session, cast, 50_000, starts=at("08:00"))
    rows_of_updates, commits = [], []

    def note(_connection, _cursor, statement, _parameters, context, _many):
        if statement.startswith("UPDATE session_bookings"):
            rows_of_updates.append(context.rowcount)

    event.listen(engine, "after_cursor_execute", note)
    event.listen(engine, "commit", lambda _connection: commits.append(len(rows_of_updates)))
    large, result = peak_of(session)

    assert (result.started, result.completed, result.failed) == (25_000, 25_000, 0)
    assert large < GROWN * small
    assert sum(rows_of_updates) == 50_000
    assert max(rows_of_updates) <= BATCH
    assert len(commits) >= len(rows_of_updates)  # No transaction holds two batches.
    assert all(later - earlier <= 1 for earlier, later in pairwise(commits))
    left = session.execute(
        select(SessionBooking.status, SessionBooking.is_delayed, func.count()).group_by(
            SessionBooking.status, SessionBooking.is_delayed
        )
    ).all()
    assert {(status, delayed): count for status, delayed, count in left} == {
        (Status.ONGOING, True): 26_500,
        (Status.COMPLETED, False): 26_500,
    }
    assert session.scalar(select(func.count()).select_from(StatusChange)) == 53_000


def test_the_measure_of_memory_catches_a_sweep_that_keeps_everything(session, cast):
    many(session, cast, 1_000, starts=at("08:00", days=-2))
    small, _ = peak_of(session, keep=everything)
    many(session, cast, 6_000, starts=at("08:00"))
    large, result = peak_of(session, keep=everything)

    assert len(result.updates) == 6_000
    assert large > GROWN * small
