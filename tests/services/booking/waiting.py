"""Helpers for the tests of holds."""

from datetime import date

from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import MentorTimeSlot
from mentorship.queries.booking.waiting_lists import waiting_lists
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.booking.waiting_list import join_waiting_list
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, a_slot, at
from tests.support.mails import composed_mail

NOW = at("08:00")
MONDAY = date(2026, 11, 23)
HELD, LOST = "held for you", "no longer held for you"


def line(session, cast, *people):
    """These wait, in this order, for the mentor's week."""
    for each in people:
        session.rollback()
        join_waiting_list(session, viewer=each, mentor_id=cast.mentor.id, week=MONDAY, now=NOW)


def a_full_slot(session, cast, starts="14:00", **columns):
    """A slot of the mentor and the booking in it."""
    slot = a_slot(session, cast.mentor, starts=starts, **columns)
    session.rollback()
    booked = book_slot(session, viewer=cast.student, request=BookingRequest(slot, "x", ""), now=NOW)
    return slot, booked.session_id


def cancel(session, cast, booking, now=NOW):
    session.rollback()
    apply_action(session, booking_id=booking, action=Action.CANCEL, viewer=cast.mentor, now=now)


def sessions_to_come(session, student, mentor, count):
    """Bookings that stand in nobody's way but count."""
    return [
        a_booking(session, mentor=mentor, student=student, starts=at("10:00", days=14 + day))
        for day in range(count)
    ]


def held(session, slot):
    session.rollback()
    kept = session.get_one(MentorTimeSlot, slot, populate_existing=True)
    return kept.held_for, kept.held_until


def shown(session, viewer, now):
    """The slot that the waiting lists of a student say is held, and until when."""
    session.rollback()
    [waiting] = waiting_lists(session, student_id=viewer.id, since=MONDAY, now=now)
    session.rollback()
    return waiting.slot_id, waiting.held_until


def mails(session, viewer):
    """The mails about holds that a student got, oldest first."""
    return [
        mail.subject.removeprefix("A time with Maya Mentor is ")
        for mail in composed_mail(session, MailKind.SLOT_HELD, MailKind.HOLD_ENDED)
        if mail.recipient == viewer.email
    ]
