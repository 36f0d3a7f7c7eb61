"""Booking a time: what is stored, what is refused and how, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import Forbidden, KeyReused, NotFound, RateLimited
from mentorship.models import IdempotencyKey, MentorProfile, MentorTimeSlot, SessionBooking
from mentorship.queries.booking.free_slots import Obstacle
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot
from mentorship.services.booking.idempotency import (
    KEPT_FOR,
    MOST_KEYS,
    IdempotentRequest,
    forget_old_answers,
    store_answer,
)
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, at, the_booking
from tests.support.meanwhile import meanwhile
from tests.support.triggers import run

NOW = at("08:00")


def wish(slot, topic="Testing", notes=""):
    return BookingRequest(slot, topic, notes)


def number_of(session, model):
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


@pytest.fixture
def slot(session, cast):
    a_profile(session, cast.mentor)
    return a_slot(session, cast.mentor, starts="12:00")


def test_a_booking_keeps_topic_notes_and_when_it_was_made(session, cast, slot):
    booked = book_slot(session, viewer=cast.student, request=wish(slot, notes="See §3."), now=NOW)

    kept = the_booking(session, booked.session_id)
    assert (kept.student_id, kept.mentor_id, kept.time_slot_id, kept.status) == (
        cast.student.id,
        cast.mentor.id,
        slot,
        Status.SCHEDULED,
    )
    assert (kept.topic, kept.notes, kept.booked_at) == ("Testing", "See §3.", NOW)
    assert (kept.start_time, kept.end_time) == (at("12:00"), at("13:00"))
    assert booked.message == "The session is booked: Testing with Maya Mentor."


def test_the_same_student_again_keeps_the_session_there_is(session, cast, slot):
    first = book_slot(session, viewer=cast.student, request=wish(slot), now=NOW)
    again = book_slot(session, viewer=cast.student, request=wish(slot, "Other"), now=NOW)

    assert (again.session_id, again.topic, again.changed) == (first.session_id, "Testing", False)
    assert number_of(session, SessionBooking) == 1


def test_a_taken_time_is_refused_with_the_next_free_times(session, cast, slot):
    others = [a_slot(session, cast.mentor, starts=f"{hour}:00") for hour in (17, 15, 14, 16)]
    book_slot(session, viewer=cast.student, request=wish(slot), now=NOW)
    a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="15:30")

    with pytest.raises(NotFree, match="taken by somebody else") as refused:
        book_slot(session, viewer=cast.stranger, request=wish(slot), now=NOW)

    assert [each.id for each in refused.value.next_free] == [others[2], others[0]]


@pytest.mark.parametrize(
    ("model", "columns", "obstacle"),
    [
        (MentorTimeSlot, {"is_withdrawn": True}, Obstacle.WITHDRAWN),
        (MentorTimeSlot, {"start_time": at("07:00")}, Obstacle.PAST),
        (MentorProfile, {"minimum_notice": 300}, Obstacle.TOO_SOON),
        (MentorTimeSlot, {"held_for": 2, "held_until": at("08:30")}, Obstacle.HELD),
    ],
)
def test_what_cannot_be_booked_is_refused_in_words_and_writes_nothing(
    session, cast, slot, model, columns, obstacle
):
    session.execute(update(model).values(**columns))
    session.commit()

    with pytest.raises(NotFree, match=str(obstacle)):
        book_slot(session, viewer=cast.student, request=wish(slot), now=NOW, key="a key")

    assert number_of(session, SessionBooking) == number_of(session, IdempotencyKey) == 0


def test_only_students_book_and_only_times_that_exist(session, cast, slot):
    for viewer in (cast.mentor, cast.admin):
        with pytest.raises(Forbidden):
            book_slot(session, viewer=viewer, request=wish(slot), now=NOW)
    with pytest.raises(NotFound, match="no such time"):
        book_slot(session, viewer=cast.student, request=wish(4711), now=NOW)


def test_a_group_takes_a_student_for_each_seat_and_a_freed_seat_again(session, cast):
    a_profile(session, cast.mentor)
    slot = a_slot(session, cast.mentor, starts="12:00", capacity=3)
    first = a_seat(session, slot, cast.other_mentor)
    a_seat(session, slot, cast.admin)
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.id == first)
        .values(status=Status.CANCELLED, cancelled_at=NOW)
    )
    session.commit()

    seats = [
        the_booking(
            session, book_slot(session, viewer=each, request=wish(slot), now=NOW).session_id
        ).seat
        for each in (cast.student, cast.stranger)
    ]
    assert seats == [1, 3]


def test_the_same_key_and_wish_have_the_same_answer_whatever_came_between(session, cast, slot):
    first = book_slot(session, viewer=cast.student, request=wish(slot), now=NOW, key="k")
    session.execute(update(SessionBooking).values(status=Status.CANCELLED, cancelled_at=NOW))
    session.commit()
    book_slot(session, viewer=cast.stranger, request=wish(slot), now=NOW, key="k")

    assert book_slot(session, viewer=cast.student, request=wish(slot), now=NOW, key="k") == first
    with pytest.raises(KeyReused):
        book_slot(session, viewer=cast.student, request=wish(slot, "Other"), now=NOW, key="k")
    assert number_of(session, SessionBooking) == 2


def test_a_key_is_forgotten_after_a_day(session, cast, slot):
    book_slot(session, viewer=cast.student, request=wish(slot), now=NOW, key="k")

    forget_old_answers(session, now=NOW + KEPT_FOR / 2)
    assert number_of(session, IdempotencyKey) == 1
    forget_old_answers(session, now=NOW + KEPT_FOR)
    assert number_of(session, IdempotencyKey) == 0


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_writer_without_our_locks_is_found_out_by_the_database_and_told_in_words(
    session, cast, slot
):
    engine = session.get_bind()

    def import_one():
        with engine.connect() as connection, type(session)(connection) as other:
            # Without the triggers, one of which would wait for the locks of both people.
            run(other, "SET session_replication_role = replica")
            a_booking(
                other,
                mentor=cast.other_mentor,
                student=cast.student,
                starts="12:30",
                is_exclusive=True,
            )
            run(other, "SET session_replication_role = origin")

    with (
        meanwhile(engine, "INSERT INTO session_bookings", import_one),
        pytest.raises(NotFree, match=str(Obstacle.BUSY)),
    ):
        book_slot(session, viewer=cast.student, request=wish(slot), now=NOW)


def test_a_refused_booking_leaves_no_transaction_open(session, cast, slot):
    book_slot(session, viewer=cast.student, request=wish(slot), now=NOW)
    with pytest.raises(NotFree):
        book_slot(session, viewer=cast.stranger, request=wish(slot), now=NOW)

    assert not session.in_transaction()
    begin_write(session)


def test_a_person_has_only_so_many_keys_at_a_time(session, cast, slot):
    begin_write(session)
    for number in range(MOST_KEYS):
        store_answer(session, IdempotentRequest(cast.student.id, f"k{number}", "{}"), "{}", now=NOW)
    session.commit()
    later = NOW + timedelta(hours=1)

    with pytest.raises(RateLimited, match="100 different Idempotency-Keys within a day") as refused:
        book_slot(session, viewer=cast.student, request=wish(slot), now=later, key="one more")

    assert refused.value.retry_after == 23 * 3600
    assert number_of(session, SessionBooking) == 0
    assert number_of(session, IdempotencyKey) == MOST_KEYS
    assert book_slot(
        session, viewer=cast.stranger, request=wish(slot), now=later, key="one more"
    ).changed


def test_keys_that_are_a_day_old_do_not_count(session, cast, slot):
    begin_write(session)
    for number in range(MOST_KEYS):
        store_answer(
            session,
            IdempotentRequest(cast.student.id, f"k{number}", "{}"),
            "{}",
            now=NOW - KEPT_FOR,
        )
    session.commit()

    assert book_slot(session, viewer=cast.student, request=wish(slot), now=NOW, key="a key").changed
