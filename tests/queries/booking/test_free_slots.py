"""Which times are free, and why the others are not, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import NotFound
from mentorship.models import MentorProfile, MentorTimeSlot, SessionBooking, User
from mentorship.queries.booking.free_slots import (
    Obstacle,
    free_slots,
    limits_of,
    next_free_slots,
    obstacle_to,
)
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, a_user, at
from tests.support.databases import counted_statements

NOW = at("08:00")
WEEK = timedelta(days=7)
QUARTER = timedelta(minutes=15)
MICROSECOND = timedelta(microseconds=1)


def free(session, cast, student=None, **others):
    asked = {"since": NOW, "until": NOW + WEEK, "now": NOW} | others
    student_id = (student or cast.student).id
    slots = free_slots(session, mentor_id=cast.mentor.id, student_id=student_id, **asked)
    session.rollback()
    return [slot.id for slot in slots]


def obstacle(session, cast, slot, student=None, **others):
    student_id = (student or cast.student).id
    found = obstacle_to(
        session, slot_id=slot, mentor_id=cast.mentor.id, student_id=student_id, now=NOW, **others
    )
    session.rollback()
    return found


def change(session, model, **columns):
    session.execute(update(model).values(**columns))
    session.commit()


def change_slot(session, slot, **columns):
    session.execute(update(MentorTimeSlot).where(MentorTimeSlot.id == slot).values(**columns))
    session.commit()


@pytest.fixture
def slot(session, cast):
    """At 12:00 of a mentor who asks for two hours' notice."""
    a_profile(session, cast.mentor)
    return a_slot(session, cast.mentor, starts="12:00")


def test_a_free_time_has_nothing_in_its_way_and_says_how_many_seats_are_left(session, cast, slot):
    group = a_slot(session, cast.mentor, starts="14:00", capacity=3)
    a_seat(session, group, cast.stranger)

    assert free(session, cast) == [slot, group]
    assert obstacle(session, cast, slot) is None
    found = free_slots(
        session, mentor_id=cast.mentor.id, student_id=None, since=NOW, until=NOW + WEEK, now=NOW
    )
    assert [(each.start_time, each.end_time, each.seats_left) for each in found] == [
        (at("12:00"), at("13:00"), 1),
        (at("14:00"), at("15:00"), 2),
    ]


@pytest.mark.parametrize(
    ("model", "columns", "expected"),
    [
        (MentorTimeSlot, {"is_withdrawn": True}, Obstacle.WITHDRAWN),
        (MentorTimeSlot, {"start_time": NOW}, Obstacle.PAST),
        (MentorTimeSlot, {"start_time": at("09:59:59")}, Obstacle.TOO_SOON),
        (MentorTimeSlot, {"start_time": at("10:00")}, None),
        (MentorProfile, {"minimum_notice": 241}, Obstacle.TOO_SOON),
        (MentorProfile, {"minimum_notice": 240}, None),
        (
            MentorTimeSlot,
            {"start_time": at("08:00:01", days=2), "end_time": at("13:00", days=2)},
            Obstacle.TOO_FAR,
        ),
        (
            MentorTimeSlot,
            {"start_time": at("08:00", days=2), "end_time": at("13:00", days=2)},
            None,
        ),
    ],
)
def test_each_limit_holds_to_the_second_and_the_list_agrees_with_the_reason(
    session, cast, slot, model, columns, expected
):
    change(session, MentorProfile, horizon_days=2)
    change(session, model, **columns)

    assert obstacle(session, cast, slot) is expected
    assert free(session, cast) == ([] if expected else [slot])


def test_without_notice_a_time_that_begins_now_has_passed_in_every_list(session, cast, slot):
    change(session, MentorProfile, minimum_notice=0)
    limits = limits_of(session, cast.mentor.id)
    later = a_slot(session, cast.mentor, starts="08:30", lasts=QUARTER)

    def next_free():
        found = next_free_slots(session, [limits], student_id=None, each=3, now=NOW)
        session.rollback()
        return [each.id for each in found[cast.mentor.id]]

    for starts, expected in ((NOW, [later]), (NOW + MICROSECOND, [slot, later])):
        change_slot(session, slot, start_time=starts, end_time=NOW + QUARTER)
        assert next_free() == free(session, cast) == expected
        assert obstacle(session, cast, slot) is (None if slot in expected else Obstacle.PAST)


