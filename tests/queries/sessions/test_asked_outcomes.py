"""About which sessions a dashboard asks how they went."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import SessionBooking
from mentorship.queries.sessions.outcome_view import MOST_ASKED, asked_outcomes
from tests.support.builders import a_booking, at

NOW, SILENCE = at("12:00"), timedelta(hours=72)
LATE = {"status": Status.ONGOING, "is_delayed": True}
DONE = {"status": Status.COMPLETED}


@pytest.fixture
def book(session, cast):
    """`book("10:00", **state)`: a session of the student with her mentor."""

    def make(starts="10:00", *, words=None, **state):
        start = at(starts) if isinstance(starts, str) else starts
        booking = a_booking(
            session, mentor=cast.mentor, student=cast.student, starts=start, **state
        )
        columns = {}
        for side, word in (words or {}).items():
            column, said = (
                ("decided_outcome", "decided_at")
                if side == "decision"
                else (f"{side}_says", f"{side}_said_at")
            )
            columns |= {column: word, said: start}
        if "decision" in (words or {}):
            columns["decided_by"] = cast.admin.id
        if columns:
            begin_write(session)
            session.execute(
                update(SessionBooking).where(SessionBooking.id == booking).values(**columns)
            )
            session.commit()
        return booking

    return make


@pytest.fixture
def asked(session):
    """`asked(viewer)`: the ids of the sessions about which they are asked, and in which part."""

    def run(viewer):
        session.rollback()
        found = asked_outcomes(session, viewer.id, now=NOW, silence=SILENCE)
        return [(each.id, each.party) for each in found]

    return run


TOOK_PLACE, ABSENT = OutcomeWord.TOOK_PLACE, OutcomeWord.MENTOR_ABSENT


@pytest.mark.parametrize(
    ("state", "words", "mentor", "student"),
    [
        (DONE, {}, True, True),
        (LATE, {}, True, True),
        (LATE | {"arrived": True}, {"mentor": TOOK_PLACE}, False, True),
        (DONE, {"mentor": TOOK_PLACE}, False, True),
        (DONE, {"student": ABSENT}, True, False),
        (DONE, {"student": ABSENT, "mentor": TOOK_PLACE}, False, False),
        (DONE, {"decision": TOOK_PLACE}, False, False),
        ({"status": Status.ONGOING}, {}, False, False),
        ({"status": Status.SCHEDULED}, {}, False, False),
        ({"status": Status.CANCELLED}, {}, False, False),
    ],
)
def test_who_has_not_answered_about_a_completed_or_a_delayed_session_is_asked(
    cast, book, asked, state, words, mentor, student
):
    booking = book(words=words, **state)

    assert asked(cast.mentor) == ([(booking, Party.MENTOR)] if mentor else [])
    assert asked(cast.student) == ([(booking, Party.STUDENT)] if student else [])
    for viewer in (cast.stranger, cast.other_mentor, cast.admin):
        assert asked(viewer) == []


def test_nobody_is_asked_about_what_silence_has_settled_or_what_is_a_week_old(cast, book, asked):
    book(at("08:00", days=-3), words={"mentor": TOOK_PLACE}, **DONE)
    still = book(at("11:30", days=-3), words={"mentor": TOOK_PLACE}, **DONE)
    book(at("12:00", days=-7), **LATE)
    recent = book(at("12:01", days=-7), **LATE)

    assert [booking for booking, _ in asked(cast.student)] == [still, recent]


def test_the_newest_come_first_and_only_so_many_at_a_time(cast, book, asked):
    bookings = [book(at("10:00", days=-days / 2), **DONE) for days in range(MOST_ASKED + 3)]

    assert [booking for booking, _ in asked(cast.mentor)] == bookings[:MOST_ASKED]
