"""The figures about punctuality are what a recount in plain Python finds."""

import random
from datetime import timedelta
from statistics import median

from sqlalchemy import insert, select, update

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import Cause, SessionBooking, StatusChange
from mentorship.queries.sessions.punctuality import punctuality_of_mentors
from tests.support.builders import a_booking, a_seat, a_slot, at
from tests.support.databases import counted_statements

NOW = at("12:00")
MINUTE = timedelta(minutes=1)


def past_sessions(session, cast, mentor, chance, *, count):
    """Sessions of all kinds, every six hours backwards from now on."""
    for number in range(count):
        start = NOW - timedelta(hours=6 * (number + 1))
        status = chance.choice([Status.COMPLETED, Status.COMPLETED, Status.CANCELLED])
        booking = a_booking(
            session,
            mentor=mentor,
            student=cast.student,
            starts=start,
            status=status,
            is_delayed=status is Status.COMPLETED,
            arrived=False,
        )
        columns = {}
        if status is Status.COMPLETED:
            words = [None, *OutcomeWord]
            mentors, students = chance.choice(words), chance.choice(words)
            decided = chance.choice([None, None, *OutcomeWord])
            columns = {
                "started_at": chance.choice([None, start + chance.randrange(-9, 20) * MINUTE]),
                "mentor_says": mentors,
                "mentor_said_at": NOW if mentors else None,
                "student_says": students,
                "student_said_at": NOW if students else None,
                "decided_outcome": decided,
                "decided_at": NOW if decided else None,
                "decided_by": cast.admin.id if decided else None,
            }
        begin_write(session)
        if columns:
            session.execute(
                update(SessionBooking).where(SessionBooking.id == booking).values(**columns)
            )
        else:
            session.execute(
                update(SessionBooking)
                .where(SessionBooking.id == booking)
                .values(cancelled_at=start - chance.randrange(1, 60) * MINUTE)
            )
            session.execute(
                insert(StatusChange).values(
                    booking_id=booking,
                    old_status="SCHEDULED",
                    new_status="CANCELLED",
                    action=Action.CANCEL,
                    is_delayed=False,
                    applied_at=start,
                    cause=chance.choice([Cause.MENTOR, Cause.STUDENT]),
                    actor_id=mentor.id,
                )
            )
        session.commit()


def recount(session, mentor):
    """The last fifty that count, by reading all sessions and the journal one by one."""
    rows = session.scalars(
        select(SessionBooking)
        .where(SessionBooking.mentor_id == mentor.id)
        .order_by(SessionBooking.start_time.desc())
    ).all()
    counted = []
    for row in rows:
        if row.status is Status.CANCELLED:
            change = session.scalars(
                select(StatusChange).where(StatusChange.booking_id == row.id)
            ).one()
            if change.cause is Cause.MENTOR:
                counted.append(("cancelled", row.start_time - row.cancelled_at))
            continue
        if row.decided_outcome:
            word = row.decided_outcome
        elif row.mentor_says and row.student_says and row.mentor_says != row.student_says:
            continue
        else:
            word = row.mentor_says or row.student_says
        if word is OutcomeWord.MENTOR_ABSENT:
            counted.append(("missed", None))
        elif row.started_at:
            counted.append(("begun", max(row.started_at - row.start_time, timedelta(0))))
    last = counted[:50]
    delays = [what for kind, what in last if kind == "begun"]
    notices = [what for kind, what in last if kind == "cancelled"]
    return (
        len(last) - len(notices),
        sum(delay <= 5 * MINUTE for delay in delays),
        median(delays),
        len(notices),
        median(notices),
    )


def test_the_figures_are_those_of_a_recount(session, cast):
    chance = random.Random(9)
    past_sessions(session, cast, cast.mentor, chance, count=120)
    past_sessions(session, cast, cast.other_mentor, chance, count=40)

    found = punctuality_of_mentors(session, [cast.mentor.id, cast.other_mentor.id], now=NOW)
    for mentor in (cast.mentor, cast.other_mentor):
        figures = found[mentor.id]
        assert recount(session, mentor) == (
            figures.sessions,
            figures.on_time,
            figures.median_delay,
            figures.cancelled,
            figures.median_notice,
        )


def test_a_group_is_one_session_and_sessions_to_come_do_not_count(session, cast):
    for number in range(10):
        slot = a_slot(
            session, cast.mentor, starts=NOW - timedelta(hours=6 * number + 2), capacity=2
        )
        for student, late in ((cast.student, 9), (cast.stranger, 1)):
            booking = a_seat(session, slot, student)
            begin_write(session)
            row = session.get_one(SessionBooking, booking)
            row.status, row.started_at = Status.ONGOING, row.start_time + late * MINUTE
            session.commit()
    a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        starts=NOW + 5 * MINUTE,
        status=Status.ONGOING,
    )

    found = punctuality_of_mentors(session, [cast.mentor.id], now=NOW)[cast.mentor.id]
    assert (found.sessions, found.on_time, found.median_delay) == (10, 10, MINUTE)


def test_a_page_of_mentors_takes_one_statement(session, cast):
    session.rollback()
    with counted_statements(session.get_bind()) as statements:
        assert punctuality_of_mentors(session, list(range(1, 21)), now=NOW) == {}
        assert punctuality_of_mentors(session, [], now=NOW) == {}
    assert len(statements) == 1
