"""Saying that one will be late: who, when, and what the other side gets."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.models import Cause, LateNotice, OutboxMessage, SessionBooking
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.late import say_late
from mentorship.services.sessions.move import move_session
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, at, the_booking
from tests.support.mails import composed_mail

START, HALF_PAST_NINE = at("10:00"), at("09:30")
TICK = timedelta(microseconds=1)


@pytest.fixture
def booking(session, cast):
    """A session from 10:00 to 11:00."""
    return a_booking(session, mentor=cast.mentor, student=cast.student)


@pytest.fixture
def say(session):
    """`say(booking, viewer, minutes, now)`: 09:30 where no time is given."""

    def run(booking, viewer, minutes, now=HALF_PAST_NINE, note=""):
        session.rollback()
        return say_late(
            session, booking_id=booking, viewer=viewer, minutes=minutes, note=note, now=now
        )

    return run


def notices(session):
    session.rollback()
    rows = session.scalars(select(LateNotice).order_by(LateNotice.booking_id, LateNotice.side))
    return [(row.booking_id, row.side, row.minutes, row.note) for row in rows]


def mails(session):
    """The readers of mail about somebody being late that was not dropped."""
    session.rollback()
    rows = session.scalars(select(OutboxMessage).where(OutboxMessage.kind == MailKind.LATE))
    return [row.reader_id for row in rows if row.outcome is None]


def texts(session):
    """The texts of these mails, by reader."""
    return {mail.recipient: mail.text for mail in composed_mail(session, MailKind.LATE)}


def test_the_other_side_gets_a_mail_that_says_how_late(session, cast, booking, say):
    revision = the_booking(session, booking).revision
    result = say(booking, cast.mentor, 10, note="The train is late.")

    assert (result.changed, result.minutes, result.note) == (True, 10, "The train is late.")
    assert notices(session) == [(booking, "mentor", 10, "The train is late.")]
    assert the_booking(session, booking).revision == revision + 1
    assert mails(session) == [cast.student.id]
    [text] = texts(session).values()
    assert "Maya Mentor will be about 10 minutes late" in text
    assert "Maya Mentor writes: The train is late." in " ".join(text.split())


def test_the_same_again_changes_nothing(session, cast, booking, say):
    say(booking, cast.student, 10)
    revision = the_booking(session, booking).revision

    assert say(booking, cast.student, 10).changed is False
    assert the_booking(session, booking).revision == revision
    assert mails(session) == [cast.mentor.id]


def test_another_time_replaces_the_first_and_one_mail_tells_the_last(session, cast, booking, say):
    say(booking, cast.student, 10)
    say(booking, cast.student, 1)

    assert notices(session) == [(booking, "student", 1, "")]
    assert mails(session) == [cast.mentor.id]
    assert "about 1 minute late" in texts(session)["maya.mentor@example.org"]


def test_taken_back_before_the_mail_left_nobody_is_told(session, cast, booking, say):
    say(booking, cast.student, 10)

    assert say(booking, cast.student, 0).changed is True
    assert notices(session) == []
    assert mails(session) == []


def test_taken_back_afterwards_the_other_side_is_told_that_too(session, cast, booking, say):
    say(booking, cast.student, 10)
    session.rollback()
    for mail in session.scalars(select(OutboxMessage)):
        mail.attempts = 1
    session.commit()
    say(booking, cast.student, 0)

    assert len(mails(session)) == 2
    assert "Sam Student will be on time" in texts(session)["maya.mentor@example.org"]


def test_both_sides_can_be_late(session, cast, booking, say):
    say(booking, cast.student, 5)
    say(booking, cast.mentor, 15)

    assert notices(session) == [(booking, "mentor", 15, ""), (booking, "student", 5, "")]


def test_a_mentor_is_late_for_the_whole_group(session, cast, say):
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=3)
    first, second = (a_seat(session, slot, student) for student in (cast.student, cast.stranger))
    say(first, cast.mentor, 10)
    say(second, cast.stranger, 20)

    assert notices(session) == [
        (first, "mentor", 10, ""),
        (second, "mentor", 10, ""),
        (second, "student", 20, ""),
    ]
    assert sorted(mails(session)) == sorted([cast.student.id, cast.stranger.id, cast.mentor.id])


def test_from_two_hours_before_the_start(cast, booking, say):
    with pytest.raises(Conflict, match="from two hours before the start"):
        say(booking, cast.student, 10, START - timedelta(hours=2) - TICK)
    assert say(booking, cast.student, 10, START - timedelta(hours=2)).changed


def test_until_the_session_is_under_way(session, cast, booking, say):
    session.rollback()
    update_session_statuses(session, now=START, cause=Cause.WORKER, returning=no_updates)
    assert say(booking, cast.mentor, 10, at("10:05")).changed
    session.rollback()
    apply_action(
        session, booking_id=booking, action=Action.ARRIVE, viewer=cast.mentor, now=at("10:10")
    )

    with pytest.raises(Conflict, match="until the session is under way"):
        say(booking, cast.student, 10, at("10:11"))


def test_not_once_its_time_is_over(session, cast, booking, say):
    session.rollback()
    update_session_statuses(session, now=START, cause=Cause.WORKER, returning=no_updates)

    assert say(booking, cast.mentor, 10, at("11:00") - TICK).changed
    with pytest.raises(Conflict):
        say(booking, cast.mentor, 20, at("11:00"))


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_not_for_a_session_that_is_over(session, cast, say, status):
    over = a_booking(session, mentor=cast.mentor, student=cast.student, status=status)

    with pytest.raises(Conflict):
        say(over, cast.student, 10)
    assert notices(session) == []


def test_only_by_the_people_of_the_session(session, cast, booking, say):
    with pytest.raises(NotFound):
        say(booking, cast.stranger, 10)
    with pytest.raises(Forbidden):
        say(booking, cast.admin, 10)
    assert notices(session) == []


def test_a_move_takes_it_back(session, cast, booking, say):
    a_profile(session, cast.mentor, minimum_notice=0)
    say(booking, cast.student, 10)
    elsewhere = a_slot(session, cast.mentor, starts="20:00")
    session.rollback()
    move_session(
        session,
        booking_id=booking,
        slot_id=elsewhere,
        viewer=cast.mentor,
        reason=None,
        now=at("09:40"),
        cutoff=NO_CUTOFF,
    )

    assert notices(session) == []


def test_the_next_student_is_told_that_the_mentor_is_still_in_the_session_before(
    session, cast, booking
):
    before = a_booking(session, mentor=cast.mentor, student=cast.stranger, starts="09:00")
    session.rollback()
    apply_action(
        session, booking_id=before, action=Action.START, viewer=cast.mentor, now=at("09:00")
    )
    session.rollback()
    apply_action(
        session, booking_id=before, action=Action.COMPLETE, viewer=cast.mentor, now=at("09:59")
    )
    held_up = a_booking(session, mentor=cast.mentor, student=cast.student, starts="12:00")
    running = a_booking(session, mentor=cast.mentor, student=cast.stranger, starts="11:00")
    session.rollback()
    apply_action(
        session, booking_id=running, action=Action.START, viewer=cast.mentor, now=at("10:55")
    )
    session.execute(
        update(SessionBooking).where(SessionBooking.id == running).values(is_delayed=True)
    )
    session.commit()
    session.rollback()
    update_session_statuses(session, now=at("12:00"), cause=Cause.WORKER, returning=no_updates)

    sentence = "At that time Maya Mentor was still in the session before yours."
    told = {
        (mail.recipient, topic_time): sentence in " ".join(mail.text.split())
        for mail in composed_mail(session, MailKind.DELAYED)
        for topic_time in ("10:00", "12:00")
        if topic_time in mail.subject
    }
    assert told == {
        ("sam.student@example.org", "10:00"): False,
        ("maya.mentor@example.org", "10:00"): False,
        ("sam.student@example.org", "12:00"): True,
        ("maya.mentor@example.org", "12:00"): False,
    }
    assert the_booking(session, held_up).is_delayed
