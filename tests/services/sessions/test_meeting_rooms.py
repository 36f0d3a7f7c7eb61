"""Where a session meets, while others change the mentor's calendar."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import MentorTimeSlot, WaitingListEntry
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.meeting_rooms import set_meeting_link
from tests.support.builders import a_profile, a_seat, a_slot, at
from tests.support.meanwhile import meanwhile
from tests.support.processes import wait_until

NOW = at("08:00")

WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_a_room_is_set_while_a_session_with_a_room_is_cancelled(session, cast):
    a_profile(session, cast.mentor)
    group = a_slot(session, cast.mentor, starts=at("12:00", days=1), capacity=2)
    alone = a_slot(session, cast.mentor, starts=at("15:00", days=1), meeting_url="https://a.org/")
    stays, goes = (a_seat(session, slot, cast.student) for slot in (group, alone))
    begin_write(session)
    session.execute(
        insert(WaitingListEntry).values(
            mentor_id=cast.mentor.id,
            student_id=cast.stranger.id,
            week=date(2026, 11, 23),
            created_at=NOW,
        )
    )
    session.commit()
    engine, url = session.get_bind(), "https://b.org/"

    def set_the_room():
        with Session(engine) as own:
            set_meeting_link(own, booking_id=stays, viewer=cast.mentor, url=url)

    def somebody_waits():
        with Session(engine) as own:
            return own.scalar(WAITING)

    with ThreadPoolExecutor() as pool:
        room = []

        def press():  # The cancellation has emptied its room, and will lock the group's slot.
            room.append(pool.submit(set_the_room))
            wait_until(somebody_waits)

        with meanwhile(engine, "SELECT waiting_list_entries", press):
            apply_action(
                session, booking_id=goes, action=Action.CANCEL, viewer=cast.mentor, now=NOW
            )
        room[0].result()

    kept = session.get_one(MentorTimeSlot, group, populate_existing=True)
    assert (kept.meeting_url, kept.held_for) == (url, cast.stranger.id)
