"""Many who wait, or waited once: what that costs everybody else, on both engines."""

from contextlib import contextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import event, insert, select, update

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.models import MentorTimeSlot, WaitingListEntry
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.services.availability.publish import withdraw_slots
from mentorship.services.booking.holds import HOLD, expire_holds, hold_free_slots
from tests.support.builders import a_booking, a_profile, a_slot, at, some_users
from tests.support.databases import counted_statements

NOW = at("08:00")
MONDAY = date(2026, 11, 23)


@contextmanager
def planned(session):
    """How the database means to run the statements that the session sends meanwhile."""
    engine, seen, plans = session.get_bind(), [], {}

    def note(_connection, _cursor, sql, values, *_rest):
        if not sql.startswith("SET "):  # Nothing to plan.
            seen.append((sql, values))

    event.listen(engine, "before_cursor_execute", note)
    yield plans
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    for sql, values in seen:
        rows = session.connection().exec_driver_sql(f"{explain} {sql}", values)
        plans[sql] = "\n".join(str(row[-1]) for row in rows)


def whole_scans(plans):
    """The statements that read all the places there ever were."""
    return [
        sql
        for sql, plan in plans.items()
        if any(line.strip() == "SCAN waiting_list_entries" for line in plan.splitlines())
        or "Seq Scan on waiting_list_entries" in plan
    ]


@pytest.fixture
def slots(session, cast):
    """Three slots, one with a hold that has run out, and thousands who had one held for them."""
    a_profile(session, cast.mentor)
    slots = [a_slot(session, cast.mentor, starts=at(f"{hour}:00")) for hour in (14, 15, 16)]
    begin_write(session)
    held = {"held_for": cast.student.id, "held_until": NOW}
    session.execute(update(MentorTimeSlot).where(MentorTimeSlot.id == slots[0]).values(**held))
    before = at("10:00", days=-7)
    old = [
        {
            "mentor_id": cast.mentor.id,
            "start_time": before + timedelta(minutes=number),
            "end_time": before + timedelta(minutes=number + 1),
            "is_exclusive": False,
        }
        for number in range(3_000)
    ]
    ids = session.scalars(insert(MentorTimeSlot).returning(MentorTimeSlot.id), old).all()
    places = {"mentor_id": cast.mentor.id, "student_id": cast.student.id, "created_at": NOW}
    places |= {"week": MONDAY, "is_over": True}
    session.execute(
        insert(WaitingListEntry),
        [places | {"held_slot_id": number} for number in ids] + [places] * 3_000,
    )
    session.commit()
    if session.get_bind().dialect.name == "postgresql":
        session.connection().exec_driver_sql("ANALYZE")
        session.commit()
    return slots


def test_places_of_old_are_never_read_from_end_to_end(session, cast, slots):
    with planned(session) as plans:
        read_calendar(session, cast.mentor.id, now=NOW)
        session.rollback()
        withdraw_slots(session, slots[1:], now=NOW)
        session.commit()
        expire_holds(session, now=NOW + HOLD)

    assert sum("held_slot_id" in sql for sql in plans) >= 5
    assert whole_scans(plans) == []


@pytest.fixture
def line(session, cast):
    """Many who wait for two weeks of the mentor, of which nothing is free."""
    a_profile(session, cast.mentor)
    names = [f"Student {number}" for number in range(40)]
    line = some_users(session, [(name, Role.STUDENT) for name in names])
    begin_write(session)
    places = {"mentor_id": cast.mentor.id, "created_at": NOW}
    weeks = (MONDAY, MONDAY + timedelta(weeks=1))
    session.execute(
        insert(WaitingListEntry),
        [places | {"student_id": each.id, "week": week} for each in line for week in weeks],
    )
    session.commit()
    return line


def offered(session, cast):
    """For whom slots are held after an offer, in the order of their start; and its statements."""
    session.rollback()
    begin_write(session)
    with counted_statements(session.get_bind()) as statements:
        hold_free_slots(session, cast.mentor.id, now=NOW)
    session.commit()
    of_mentor = MentorTimeSlot.mentor_id == cast.mentor.id, MentorTimeSlot.held_for.is_not(None)
    holds = select(MentorTimeSlot.held_for).where(*of_mentor).order_by(MentorTimeSlot.start_time)
    return session.scalars(holds).all(), len(statements)


def test_weeks_without_a_free_time_are_asked_for_once_however_many_wait(session, cast, line):
    assert offered(session, cast) == ([], 2 + 2 * 2)


def test_a_free_time_is_held_for_the_first_in_line_who_can_come(session, cast, line):
    first, second, third = (each.id for each in line[:3])
    a_booking(session, mentor=cast.other_mentor, student=line[0], starts="14:00")
    a_slot(session, cast.mentor, starts="14:00")
    a_slot(session, cast.mentor, starts=at("14:00", days=7))
    holds, statements = offered(session, cast)
    assert holds == [second, first]
    assert statements < 50

    assert offered(session, cast)[0] == [second, first]

    a_slot(session, cast.mentor, starts="16:00")
    a_slot(session, cast.mentor, starts="18:00")
    assert offered(session, cast)[0] == [second, first, third, first]


def test_the_search_for_whole_scans_finds_one(session, slots):
    with planned(session) as plans:
        session.execute(update(WaitingListEntry).values(created_at=NOW))

    assert len(whole_scans(plans)) == 1
