"""The rules in Python and the rules in SQL are one: they agree, and the SQL uses its indexes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from mentorship.domain.sessions.lifecycle import CLOCK_RULES, Action, State, Status
from mentorship.models import MentorTimeSlot, SessionBooking, SweepFailure
from mentorship.queries.sessions import due
from mentorship.queries.sessions.due import anything_due, due_bookings, next_due
from tests.support.builders import a_booking, at

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

# Close together, so that equality and a single microsecond decide often.
instants = st.builds(
    lambda hours, ticks: NOON + timedelta(hours=hours, microseconds=ticks),
    st.integers(-2, 2),
    st.sampled_from((-1_000_000, -1, 0, 1, 999_999)),
)
anywhere = st.sampled_from((UTC, timezone(timedelta(hours=-5)), timezone(timedelta(hours=5.75))))


@st.composite
def states(draw):
    """Every state that the database can hold."""
    status = draw(st.sampled_from(Status))
    touched = status is not Status.SCHEDULED
    start, end = sorted(draw(st.lists(instants, min_size=2, max_size=2, unique=True)))
    return State(
        status=status,
        is_delayed=touched and draw(st.booleans()),
        started_at=start if touched and draw(st.booleans()) else None,
        start_time=start,
        end_time=end,
    )


def store(session, cast, state):
    times = {
        "mentor_id": cast.mentor.id,
        "start_time": state.start_time,
        "end_time": state.end_time,
    }
    slot = session.scalar(
        insert(MentorTimeSlot).values(**times, is_exclusive=False).returning(MentorTimeSlot.id)
    )
    return session.scalar(
        insert(SessionBooking)
        .values(
            **times,
            time_slot_id=slot,
            slot_is_exclusive=False,
            student_id=cast.student.id,
            status=state.status,
            is_delayed=state.is_delayed,
            started_at=state.started_at,
            completed_at=state.end_time if state.status is Status.COMPLETED else None,
            cancelled_at=state.start_time if state.status is Status.CANCELLED else None,
        )
        .returning(SessionBooking.id)
    )


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # Each example is rolled back.
)
@given(st.lists(states(), min_size=1, max_size=12), instants, anywhere)
def test_python_and_sql_agree_on_what_is_due_in_every_state_at_every_instant(
    session, cast, drawn, instant, zone
):
    now = instant.astimezone(zone)
    session.rollback()
    stored = {store(session, cast, state): state for state in drawn}

    for rule in CLOCK_RULES:
        expected = sorted(
            (state.at(rule.since, now), booking)
            for booking, state in stored.items()
            if rule.matches(state, now)
        )
        actual = [(row[3], row[0]) for row in session.execute(due_bookings(rule, now=now))]
        assert actual == expected
    assert anything_due(session, now=now) == any(
        rule.matches(state, now) for rule in CLOCK_RULES for state in stored.values()
    )
    forever = datetime.max.replace(tzinfo=UTC)
    assert next_due(session, now=now) == min(
        (
            state.at(rule.since, now)
            for rule in CLOCK_RULES
            for state in stored.values()
            if rule.matches(state, forever)
        ),
        default=None,
    )
    session.rollback()


def test_pages_of_due_bookings_meet_without_a_gap_or_an_overlap(session, cast):
    delay = CLOCK_RULES[0]
    for number in range(10):  # Twice five at the same instant.
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=f"10:0{number // 5}")
    whole = [row[0] for row in session.execute(due_bookings(delay, now=at("12:00")))]

    paged, after = [], None
    while page := session.execute(due_bookings(delay, now=at("12:00"), after=after, limit=3)).all():
        paged += [row[0] for row in page]
        after = (page[-1][3], page[-1][0])

    assert paged == whole
    assert len(whole) == 10


@pytest.mark.parametrize(
    ("retry_in", "is_due"), [(timedelta(microseconds=1), False), (timedelta(0), True)]
)
def test_what_is_set_back_is_not_due_until_its_retry(session, cast, retry_in, is_due):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    now = at("11:00")
    session.add(SweepFailure(booking_id=booking, attempts=1, retry_at=now + retry_in, error="x"))
    session.commit()

    assert anything_due(session, now=now) == is_due
    assert bool(session.execute(due_bookings(CLOCK_RULES[0], now=now)).all()) == is_due
    assert next_due(session, now=now) == (at("10:00") if is_due else now + retry_in)


@dataclass(frozen=True)
class Plan:
    """How a database means to run a statement."""

    text: str

    @classmethod
    def of(cls, session, statement, parameters=None):
        """The plan of a statement with its parameters, as the session would send it."""
        seen = []

        def note(_connection, _cursor, sql, values, *_rest):
            seen.append((sql, values))

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        session.execute(statement, parameters or {})
        event.remove(engine, "before_cursor_execute", note)
        sql, values = seen[-1]
        explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
        rows = session.connection().exec_driver_sql(f"{explain} {sql}", values)
        return cls("\n".join(str(row[-1]) for row in rows))

    def whole_scans(self):
        """The lines that read a table of bookings from end to end."""
        return [
            line
            for line in self.text.splitlines()
            if line.strip().startswith("SCAN session_bookings") or "Seq Scan on session_b" in line
        ]


def many_bookings(session, cast, count):
    """Enough rows, long over, that a planner has a reason to look for an index."""
    start, end = at("10:00", days=-400), at("11:00", days=-400)
    times = {"mentor_id": cast.mentor.id, "start_time": start, "end_time": end}
    slot = session.scalar(
        insert(MentorTimeSlot)
        .values(**times, capacity=count, is_exclusive=False)
        .returning(MentorTimeSlot.id)
    )
    session.execute(
        insert(SessionBooking),
        [
            times
            | {
                "time_slot_id": slot,
                "slot_capacity": count,
                "slot_is_exclusive": False,
                "seat": seat,
                "student_id": cast.student.id,
                "status": Status.COMPLETED,
                "completed_at": end,
            }
            for seat in range(1, count + 1)
        ],
    )
    session.commit()
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("ANALYZE session_bookings")
        session.commit()


INDEX_OF = {
    Action.DELAY: "ix_session_bookings_due_delay",
    Action.AUTO_COMPLETE: "ix_session_bookings_due_auto_complete",
}


def test_the_probe_and_the_selection_read_the_partial_indexes_and_nothing_else(session, cast):
    many_bookings(session, cast, 2_000)
    now = at("12:00")

    probe = Plan.of(session, select(due.ANYTHING_DUE), {"now": now})
    assert all(index in probe.text for index in INDEX_OF.values())
    assert probe.whole_scans() == []

    for rule in CLOCK_RULES:
        first = due_bookings(rule, now=now, limit=1000).with_for_update(
            of=SessionBooking, skip_locked=True
        )
        later = due_bookings(rule, now=now, after=(at("09:00"), 5), limit=1000)
        for statement in (first, later):
            plan = Plan.of(session, statement)
            assert INDEX_OF[rule.action] in plan.text
            assert plan.whole_scans() == []
            assert "TEMP B-TREE" not in plan.text


def test_a_query_in_other_words_than_the_index_is_seen_to_scan(session, cast):
    many_bookings(session, cast, 2_000)
    naive = select(SessionBooking.id).where(
        SessionBooking.status.not_in((Status.COMPLETED, Status.CANCELLED)),
        SessionBooking.end_time <= at("12:00"),
    )

    assert Plan.of(session, naive).whole_scans() != []


def test_the_words_of_a_rule_are_those_of_its_index_on_both_engines():
    for rule in CLOCK_RULES:
        index = next(
            index
            for index in SessionBooking.__table__.indexes
            if index.name == INDEX_OF[rule.action]
        )
        for dialect in (sqlite.dialect(), postgresql.dialect()):
            predicate = str(index.dialect_options[dialect.name]["where"])
            assert predicate in str(due_bookings(rule, now=NOON).compile(dialect=dialect))
