"""How many sessions a student may have booked at a time."""

from datetime import timedelta

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.booking.limits import BookingLimits
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import TooManyBookings
from mentorship.queries.booking.open_bookings import LIMITS_OPTION
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.imports.import_csv import import_sessions
from tests.support.builders import a_booking, a_profile, a_slot, a_user, at

NOW = at("08:00")
LIMITS = BookingLimits(total=4, per_mentor=2)


@pytest.fixture
def slots(session, cast):
    """Five free times of each of three mentors, no two at the same time, under LIMITS."""
    session.bind = session.get_bind().execution_options(**{LIMITS_OPTION: LIMITS})
    mentors = [cast.mentor, cast.other_mentor, a_user(session, "Tilda Third", Role.MENTOR)]
    for mentor in mentors:
        a_profile(session, mentor)
    return [
        [a_slot(session, mentor, starts=at("12:00") + timedelta(hours=3 * n + m)) for n in range(5)]
        for m, mentor in enumerate(mentors)
    ]


@pytest.fixture
def book_it(session, cast):
    def act(slot, *, now=NOW, viewer=cast.student):
        wish = BookingRequest(slot, "Testing", "")
        return book_slot(session, viewer=viewer, request=wish, now=now)

    return act


def test_with_one_mentor_a_student_books_as_many_as_the_limit_says(book_it, slots, cast):
    first, second, third, *_ = slots[0]
    book_it(first)
    assert book_it(second).changed

    with pytest.raises(TooManyBookings, match="already have 2 sessions with Maya Mentor"):
        book_it(third)

    assert book_it(slots[1][0]).changed
    assert book_it(third, viewer=cast.stranger).changed


def test_with_all_mentors_together_the_total_counts(book_it, slots):
    for slot in (*slots[0][:2], *slots[1][:2]):
        book_it(slot)

    with pytest.raises(TooManyBookings, match="already have 4 sessions that are still to come"):
        book_it(slots[2][0])


def test_a_session_that_was_cancelled_or_has_begun_no_longer_counts(session, book_it, slots, cast):
    first, second, third, fourth, _ = slots[0]
    book_it(first)
    booked = book_it(second)
    apply_action(
        session,
        booking_id=booked.session_id,
        action=Action.CANCEL,
        viewer=cast.student,
        now=NOW,
        cancellation=Cancellation(reason="ill"),
    )
    assert book_it(third).changed

    with pytest.raises(TooManyBookings):
        book_it(fourth)
    assert book_it(fourth, now=at("12:00")).changed


def test_the_session_that_the_student_has_in_this_time_is_found_at_the_limit_too(book_it, slots):
    first, second, *_ = slots[0]
    book_it(first)
    book_it(second)

    assert not book_it(first).changed


def test_imported_sessions_count_and_are_not_refused(session, book_it, slots, cast):
    rows = "".join(
        f"{cast.other_mentor.email},{cast.student.email},2026-11-{day}T09:00Z,"
        f"2026-11-{day}T10:00Z,Imported\n"
        for day in (25, 26, 27, 28, 29, 30)
    )
    text = "mentor_email,student_email,start,end,topic\n" + rows
    import_sessions(session, text.encode(), now=NOW)

    with pytest.raises(TooManyBookings, match="already have 6 sessions that"):
        book_it(slots[0][0])


def test_sessions_that_are_over_do_not_count(session, book_it, slots, cast):
    for day in range(1, 6):
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            starts=at("10:00", days=-day),
            status=Status.COMPLETED,
        )

    assert book_it(slots[0][0]).changed
