"""Run 9: many students press at once; each seat has one winner, the others get a sentence."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.booking.limits import BookingLimits
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking
from tests.proof.bookers import ANY_NUMBER, press_all, press_book
from tests.proof.conftest import sizes
from tests.support.builders import a_profile, a_slot, a_user, at
from tests.support.calendars import calendar_faults
from tests.support.processes import in_processes

PROCESSES = 4  # Each of them is six people at a time.
NOW = at("08:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def crowd(reader):
    """`crowd(40)`: this many students."""

    def make(count):
        with Session(reader, expire_on_commit=False) as session:
            return [a_user(session, f"Student {n}", Role.STUDENT) for n in range(count)]

    return make


@pytest.fixture
def offered(reader):
    """`offered(100)`: this many slots, back to back; `mentors=2` offers each time twice."""

    def make(count, *, mentors=1):
        with Session(reader, expire_on_commit=False) as session:
            people = [a_user(session, f"Mentor {n}", Role.MENTOR) for n in range(mentors)]
            for each in people:
                a_profile(session, each, horizon_days=60)
            return [
                a_slot(session, each, starts=at("12:00") + number * HOUR)
                for number in range(count)
                for each in people
            ]

    return make


@pytest.fixture
def circle(reader):
    """`circle(4, 6)`: four people who mentor each other, and six slots of each at the same times.

    Returns the people, and all slots with their mentors.
    """

    def make(count, times):
        with Session(reader, expire_on_commit=False) as session:
            people = [
                a_user(session, f"Person {n}", Role.STUDENT, Role.MENTOR) for n in range(count)
            ]
            for each in people:
                a_profile(session, each, horizon_days=60)
            return people, [
                (each, a_slot(session, each, starts=at("12:00") + number * HOUR))
                for number in range(times)
                for each in people
            ]

    return make


def race(url, asks, *, style="product", limits=ANY_NUMBER):
    """Send all requests at once, from four processes; returns the tally."""
    shares = [asks[start::PROCESSES] for start in range(PROCESSES)]
    tallies = in_processes(press_book, [(url, style, it, NOW, limits) for it in shares])
    return sum(tallies, Counter())


def most_open(reader):
    """The most open sessions of one student, and of one student with one mentor."""
    with Session(reader) as session:
        pairs = session.execute(
            select(SessionBooking.student_id, SessionBooking.mentor_id).where(
                SessionBooking.status == Status.SCHEDULED, SessionBooking.start_time > NOW
            )
        ).all()
    each = Counter(student for student, _mentor in pairs)
    return max(each.values()), max(Counter(pairs).values())


@pytest.mark.parametrize("students", sizes(short=24, long=500))
def test_when_many_students_press_at_once_one_gets_the_time_and_the_others_a_sentence(
    database_url, reader, crowd, offered, figure, students
):
    [slot] = offered(1)

    tally = race(database_url, [(student, slot) for student in crowd(students)])

    assert tally == {"booked": 1, "refused": students - 1}
    assert calendar_faults(reader) == []
    figure(f"{students} students on one time: 1 booked, {students - 1} refused in words")


@pytest.mark.parametrize("slots", sizes(short=8, long=100))
def test_racing_bookings_on_many_slots_fill_each_once(
    database_url, reader, crowd, offered, figure, slots
):
    ids, asks = offered(slots), slots * 5
    wishes = [(student, ids[n % slots]) for n, student in enumerate(crowd(asks))]

    tally = race(database_url, wishes)

    assert tally == {"booked": slots, "refused": asks - slots}
    assert calendar_faults(reader) == []
    figure(f"{asks} racing bookings on {slots} slots: 0 double bookings, 0 overlaps, 0 errors")


@pytest.mark.parametrize("slots", sizes(short=8, long=100))
def test_a_student_who_asks_for_two_overlapping_times_at_once_gets_one(
    database_url, reader, crowd, offered, slots
):
    [student] = crowd(1)

    tally = race(database_url, [(student, slot) for slot in offered(slots, mentors=2)])

    assert tally == {"booked": slots, "refused": slots}
    assert calendar_faults(reader) == []


@pytest.mark.parametrize("times", sizes(short=3, long=30))
def test_people_who_book_each_other_at_once_are_in_one_session_at_a_time(
    database_url, reader, circle, figure, times
):
    people, slots = circle(6, times)
    asks = [(person, slot) for mentor, slot in slots for person in people if person != mentor]

    tally = race(database_url, asks)

    # Whoever could not book somebody was in a session by then, or the other was.
    assert tally == {"booked": times * 3, "refused": len(asks) - times * 3}
    assert calendar_faults(reader) == []
    figure(f"6 people who book each other, {len(asks)} times at once: 0 in two places, 0 errors")


def test_the_database_alone_keeps_everybody_in_one_session_at_a_time(database_url, reader, circle):
    people, slots = circle(6, 4)
    asks = [(person, slot) for mentor, slot in slots for person in people if person != mentor]

    tally = race(database_url, asks, style="naive")

    assert tally["booked"] > 0
    assert calendar_faults(reader) == []


def test_the_checker_catches_somebody_with_two_parts_at_once(database_url, reader, circle):
    people, slots = circle(6, 4)
    with reader.begin() as connection:  # As if the database had no rule of its own.
        on = " ON session_bookings" if reader.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER ex_session_bookings_across_parts_insert{on}")
    asks = [(person, slot) for mentor, slot in slots for person in people if person != mentor]

    race(database_url, asks, style="naive")

    assert any(fault.startswith("person") for fault in calendar_faults(reader))


@pytest.mark.parametrize(
    ("limits", "mentors", "most"),
    [(BookingLimits(total=10, per_mentor=3), 1, 3), (BookingLimits(total=3, per_mentor=3), 4, 3)],
    ids=["with one mentor", "in all"],
)
def test_a_student_who_presses_everywhere_at_once_gets_no_more_than_the_limit(
    database_url, reader, crowd, offered, figure, limits, mentors, most
):
    [student] = crowd(1)
    slots = offered(24 // mentors, mentors=mentors)

    tally = race(database_url, [(student, slot) for slot in slots], limits=limits)

    assert tally == {"booked": most, "refused": len(slots) - most}
    assert max(most_open(reader)) == most
    figure(f"one student on {len(slots)} times at once: {most} booked, as the limit says")


def test_the_count_of_open_sessions_catches_a_booking_without_a_lock(
    database_url, reader, crowd, offered
):
    [student] = crowd(1)
    limits = BookingLimits(total=10, per_mentor=3)

    race(database_url, [(student, slot) for slot in offered(24)], style="naive", limits=limits)

    assert max(most_open(reader)) > 3


@pytest.mark.parametrize("operations", sizes(short=320, long=20_000))
@pytest.mark.parametrize("are_both", [False, True], ids=["one part each", "both parts"])
def test_bookings_moves_cancellations_and_withdrawals_at_once_leave_every_calendar_right(
    database_url, reader, crowd, offered, circle, figure, operations, are_both
):
    if are_both:
        people, _slots = circle(5, 3)
    else:
        offered(6, mentors=2)
        people = crowd(10)
    with Session(reader, expire_on_commit=False) as session:
        admin = a_user(session, "Ada Admin", Role.ADMIN)

    tally = sum(
        in_processes(
            press_all,
            [
                (database_url, people, admin, seed, operations // PROCESSES, NOW)
                for seed in range(PROCESSES)
            ],
        ),
        Counter(),
    )

    assert [name for name in tally if name.startswith("error")] == []
    assert min(tally[it] for it in ("booked", "moved", "cancelled", "withdrawn", "refused")) > 0
    assert calendar_faults(reader) == []
    figure(f"{operations} operations by {PROCESSES} processes, {dict(tally)}: 0 errors, 0 faults")


def test_the_checker_catches_a_booking_without_a_lock(database_url, reader, crowd, offered):
    ids = offered(4, mentors=2)
    with reader.begin() as connection:  # As if the database had no rules of its own.
        connection.exec_driver_sql("DROP INDEX uq_session_bookings_live_seat")
        if reader.dialect.name == "postgresql":
            connection.exec_driver_sql(
                "ALTER TABLE session_bookings DROP CONSTRAINT ex_session_bookings_overlap"
            )
        else:
            connection.exec_driver_sql("DROP TRIGGER ex_session_bookings_overlap_insert")

    race(database_url, [(student, slot) for student in crowd(20) for slot in ids], style="naive")

    found = calendar_faults(reader)
    assert any("sessions in slot" in fault for fault in found)
    assert any(fault.startswith("student") for fault in found)


def test_the_count_of_outcomes_catches_a_loser_who_gets_no_sentence(database_url, crowd, offered):
    students = crowd(40)
    tallies = (
        race(database_url, [(student, slot) for student in students], style="naive")
        for slot in offered(6)  # Races are by chance.
    )

    assert any(name.startswith("error") for tally in tallies for name in tally)
