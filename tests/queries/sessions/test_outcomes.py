"""The outcome in SQL is the outcome in Python, for everything that can be said."""

from datetime import timedelta
from itertools import product

from sqlalchemy import select, update

from mentorship.database import begin_write
from mentorship.domain.sessions.outcomes import OutcomeWord, outcome_of
from mentorship.models import SessionBooking
from mentorship.queries.sessions.outcomes import outcome_state, outcome_value, statements_of
from tests.support.builders import a_booking, a_cast, at

END, SILENCE = at("11:00"), timedelta(hours=72)
WORDS = (None, OutcomeWord.TOOK_PLACE, OutcomeWord.MENTOR_ABSENT)
SAID_AT = (END - timedelta(hours=1), END, END + timedelta(hours=1))
INSTANTS = [
    base + SILENCE + step
    for base in SAID_AT
    for step in (timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1))
]


def test_both_readings_agree_on_every_statement_at_every_edge(session):
    cast = a_cast(session)
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    checked = 0
    for mentor, student, decided, first, second in product(WORDS, WORDS, WORDS, SAID_AT, SAID_AT):
        begin_write(session)
        session.execute(
            update(SessionBooking)
            .where(SessionBooking.id == booking)
            .values(
                mentor_says=mentor,
                mentor_said_at=first if mentor else None,
                student_says=student,
                student_said_at=second if student else None,
                decided_outcome=decided,
                decided_at=END if decided else None,
                decided_by=cast.admin.id if decided else None,
            )
        )
        session.commit()
        for now in INSTANTS:
            row, state, value = session.execute(
                select(SessionBooking, outcome_state(now, SILENCE), outcome_value())
            ).one()
            expected = outcome_of(statements_of(row), end_time=END, now=now, silence=SILENCE)
            assert (state, value) == (expected.state, expected.value)
            checked += 1
        session.rollback()

    assert checked == 27 * 9 * len(INSTANTS)
