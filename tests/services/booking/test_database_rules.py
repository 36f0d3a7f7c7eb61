"""The rules that the database itself enforces, on both engines."""

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import MentorTimeSlot, SessionBooking, StatusChange, User
from tests.support.builders import a_booking, at, the_booking

FULL = "uq_session_bookings_live_seat|session_bookings.time_slot_id, session_bookings.seat"


def a_slot(session, cast, *, capacity=1):
    times = {"mentor_id": cast.mentor.id, "start_time": at("10:00"), "end_time": at("11:00")}
    slot_id = session.scalar(
        insert(MentorTimeSlot)
        .values(**times, capacity=capacity, is_exclusive=False)
        .returning(MentorTimeSlot.id)
    )
    session.commit()
    return times | {
        "time_slot_id": slot_id,
        "slot_capacity": capacity,
        "slot_is_exclusive": False,
    }


def book(session, cast, slot, **columns):
    booking = session.scalar(
        insert(SessionBooking)
        .values(**{**slot, "student_id": cast.student.id, **columns})
        .returning(SessionBooking.id)
    )
    session.commit()
    return booking


def refused(session, statement, name):
    with pytest.raises(IntegrityError, match=name):
        session.execute(statement)
    session.rollback()


def test_a_slot_takes_as_many_live_bookings_as_its_capacity_and_a_cancelled_one_frees_its_seat(
    session, cast
):
    single, double = a_slot(session, cast), a_slot(session, cast, capacity=2)
    first = book(session, cast, single)
    with pytest.raises(IntegrityError, match=FULL):
        book(session, cast, single)
    session.rollback()
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.id == first)
        .values(status=Status.CANCELLED, cancelled_at=at("09:00"))
    )
    session.commit()

    book(session, cast, single)
    refused(
        session,
        update(SessionBooking)
        .where(SessionBooking.id == first)
        .values(status=Status.SCHEDULED, cancelled_at=None),
        FULL,
    )

    book(session, cast, double, seat=1)
    book(session, cast, double, seat=2)
    with pytest.raises(IntegrityError, match=FULL):
        book(session, cast, double, seat=2)
    session.rollback()
    with pytest.raises(IntegrityError, match="ck_session_bookings_seat_within_capacity"):
        book(session, cast, double, seat=3)


@pytest.mark.parametrize("status", [Status.ONGOING, Status.COMPLETED])
def test_a_session_under_way_or_over_keeps_its_seat(session, cast, status):
    slot = a_slot(session, cast)
    book(
        session,
        cast,
        slot,
        status=status,
        completed_at=at("11:00") if status is Status.COMPLETED else None,
    )

    with pytest.raises(IntegrityError, match=FULL):
        book(session, cast, slot)


