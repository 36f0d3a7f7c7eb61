"""Somebody who is both student and mentor is in one session at a time, whatever the part."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import Conflict, InvalidInput
from mentorship.models import MentorTimeSlot
from mentorship.queries.availability.upcoming_slots import upcoming_slots
from mentorship.queries.booking.free_slots import Obstacle, free_slots, limits_of, next_free_slots
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot
from mentorship.services.booking.holds import update_holds
from mentorship.services.booking.waiting_list import join_waiting_list
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.imports.import_csv import import_sessions
from mentorship.services.sessions.move import move_session
from mentorship.services.sessions.undo import undo_action
from tests.support.builders import a_profile, a_seat, a_slot, a_user, at, the_booking

NOW = at("08:00")
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture
def tess(session):
    """A mentor who also learns from others."""
    tess = a_user(session, "Tess Two", Role.STUDENT, Role.MENTOR)
    a_profile(session, tess)
    return tess


@pytest.fixture
def mentor(session, cast):
    a_profile(session, cast.mentor)
    return cast.mentor


def book(session, viewer, slot):
    wish = BookingRequest(slot, "A topic", "")
    return book_slot(session, viewer=viewer, request=wish, now=NOW).session_id


def refused(session, viewer, slot, obstacle):
    with pytest.raises(NotFree, match=str(obstacle)) as refusal:
        book(session, viewer, slot)
    return [slot.id for slot in refusal.value.next_free]


def shown(session, mentor, student_id):
    """The slots of a mentor that a student sees, by both ways to ask."""
    found = free_slots(
        session,
        mentor_id=mentor.id,
        student_id=student_id,
        since=NOW,
        until=NOW + timedelta(days=9),
        now=NOW,
    )
    limits = limits_of(session, mentor.id)
    asked = next_free_slots(session, [limits], student_id=student_id, each=9, now=NOW)
    session.rollback()
    assert [slot.id for slot in asked[mentor.id]] == [slot.id for slot in found]
    return [slot.id for slot in found]


def test_nobody_books_themselves(session, cast, tess):
    slot = a_slot(session, tess, starts="12:00")

    assert refused(session, tess, slot, Obstacle.OWN) == []
    assert shown(session, tess, tess.id) == []
    assert shown(session, tess, cast.student.id) == shown(session, tess, None) == [slot]
    with pytest.raises(InvalidInput, match="your own waiting list"):
        join_waiting_list(session, viewer=tess, mentor_id=tess.id, week=NOW.date(), now=NOW)


@pytest.mark.parametrize("starts", ["11:01", "12:00", "12:59"])
def test_who_mentors_at_that_time_cannot_book_another_session_then(
    session, cast, tess, mentor, starts
):
    book(session, cast.student, a_slot(session, tess, starts="12:00"))
    overlapping = a_slot(session, mentor, starts=starts)
    later = a_slot(session, mentor, starts="14:00")

    assert refused(session, tess, overlapping, Obstacle.BUSY) == [later]
    assert shown(session, mentor, tess.id) == [later]
    assert shown(session, mentor, cast.stranger.id) == [overlapping, later]


@pytest.mark.parametrize("starts", ["11:01", "12:00", "12:59"])
def test_times_of_a_mentor_who_learns_then_are_not_offered_until_that_session_is_off(
    session, cast, tess, mentor, starts
):
    own = a_slot(session, tess, starts=starts)
    learning = book(session, tess, a_slot(session, mentor, starts="12:00"))

    refused(session, cast.student, own, Obstacle.MENTOR_BUSY)
    assert shown(session, tess, cast.student.id) == shown(session, tess, None) == []

    apply_action(session, booking_id=learning, action=Action.CANCEL, viewer=tess, now=NOW)
    assert shown(session, tess, cast.student.id) == [own]
    assert book(session, cast.student, own)


def test_back_to_back_fits_in_different_parts(session, cast, tess, mentor):
    book(session, tess, a_slot(session, mentor, starts="12:00"))

    for starts in ("11:00", "13:00"):
        assert book(session, cast.student, a_slot(session, tess, starts=starts))


def test_no_session_is_moved_to_where_one_of_the_two_has_the_other_part_elsewhere(
    session, cast, tess, mentor
):
    free, own_free = a_slot(session, mentor, starts="15:00"), a_slot(session, tess, starts="17:00")
    mentoring = book(session, cast.student, a_slot(session, tess, starts="15:30"))
    learning = book(session, tess, a_slot(session, mentor, starts="17:30"))

    def move(booking, slot, obstacle):
        with pytest.raises(NotFree, match=str(obstacle)):
            move_session(
                session,
                booking_id=booking,
                slot_id=slot,
                viewer=tess,
                reason=None,
                now=NOW,
                cutoff=NO_CUTOFF,
            )

    move(learning, free, Obstacle.BUSY)
    move(mentoring, own_free, Obstacle.MENTOR_BUSY)


def test_a_session_moves_into_the_time_that_it_leaves(session, tess, mentor):
    learning = book(session, tess, a_slot(session, mentor, starts="12:00"))
    slot = session.get_one(MentorTimeSlot, the_booking(session, learning).time_slot_id)
    slot.is_exclusive = False  # So that the mentor can offer two times that overlap.
    session.commit()
    half_an_hour_later = a_slot(session, mentor, starts="12:30")

    moved = move_session(
        session,
        booking_id=learning,
        slot_id=half_an_hour_later,
        viewer=tess,
        reason=None,
        now=NOW,
        cutoff=NO_CUTOFF,
    )

    assert moved.changed


def test_a_time_held_for_a_student_is_let_go_when_its_mentor_learns_then(
    session, cast, tess, mentor
):
    taken = a_slot(session, tess, starts="12:00")
    seat = a_seat(session, taken, cast.stranger)
    join_waiting_list(session, viewer=cast.student, mentor_id=tess.id, week=NOW.date(), now=NOW)
    apply_action(session, booking_id=seat, action=Action.CANCEL, viewer=tess, now=NOW)
    assert session.get_one(MentorTimeSlot, taken).held_for == cast.student.id

    book(session, tess, a_slot(session, mentor, starts="12:00"))
    update_holds(session, tess.id, now=NOW)

    assert session.get_one(MentorTimeSlot, taken, populate_existing=True).held_for is None


HEADER = b"mentor_email,student_email,start,end,topic\n"


def a_line(mentor, student, *, starts, ends):
    day = "2026-11-25"
    return f"{mentor.email},{student.email},{day}T{starts}Z,{day}T{ends}Z,A topic\n".encode()


def test_imported_sessions_of_one_person_in_both_parts_are_kept_as_overlapping(
    session, cast, tess, mentor
):
    lines = (
        a_line(tess, cast.student, starts="10:00", ends="11:00"),
        a_line(mentor, tess, starts="10:30", ends="11:30"),
        a_line(mentor, tess, starts="12:00", ends="13:00"),
        a_line(tess, cast.student, starts="12:30", ends="13:30"),
        a_line(tess, cast.stranger, starts="14:00", ends="15:00"),
    )

    assert import_sessions(session, HEADER + b"".join(lines), now=NOW).overlapping == 2
    # And against what is in the database by now.
    again = a_line(tess, cast.stranger, starts="12:15", ends="12:45")
    assert import_sessions(session, HEADER + again, now=NOW).overlapping == 1
    mirrored = a_line(cast.other_mentor, tess, starts="14:30", ends="15:30")
    assert import_sessions(session, HEADER + mirrored, now=NOW).overlapping == 1


def test_an_imported_session_takes_no_offered_time_of_a_mentor_who_learns_then(
    session, cast, tess, mentor
):
    own = a_slot(session, tess, starts=at("12:00", days=1))
    book(session, tess, a_slot(session, mentor, starts=at("12:00", days=1)))
    line = a_line(tess, cast.student, starts="12:00", ends="13:00")

    assert import_sessions(session, HEADER + line, now=NOW).overlapping == 1
    begin_write(session)
    assert not session.get_one(MentorTimeSlot, own).is_withdrawn
    session.rollback()


def test_a_file_with_a_session_of_somebody_with_themselves_is_refused(session, tess):
    line = a_line(tess, tess, starts="10:00", ends="11:00")

    with pytest.raises(InvalidInput, match=r"row 2, column student_email: .* with themselves"):
        import_sessions(session, HEADER + line, now=NOW)


def test_a_one_off_slot_is_not_offered_where_its_mentor_learns_then(session, tess, mentor):
    """Tess is in UTC. She may still offer it, and change how many fit into one she offers."""
    early = save_one_off_slot(session, tess.id, an_hour(time(10, 30)), now=NOW)
    book(session, tess, a_slot(session, mentor, starts=at("12:00", days=1)))

    for opens in (time(11, 30), time(12), time(12, 30)):
        with pytest.raises(InvalidInput, match=r"session with Maya Mentor on .*12:00"):
            save_one_off_slot(session, tess.id, an_hour(opens), now=NOW)
    with pytest.raises(InvalidInput, match="session with Maya Mentor"):
        save_one_off_slot(session, tess.id, an_hour(time(11, 30)), slot_id=early, now=NOW)

    assert save_one_off_slot(session, tess.id, an_hour(time(13)), now=NOW)
    wider = replace(an_hour(time(10, 30)), capacity=3)
    assert save_one_off_slot(session, tess.id, wider, slot_id=early, now=NOW) == early


def an_hour(opens):
    closes = time(opens.hour + 1, opens.minute)
    return OneOffSlot(date(2026, 11, 25), opens, closes, capacity=1)


def test_the_mentor_reads_which_slots_are_not_offered_because_of_an_own_session(
    session, cast, tess, mentor
):
    blocked, free = (a_slot(session, tess, starts=at(it, days=1)) for it in ("12:00", "13:00"))
    book(session, tess, a_slot(session, mentor, starts=at("12:30", days=1), lasts=HALF_AN_HOUR))

    found = upcoming_slots(session, tess.id, page=1, now=NOW)

    assert {slot.id: slot.is_blocked for slot in found.slots} == {blocked: True, free: False}


def test_no_press_is_undone_and_no_status_corrected_into_a_second_session_at_once(
    session, cast, tess, mentor
):
    given = book(session, cast.student, a_slot(session, tess, starts="12:00"))
    apply_action(session, booking_id=given, action=Action.START, viewer=tess, now=NOW)
    apply_action(session, booking_id=given, action=Action.COMPLETE, viewer=tess, now=NOW)
    book(session, tess, a_slot(session, mentor, starts="12:30"))

    with pytest.raises(Conflict):
        undo_action(session, booking_id=given, viewer=tess, now=NOW + timedelta(minutes=1))
    wanted = Correction(Status.ONGOING, is_delayed=False, reason="Pressed by mistake.")
    with pytest.raises(Conflict):
        correct_status(session, booking_id=given, correction=wanted, viewer=cast.admin, now=NOW)

    assert the_booking(session, given).status is Status.COMPLETED
