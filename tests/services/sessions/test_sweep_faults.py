"""Bookings that the database refuses to change, and errors that pass: the rest goes on."""

from datetime import timedelta

import pytest
import structlog
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from mentorship import database
from mentorship.database import begin_write, lock_journal
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import Cause, MentorTimeSlot, SessionBooking
from mentorship.services.sessions.sweep import all_updates, no_updates, update_session_statuses
from tests.support.builders import a_booking, at, the_booking, the_failures, the_journal
from tests.support.databases import counted_statements
from tests.support.meanwhile import meanwhile
from tests.support.triggers import REFUSES, before_each_update, run

NOON = at("12:00")
MINUTE = timedelta(minutes=1)
TABLE = "session_bookings"

POISON = {
    # Both ways in which a database can refuse to change a row, by the topic of the booking.
    "refused": REFUSES,
    "ignored": {
        "sqlite": "SELECT RAISE(IGNORE);",
        "postgresql": "RETURN NULL;",
    },
}


def poison(session):
    """From now on no booking with one of the topics in POISON can be changed."""
    for topic, bodies in POISON.items():
        body = bodies[session.get_bind().dialect.name]
        before_each_update(session, TABLE, topic, body, when=f"OLD.topic = '{topic}'")


def take_the_poison_away(session):
    on = "" if session.get_bind().dialect.name == "sqlite" else f" ON {TABLE}"
    run(session, *(f"DROP TRIGGER {topic}{on}" for topic in POISON))


def many_due(session, cast, count, *, topic_of=lambda number: "sound"):
    """`count` bookings that were due yesterday, a second apart."""
    start = at("08:00", days=-1)
    slots = [
        {
            "mentor_id": cast.mentor.id,
            "start_time": start + timedelta(seconds=number),
            "end_time": start + timedelta(hours=1, seconds=number),
            "is_exclusive": False,
        }
        for number in range(count)
    ]
    ids = session.scalars(
        insert(MentorTimeSlot).returning(MentorTimeSlot.id, sort_by_parameter_order=True), slots
    ).all()
    session.execute(
        insert(SessionBooking),
        [
            {name: value for name, value in slot.items() if name != "is_exclusive"}
            | {
                "slot_is_exclusive": False,
                "time_slot_id": slot_id,
                "student_id": cast.student.id,
                "topic": topic_of(number),
            }
            for number, (slot, slot_id) in enumerate(zip(slots, ids, strict=True))
        ],
    )
    session.commit()


def sweep(session, now, *, returning=no_updates):
    return update_session_statuses(session, now=now, cause=Cause.WORKER, returning=returning)


def counts_by_status_and_topic(session):
    rows = session.execute(
        select(SessionBooking.status, SessionBooking.topic, func.count()).group_by(
            SessionBooking.status, SessionBooking.topic
        )
    ).all()
    session.rollback()
    return {(status.value, topic): count for status, topic, count in rows}


def test_what_failed_is_set_back_longer_each_time_and_not_tried_in_between(session, cast):
    bad = a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="11:00", topic="refused"
    )
    poison(session)
    now = NOON

    for attempt, minutes in enumerate((1, 2, 4, 8, 16, 32, 60, 60, 60), start=1):
        assert sweep(session, now).failed == 1
        [failure] = the_failures(session)
        assert (failure.booking_id, failure.attempts) == (bad, attempt)
        assert failure.retry_at == now + minutes * MINUTE
        assert "poison" in failure.error
        with counted_statements(session.get_bind()) as statements:
            just_before = sweep(session, failure.retry_at - timedelta(microseconds=1))
        assert (just_before.started, just_before.failed) == (0, 0)
        assert all(statement.startswith("SELECT") for statement in statements)
        now = failure.retry_at
    assert the_journal(session) == []


def test_a_booking_recovers_at_its_retry_when_the_poison_is_gone(session, cast):
    bad = a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="11:00", topic="refused"
    )
    poison(session)
    sweep(session, NOON)
    take_the_poison_away(session)

    assert sweep(session, NOON + MINUTE, returning=all_updates).started == 1

    assert the_failures(session) == []
    assert the_booking(session, bad).is_delayed
    [change] = the_journal(session)
    assert (change.due_at, change.applied_at) == (at("11:00"), NOON + MINUTE)


