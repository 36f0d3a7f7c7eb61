"""The waiting list: who is first in line gets a hold, then the next, on both engines."""

from datetime import date, timedelta

import pytest
from sqlalchemy import insert, select, update

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.shared.errors import Forbidden, InvalidInput, NotFound
from mentorship.models import MentorProfile, MentorTimeSlot, WaitingListEntry
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot
from mentorship.services.booking.holds import HOLD, expire_holds
from mentorship.services.booking.waiting_list import (
    MOST_PLACES,
    join_waiting_list,
    leave_waiting_list,
)
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.move import move_session
from tests.services.sessions.test_move import FOUR_HOURS
from tests.support.builders import a_booking, a_profile, a_slot, a_user, at
from tests.support.databases import counted_statements
from tests.support.mails import composed_mail

NOW = at("08:00")
MONDAY = date(2026, 11, 23)


@pytest.fixture
def people(session):
    """Three who wait, in this order."""
    return [a_user(session, name, Role.STUDENT) for name in ("Ann", "Bob", "Cem")]


@pytest.fixture
def slot(session, cast):
    """The mentor's only time of the week, taken by the student."""
    a_profile(session, cast.mentor)
    return a_slot(session, cast.mentor, starts="14:00")


@pytest.fixture
def booking(session, cast, slot, people):
    """In the slot; the people wait for it."""
    booked = book_slot(session, viewer=cast.student, request=BookingRequest(slot, "x", ""), now=NOW)
    for each in people:
        wait(session, cast, each)
    return booked.session_id


def wait(session, cast, viewer, week=date(2026, 11, 27)):
    session.rollback()
    return join_waiting_list(
        session, viewer=viewer, mentor_id=cast.mentor.id, week=week, now=NOW
    ).id


def cancel(session, cast, booking, now=NOW):
    apply_action(session, booking_id=booking, action=Action.CANCEL, viewer=cast.mentor, now=now)


def held(session, slot):
    session.rollback()
    kept = session.get_one(MentorTimeSlot, slot, populate_existing=True)
    return kept.held_for, kept.held_until


def in_line(session):
    session.rollback()
    open_ones = select(WaitingListEntry).where(~WaitingListEntry.is_over)
    return [each.student_id for each in session.scalars(open_ones.order_by(WaitingListEntry.id))]


def test_whoever_waits_keeps_the_place_and_a_place_is_a_week_of_the_mentor(
    session, cast, booking, people
):
    first = session.scalars(select(WaitingListEntry).order_by(WaitingListEntry.id)).first()

    assert (first.student_id, first.week) == (people[0].id, MONDAY)
    assert wait(session, cast, people[0], MONDAY) == first.id
    assert in_line(session) == [each.id for each in people]


def test_a_cancelled_time_is_held_for_the_first_in_line_who_is_told(
    session, cast, slot, booking, people
):
    cancel(session, cast, booking)

    assert held(session, slot) == (people[0].id, NOW + HOLD)
    with pytest.raises(NotFree, match="waiting list"):
        book_slot(session, viewer=people[1], request=BookingRequest(slot, "x", ""), now=NOW)
    [mail] = composed_mail(session, MailKind.SLOT_HELD)
    assert (mail.recipient, mail.not_after) == (people[0].email, NOW + HOLD)
    assert "Maya Mentor" in mail.subject
    text = " ".join(mail.text.split())
    assert "Tue 24 Nov 2026, 14:00 UTC. It is held for you until" in text
    assert "Tue 24 Nov 2026, 08:30 UTC" in text
    for part in (mail.text, mail.html):
        assert part.count("https://mentors.example.org/waiting-list") == 1


def test_who_books_the_held_time_leaves_the_line_and_the_hold_is_over(
    session, cast, slot, booking, people
):
    cancel(session, cast, booking)

    assert book_slot(
        session, viewer=people[0], request=BookingRequest(slot, "x", ""), now=NOW
    ).changed
    assert held(session, slot) == (None, None)
    assert in_line(session) == [people[1].id, people[2].id]


def test_a_hold_that_runs_out_goes_to_the_next_until_nobody_waits(
    session, cast, slot, booking, people
):
    cancel(session, cast, booking)
    now = NOW
    for expected in (people[1].id, people[2].id, None):
        assert expire_holds(session, now=now + HOLD / 2) == 0
        now += HOLD
        assert expire_holds(session, now=now) == 1
        assert held(session, slot)[0] == expected

    assert in_line(session) == [each.id for each in people]
    assert expire_holds(session, now=now + HOLD) == 0
    assert book_slot(
        session, viewer=cast.stranger, request=BookingRequest(slot, "x", ""), now=now
    ).changed


def test_a_hold_ends_with_the_start_and_is_not_taken_for_one_that_is_kept(
    session, cast, slot, booking, people
):
    session.execute(update(MentorProfile).values(minimum_notice=0))
    session.commit()
    late = at("13:45")
    cancel(session, cast, booking, now=late)

    assert held(session, slot) == (people[0].id, at("14:00"))
    assert [it.is_kept for it in read_calendar(session, cast.mentor.id, now=late).slots] == [False]


