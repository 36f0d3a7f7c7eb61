"""No time is held for a student who has booked as many sessions as one can; on both engines."""

from mentorship.domain.booking.limits import BookingLimits
from mentorship.queries.booking.open_bookings import LIMITS_OPTION
from mentorship.services.booking.holds import update_holds
from tests.services.booking.waiting import (
    HELD,
    NOW,
    a_full_slot,
    cancel,
    held,
    line,
    mails,
    sessions_to_come,
)
from tests.support.builders import a_profile, at
from tests.support.mails import composed_mail


def test_a_student_at_a_limit_is_told_why_the_hold_ended(session, cast, ann):
    a_profile(session, cast.mentor)
    _slot, booking = a_full_slot(session, cast)
    line(session, cast, ann)
    cancel(session, cast, booking)
    sessions_to_come(session, ann, cast.mentor, BookingLimits().per_mentor)
    session.rollback()
    update_holds(session, cast.mentor.id, now=NOW)

    mail = [each for each in composed_mail(session) if each.recipient == ann.email][-1]
    assert "because you already have as many sessions to come as you can book at a time" in (
        " ".join(mail.text.split())
    )


def test_a_student_at_a_limit_is_skipped_and_keeps_the_place(session, cast, ann, bob):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    later, second = a_full_slot(session, cast, starts=at("14:00", days=2))
    line(session, cast, ann, bob)
    first, *_ = sessions_to_come(session, ann, cast.mentor, BookingLimits().per_mentor)
    cancel(session, cast, booking)

    assert held(session, slot)[0] == bob.id
    assert mails(session, ann) == []
    cancel(session, cast, first)
    cancel(session, cast, second)
    assert held(session, later)[0] == ann.id
    assert mails(session, ann) == [HELD]


def test_the_limits_are_a_setting_of_the_engine(session, cast, ann, bob):
    limits = BookingLimits(total=2, per_mentor=2)
    session.rollback()
    session.bind = session.get_bind().execution_options(**{LIMITS_OPTION: limits})
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann, bob)
    sessions_to_come(session, ann, cast.other_mentor, 2)
    cancel(session, cast, booking)

    assert held(session, slot)[0] == bob.id