def test_a_bad_completion_holds_up_neither_delays_nor_other_completions(session, cast):
    def ended(topic):
        return a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            starts="10:00",
            status=Status.ONGOING,
            topic=topic,
        )

    first, bad, last = ended("sound"), ended("refused"), ended("sound")
    late = a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:30")
    poison(session)

    result = sweep(session, NOON)

    assert (result.started, result.completed, result.failed) == (1, 2, 1)
    assert result.message == (
        "1 session became ongoing with a delay and 2 sessions completed; 1 session failed."
    )
    assert [the_booking(session, number).status for number in (first, bad, last, late)] == [
        Status.COMPLETED,
        Status.ONGOING,
        Status.COMPLETED,
        Status.ONGOING,
    ]


def fails_once(session):
    """The next update of a booking fails, those after it do not, whatever is rolled back."""
    calls = []

    def hiccup():
        calls.append(1)
        return len(calls) == 1

    if session.get_bind().dialect.name == "sqlite":
        session.connection().connection.driver_connection.create_function("hiccup", 0, hiccup)
        before_each_update(
            session, TABLE, "once", "SELECT RAISE(ABORT, 'hiccup') WHERE hiccup();", when="TRUE"
        )
    else:
        run(session, "CREATE SEQUENCE hiccups")  # What a sequence gave stays given.
        before_each_update(
            session,
            TABLE,
            "once",
            "IF nextval('hiccups') = 1 THEN RAISE EXCEPTION 'hiccup'; END IF;",
            when="TRUE",
        )


@pytest.mark.parametrize("count", [1, 50])
def test_one_passing_error_on_a_batch_loses_nothing_of_it(session, cast, count):
    many_due(session, cast, count)
    fails_once(session)

    with structlog.testing.capture_logs() as logs:
        result = sweep(session, NOON, returning=all_updates)

    assert (result.started, result.failed, len(result.updates)) == (count, 0, count)
    assert len(the_journal(session)) == count
    assert the_failures(session) == []
    assert logs == []


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_two_sweeps_that_meet_the_same_bad_booking_both_end_well(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:00", topic="refused")
    good = a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:30")
    poison(session)
    others = []

    def another_sweep():
        with Session(session.get_bind(), expire_on_commit=False) as other:
            others.append(sweep(other, NOON))

    with meanwhile(session.get_bind(), "INSERT INTO sweep_failures", another_sweep) as calls:
        result = sweep(session, NOON)

    assert len(calls) == 1
    assert result.failed + others[0].failed == 1
    assert result.started + others[0].started == 1
    assert [failure.attempts for failure in the_failures(session)] == [1]
    assert len(the_journal(session, good)) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_a_sweep_forgets_no_failure_that_another_one_is_trying_again(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:00", topic="refused")
    poison(session)
    sweep(session, NOON)

    def another_sweep():
        with Session(session.get_bind(), expire_on_commit=False) as other:
            assert sweep(other, NOON + MINUTE).failed == 0

    with meanwhile(session.get_bind(), "UPDATE session_bookings", another_sweep) as calls:
        assert sweep(session, NOON + MINUTE).failed == 1

    assert len(calls) == 1
    assert [failure.attempts for failure in the_failures(session)] == [2]


def test_a_sweep_that_waits_too_long_for_a_lock_blames_no_booking(
    session, cast, database_url, monkeypatch
):
    many_due(session, cast, 3)
    monkeypatch.setattr(database, "_PATIENCE_MS", 20)
    hasty = create_engine(database_url)
    with Session(hasty) as sweeping:
        begin_write(session)
        lock_journal(session)
        with pytest.raises(OperationalError, match="lock"):
            sweep(sweeping, NOON)
    session.rollback()
    hasty.dispose()

    assert the_failures(session) == []
    assert sweep(session, NOON).started == 3


def naive_sweep(session, now):
    """One statement for all that is due."""
    session.execute(
        text(
            "UPDATE session_bookings SET status = 'ONGOING', is_delayed = true "
            "WHERE status = 'SCHEDULED'"
        )
    )
    session.commit()


def test_the_poison_stops_a_sweep_in_one_statement(session, cast):
    many_due(session, cast, 100, topic_of=lambda number: "refused" if number == 37 else "sound")
    poison(session)

    with pytest.raises(DBAPIError, match="poison"):
        naive_sweep(session, NOON)
    session.rollback()

    assert counts_by_status_and_topic(session) == {
        ("SCHEDULED", "sound"): 99,
        ("SCHEDULED", "refused"): 1,
    }