def test_the_copies_of_a_moved_slot_follow_it_and_the_revision_grows(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    slots = update(MentorTimeSlot)

    session.execute(slots.values(start_time=at("12:00"), end_time=at("13:00")))
    session.commit()
    moved = the_booking(session, booking)
    assert (moved.start_time, moved.end_time) == (at("12:00"), at("13:00"))
    assert moved.revision == 2

    session.execute(slots.values(mentor_id=cast.other_mentor.id))
    session.commit()
    assert the_booking(session, booking).mentor_id == cast.other_mentor.id
    assert the_booking(session, booking).revision == 3

    session.execute(slots.values(capacity=4))
    session.commit()
    assert the_booking(session, booking).slot_capacity == 4


def test_copies_that_are_not_the_slots_are_refused(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    for column, value in (
        ("start_time", at("09:00")),
        ("end_time", at("12:00")),
        ("mentor_id", cast.other_mentor.id),
        ("slot_capacity", 2),
        ("time_slot_id", 99),
    ):
        with pytest.raises(IntegrityError, match=r"fk_session_bookings_slot_copies|FOREIGN KEY"):
            session.execute(update(SessionBooking).values({column: value}))
        session.rollback()
    assert the_booking(session, booking).start_time == at("10:00")


def test_a_slot_cannot_shrink_below_a_seat_that_is_taken(session, cast):
    slot = a_slot(session, cast, capacity=2)
    book(session, cast, slot, seat=2)

    refused(
        session,
        update(MentorTimeSlot).values(capacity=1),
        "ck_session_bookings_seat_within_capacity",
    )


def test_a_slot_with_a_booking_and_a_booking_with_a_journal_cannot_be_deleted(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    session.execute(insert(StatusChange).values(a_change(booking, cast)))
    session.commit()

    for model in (MentorTimeSlot, SessionBooking, User):
        with pytest.raises(IntegrityError):
            session.execute(model.__table__.delete())
        session.rollback()


def a_change(booking, cast, **columns):
    return {
        "booking_id": booking,
        "old_status": "SCHEDULED",
        "new_status": "ONGOING",
        "action": "start",
        "is_delayed": False,
        "cause": "mentor",
        "actor_id": cast.mentor.id,
        "applied_at": at("10:00"),
    } | columns


NEVER = """
table              check                      columns
session_bookings   scheduled_is_untouched     is_delayed = true
session_bookings   scheduled_is_untouched     started_at = start_time
session_bookings   completed_has_its_time     status = 'COMPLETED'
session_bookings   completed_has_its_time     completed_at = end_time
session_bookings   completed_has_its_time     status = 'ONGOING', completed_at = end_time
session_bookings   cancelled_has_its_time     status = 'CANCELLED'
session_bookings   cancelled_has_its_time     cancelled_at = end_time
session_bookings   cancelled_has_its_time     status = 'ONGOING', cancelled_at = end_time
session_bookings   status                     status = 'scheduled'
session_bookings   status                     status = 'PAUSED'
session_bookings   seat_within_capacity       seat = 0
session_bookings   seat_within_capacity       seat = 2
mentor_time_slots  starts_before_it_ends      end_time = start_time
mentor_time_slots  capacity_positive          capacity = 0
users              email_lower_case           email = 'Sam@example.org'
users              has_a_role                 is_student = false
session_bookings   two_people                 student_id = mentor_id
status_changes     old_status                 old_status = 'PAUSED'
status_changes     new_status                 new_status = 'PAUSED'
status_changes     cause                      cause = 'magic'
"""


def test_each_check_refuses_the_states_that_cannot_be(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    session.execute(insert(StatusChange).values(a_change(booking, cast)))
    session.commit()

    for line in NEVER.strip().splitlines()[1:]:
        table, check, columns = line.split(maxsplit=2)
        with pytest.raises(IntegrityError, match=f"ck_{table}_{check}"):
            session.connection().exec_driver_sql(
                f"UPDATE {table} SET {columns} WHERE id = (SELECT min(id) FROM {table})"
            )
        session.rollback()


def test_what_always_has_a_value_cannot_be_empty(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")

    for column in ("is_delayed", "status", "seat", "revision", "topic", "start_time"):
        with pytest.raises(IntegrityError, match=column):
            session.connection().exec_driver_sql(f"UPDATE session_bookings SET {column} = NULL")
        session.rollback()


def an_exclusive_booking(session, cast, *, starts, **others):
    people = {"mentor": cast.mentor, "student": cast.student} | others
    return a_booking(session, starts=starts, is_exclusive=True, **people)


SLOTS, SESSIONS = "ex_mentor_time_slots_overlap", "ex_session_bookings_overlap"


@pytest.mark.parametrize("starts", ["09:01", "10:00", "10:59"])
def test_a_mentor_has_no_two_slots_at_once_and_a_student_no_two_sessions(session, cast, starts):
    an_exclusive_booking(session, cast, starts="10:00")

    with pytest.raises(IntegrityError, match=SLOTS):
        an_exclusive_booking(session, cast, starts=starts, student=cast.stranger)
    with pytest.raises(IntegrityError, match=SESSIONS):
        an_exclusive_booking(session, cast, starts=starts, mentor=cast.other_mentor)


ACROSS = "ex_session_bookings_across_parts"


@pytest.mark.parametrize("starts", ["09:01", "10:00", "10:59"])
def test_nobody_is_student_and_mentor_in_two_sessions_at_once(session, cast, starts):
    an_exclusive_booking(session, cast, starts="10:00")

    with pytest.raises(IntegrityError, match=ACROSS):
        an_exclusive_booking(
            session, cast, starts=starts, mentor=cast.other_mentor, student=cast.mentor
        )
    with pytest.raises(IntegrityError, match=ACROSS):
        an_exclusive_booking(
            session, cast, starts=starts, mentor=cast.student, student=cast.stranger
        )


def test_no_change_of_a_session_brings_somebody_into_two_at_once(session, cast):
    an_exclusive_booking(session, cast, starts="10:00")
    learning = {"mentor": cast.other_mentor, "student": cast.mentor}
    later = an_exclusive_booking(session, cast, starts="12:00", **learning)
    cancelled = an_exclusive_booking(
        session, cast, starts="10:30", status=Status.CANCELLED, **learning
    )
    imported = a_booking(session, starts="10:30", **learning)
    strangers = {"mentor": cast.other_mentor, "student": cast.stranger}
    elsewhere = an_exclusive_booking(session, cast, starts="09:30", **strangers)

    def change(booking, model=SessionBooking, **columns):
        found = the_booking(session, booking)
        row = found.id if model is SessionBooking else found.time_slot_id
        refused(session, update(model).where(model.id == row).values(columns), ACROSS)

    earlier = {"start_time": at("09:30"), "end_time": at("10:01")}
    change(later, MentorTimeSlot, **earlier | {"mentor_id": cast.admin.id})
    change(cancelled, status=Status.SCHEDULED, cancelled_at=None)
    change(imported, MentorTimeSlot, is_exclusive=True, mentor_id=cast.admin.id)
    change(elsewhere, student_id=cast.mentor.id)
    change(elsewhere, MentorTimeSlot, mentor_id=cast.student.id)


def test_what_is_over_or_back_to_back_leaves_both_parts_free(session, cast):
    an_exclusive_booking(session, cast, starts="10:00", status=Status.COMPLETED)
    learning = {"mentor": cast.other_mentor, "student": cast.mentor}
    an_exclusive_booking(session, cast, starts="10:00", **learning)
    booking = an_exclusive_booking(session, cast, starts="11:00")

    start = update(SessionBooking).where(SessionBooking.id == booking)
    session.execute(start.values(status=Status.ONGOING, started_at=at("11:00")))
    session.commit()


@pytest.mark.parametrize("starts", ["09:00", "11:00"])
def test_back_to_back_fits(session, cast, starts):
    an_exclusive_booking(session, cast, starts="10:00")

    assert an_exclusive_booking(session, cast, starts=starts)


def test_a_slot_or_a_session_cannot_be_moved_into_another(session, cast):
    for starts in ("08:00", "10:00"):
        an_exclusive_booking(session, cast, starts=starts)
    booking = an_exclusive_booking(session, cast, starts="12:00", student=cast.stranger)
    slot = the_booking(session, booking).time_slot_id
    earlier = {"start_time": at("10:30"), "end_time": at("11:30")}
    refused(session, update(MentorTimeSlot).where(MentorTimeSlot.id == slot).values(earlier), SLOTS)

    elsewhere = an_exclusive_booking(
        session, cast, starts="10:30", mentor=cast.other_mentor, student=cast.stranger
    )
    to_the_student = update(SessionBooking).where(SessionBooking.id == elsewhere)
    refused(session, to_the_student.values(student_id=cast.student.id), SESSIONS)


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_what_is_over_leaves_the_student_free(session, cast, status):
    over = an_exclusive_booking(session, cast, starts="10:00", status=status)
    an_exclusive_booking(session, cast, starts="10:30", mentor=cast.other_mentor)

    back = update(SessionBooking).where(SessionBooking.id == over)
    again = {"status": Status.SCHEDULED, "completed_at": None, "cancelled_at": None}
    refused(session, back.values(**again, started_at=None), SESSIONS)


def test_a_withdrawn_slot_leaves_the_mentor_free_and_takes_no_open_session(session, cast):
    booking = an_exclusive_booking(session, cast, starts="10:00")
    withdraw = update(MentorTimeSlot).values(is_withdrawn=True)
    refused(session, withdraw, "ck_session_bookings_open_slot_is_offered")

    cancelled = {"status": Status.CANCELLED, "cancelled_at": at("09:00")}
    session.execute(update(SessionBooking).values(cancelled))
    session.execute(withdraw)
    session.commit()
    an_exclusive_booking(session, cast, starts="10:30", student=cast.stranger)
    again = update(SessionBooking).where(SessionBooking.id == booking)
    refused(
        session,
        again.values(status=Status.SCHEDULED, cancelled_at=None),
        "ck_session_bookings_open_slot_is_offered",
    )
    refused(session, update(MentorTimeSlot).values(is_withdrawn=False), SLOTS)