def test_a_time_is_held_for_one_student_until_the_hold_runs_out(session, cast, slot):
    change(session, MentorTimeSlot, held_for=cast.student.id, held_until=at("08:00:01"))

    assert free(session, cast) == [slot]
    assert free(session, cast, cast.stranger) == []
    assert obstacle(session, cast, slot, cast.stranger) is Obstacle.HELD
    change(session, MentorTimeSlot, held_until=NOW)
    assert obstacle(session, cast, slot, cast.stranger) is None


def test_a_full_slot_is_free_again_once_a_session_in_it_is_cancelled(session, cast, slot):
    a_seat(session, slot, cast.stranger)

    assert obstacle(session, cast, slot) is Obstacle.FULL
    assert free(session, cast) == []
    change(session, SessionBooking, status=Status.CANCELLED, cancelled_at=NOW)
    assert free(session, cast) == [slot]


def test_a_student_is_free_for_nothing_that_overlaps_an_open_session(session, cast, slot):
    booked = a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="12:59")

    assert obstacle(session, cast, slot) is Obstacle.BUSY
    assert free(session, cast) == []
    assert free(session, cast, cast.stranger) == [slot]
    assert obstacle(session, cast, slot, moving=booked) is None
    change(session, SessionBooking, status=Status.COMPLETED, completed_at=NOW)
    assert free(session, cast) == [slot]


def test_back_to_back_is_free(session, cast, slot):
    for starts in ("11:00", "13:00"):
        a_booking(session, mentor=cast.other_mentor, student=cast.student, starts=starts)

    assert free(session, cast) == [slot]


def test_the_daily_limit_counts_slots_on_the_mentors_own_day(session, cast):
    # 24 hours in Auckland begin at 11:00 UTC of the day before.
    mentor = a_user(session, "Aroha", Role.MENTOR, timezone="Pacific/Auckland")
    a_profile(session, mentor, daily_limit=1)
    day_one = a_slot(session, mentor, starts="10:59", lasts=timedelta(minutes=1), capacity=2)
    day_two = [a_slot(session, mentor, starts=starts) for starts in ("11:00", "12:00")]
    a_seat(session, day_two[0], cast.stranger)
    asked = {"mentor_id": mentor.id, "student_id": cast.student.id, "now": NOW}

    def free_ids(**others):
        slots = free_slots(session, since=NOW, until=NOW + WEEK, **asked, **others)
        return [slot.id for slot in slots]

    assert free_ids() == [day_one]
    assert obstacle_to(session, slot_id=day_two[1], **asked) is Obstacle.DAY_FULL
    booked = a_seat(session, day_one, cast.stranger)
    assert free_ids() == [day_one]  # A second student in the same group is no second session.
    assert free_ids(moving=booked) == [day_one]
    change(session, SessionBooking, status=Status.CANCELLED, cancelled_at=NOW)
    assert free_ids() == [day_one, *day_two]
    assert free_ids(limit=2) == [day_one, day_two[0]]


def test_a_mentor_without_a_profile_gives_no_times(session, cast):
    slot = a_slot(session, cast.mentor, starts="12:00")

    assert limits_of(session, cast.mentor.id) is None
    assert free(session, cast) == []
    with pytest.raises(NotFound):
        obstacle(session, cast, slot)


def test_a_mentor_who_waits_for_approval_gives_no_times(session, cast, slot):
    change(session, User, is_approval_pending=True)

    assert free(session, cast) == []
    with pytest.raises(NotFound):
        obstacle(session, cast, slot)


def test_the_window_is_half_open_and_the_limit_takes_the_first(session, cast, slot):
    later = a_slot(session, cast.mentor, starts="13:00")

    assert free(session, cast, since=at("12:00"), until=at("13:00")) == [slot]
    assert free(session, cast, since=at("12:01")) == [later]
    assert free(session, cast, limit=1) == [slot]


def test_a_list_of_free_times_takes_two_statements_at_any_size(session, cast, slot):
    start = at("12:00", days=1)
    quarters = [start + number * QUARTER for number in range(200)]
    session.execute(
        insert(MentorTimeSlot),
        [
            {"mentor_id": cast.mentor.id, "start_time": each, "end_time": each + QUARTER}
            for each in quarters
        ],
    )
    session.commit()

    with counted_statements(session.get_bind()) as statements:
        assert len(free(session, cast)) == 1 + 200
    assert len(statements) == 2