def test_who_leaves_hands_the_hold_on_and_leaving_again_changes_nothing(
    session, cast, slot, booking, people
):
    cancel(session, cast, booking)
    first = session.scalars(select(WaitingListEntry.id).order_by(WaitingListEntry.id)).first()
    session.rollback()
    with pytest.raises(NotFound):
        leave_waiting_list(session, viewer=people[1], entry_id=first, now=NOW)

    for _twice in range(2):
        leave_waiting_list(session, viewer=people[0], entry_id=first, now=NOW)

    assert held(session, slot)[0] == people[1].id
    assert in_line(session) == [people[1].id, people[2].id]


def test_a_moved_session_frees_its_time_for_the_first_in_line(session, cast, slot, booking, people):
    next_week = a_slot(session, cast.mentor, starts=at("14:00", days=7))

    move_session(
        session,
        booking_id=booking,
        slot_id=next_week,
        viewer=cast.mentor,
        reason=None,
        now=NOW,
        cutoff=FOUR_HOURS,
    )

    assert held(session, slot) == (people[0].id, NOW + HOLD)
    assert held(session, next_week) == (None, None)


def test_who_takes_another_time_of_the_week_frees_the_held_one_for_the_next(
    session, cast, slot, booking, people
):
    cancel(session, cast, booking)
    later = a_slot(session, cast.mentor, starts="18:00")

    book_slot(session, viewer=people[0], request=BookingRequest(later, "x", ""), now=NOW)

    assert held(session, slot)[0] == people[1].id
    assert in_line(session) == [people[1].id, people[2].id]


def test_two_freed_times_are_held_for_two_people(session, cast, slot, booking, people):
    other = a_slot(session, cast.mentor, starts="18:00")
    second = book_slot(
        session, viewer=cast.stranger, request=BookingRequest(other, "x", ""), now=NOW
    ).session_id

    cancel(session, cast, booking)
    cancel(session, cast, second)

    assert [held(session, each)[0] for each in (slot, other)] == [people[0].id, people[1].id]


def places(session, cast, people, mondays):
    """Each of the people waits, or did, for each of these weeks."""
    begin_write(session)
    rows = [
        {"mentor_id": cast.mentor.id, "student_id": each.id, "week": monday, "created_at": NOW}
        for each in people
        for monday in mondays
    ]
    session.execute(insert(WaitingListEntry), rows)
    session.commit()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_who_waited_for_past_weeks_costs_a_cancellation_nothing(session, cast, booking, people):
    other = a_booking(session, mentor=cast.mentor, student=cast.student, starts="19:00")
    with counted_statements(session.get_bind()) as before:
        cancel(session, cast, booking)
    places(session, cast, people, [MONDAY - timedelta(weeks=number) for number in range(2, 9)])
    with counted_statements(session.get_bind()) as after:
        cancel(session, cast, other)

    assert len(after) <= len(before)


def test_places_in_weeks_that_are_over_everywhere_end(session, cast, people):
    a_profile(session, cast.mentor)
    last, earlier = MONDAY - timedelta(weeks=1), MONDAY - timedelta(weeks=2)
    places(session, cast, people[:1], [earlier, last, MONDAY])

    for _twice in range(2):
        assert expire_holds(session, now=NOW) == 0
        open_ones = select(WaitingListEntry.week).where(~WaitingListEntry.is_over)
        assert sorted(session.scalars(open_ones)) == [last, MONDAY]
        session.rollback()

    with counted_statements(session.get_bind()) as statements:
        expire_holds(session, now=NOW)
    assert len(statements) == 1


def test_nobody_waits_for_a_week_that_has_a_free_time_is_over_or_far_ahead(session, cast, slot):
    for week, says in (
        (MONDAY, "free time"),
        (date(2026, 11, 22), "is over"),
        (date(2028, 1, 1), "a year ahead"),
        (date.max, "is invalid"),
    ):
        with pytest.raises(InvalidInput, match=says):
            wait(session, cast, cast.student, week)
    with pytest.raises(Forbidden):
        wait(session, cast, cast.mentor)
    with pytest.raises(NotFound, match="mentor"):
        join_waiting_list(
            session, viewer=cast.student, mentor_id=cast.admin.id, week=MONDAY, now=NOW
        )
    assert in_line(session) == []


def test_a_student_waits_for_only_so_many_weeks_at_a_time(session, cast, slot, people):
    ann = people[0]
    mondays = [MONDAY + timedelta(weeks=number + 1) for number in range(MOST_PLACES + 1)]
    places = [wait(session, cast, ann, monday) for monday in mondays[:-1]]

    with pytest.raises(InvalidInput, match=f"already on {MOST_PLACES} waiting lists"):
        wait(session, cast, ann, mondays[-1])

    assert wait(session, cast, ann, mondays[0]) == places[0]  # A place that is there stays.
    session.rollback()
    leave_waiting_list(session, viewer=ann, entry_id=places[0], now=NOW)
    assert wait(session, cast, ann, mondays[-1])
