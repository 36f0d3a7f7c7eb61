"""Deciding on a change of a calendar before its lock is taken, and again where it has changed."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.models import MentorTimeSlot
from mentorship.services.availability.calendar_lock import decide_then_lock
from tests.support.builders import at

NOW = at("09:00")


@pytest.fixture
def decide(session, cast):
    """`decide()` counts the mentor's slots; as often as `others` says, one is added just after."""

    class Decide:
        others = 0
        calls = 0

        def __call__(self):
            counted = session.scalar(select(func.count()).select_from(MentorTimeSlot))
            self.calls += 1
            if self.calls <= self.others:
                start = at("10:00", days=self.calls)
                with Session(session.get_bind()) as other:
                    begin_write(other)
                    other.execute(
                        insert(MentorTimeSlot).values(
                            mentor_id=cast.mentor.id,
                            start_time=start,
                            end_time=start + timedelta(minutes=30),
                        )
                    )
                    other.commit()
            return counted

    session.rollback()
    return Decide()


@pytest.mark.parametrize(("others", "calls"), [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_a_decision_holds_for_the_calendar_that_is_locked_however_often_it_changes(
    session, cast, decide, others, calls
):
    decide.others = others

    decided = decide_then_lock(session, cast.mentor.id, decide, now=NOW)

    assert (decided, decide.calls) == (others, calls)
    with pytest.raises(RuntimeError, match="writes is open"):
        begin_write(session)


def test_a_decision_to_write_nothing_leaves_no_transaction_open(session, cast):
    session.rollback()

    assert decide_then_lock(session, cast.mentor.id, lambda: None, now=NOW) is None
    assert not session.in_transaction()


def test_an_error_in_the_decision_is_raised_with_no_transaction_open(session, cast):
    session.rollback()

    with pytest.raises(ZeroDivisionError):
        decide_then_lock(session, cast.mentor.id, lambda: 1 // 0, now=NOW)

    assert not session.in_transaction()
