"""Whether a mentor was held up by the session before."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking
from mentorship.queries.sessions.lateness import was_mentor_held_up
from tests.support.builders import a_booking, at

TEN = at("10:00")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("starts", "started", "completed", "held_up"),
    [
        ("09:00", TEN - 55 * MINUTE, None, True),
        ("09:00", TEN - 55 * MINUTE, TEN + MINUTE, True),
        ("09:00", TEN - 55 * MINUTE, TEN, False),
        ("09:00", None, None, False),
        ("05:00", TEN - 299 * MINUTE, None, False),
        ("10:30", TEN + 30 * MINUTE, None, False),
    ],
    ids=["under way", "ended since", "ended in time", "not begun", "forgotten", "a later one"],
)
def test_a_mentor_is_held_up_by_what_was_under_way_at_the_start(
    session, cast, starts, started, completed, held_up
):
    status = Status.COMPLETED if completed else Status.ONGOING
    before = a_booking(
        session,
        mentor=cast.mentor,
        student=cast.stranger,
        starts=starts,
        status=status,
        is_delayed=True,
    )
    session.rollback()
    begin_write(session)
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.id == before)
        .values(started_at=started, completed_at=completed)
    )
    session.commit()

    def ask(mentor):
        return was_mentor_held_up(session, SessionBooking(mentor_id=mentor.id, start_time=TEN))

    assert ask(cast.mentor) is held_up
    assert ask(cast.other_mentor) is False
