"""Sessions from a CSV file: what is taken, and how each mistake is named."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import Cause, MentorTimeSlot, SessionBooking
from mentorship.services.sessions.imports.import_csv import import_sessions
from mentorship.services.sessions.sweep import all_updates, update_session_statuses
from tests.support.builders import a_booking, at, the_journal
from tests.support.imports import (
    GOOD,
    LATER,
    MAYA,
    NOW,
    OTTO,
    SAM,
    STELLA,
    TEN,
    a_file,
    counts,
    refusal,
    row,
    stored,
)
from tests.support.meanwhile import meanwhile
from tests.support.row_order import ReversingSession


def test_a_row_becomes_a_booking_in_a_slot_of_its_own(session, cast):
    count = import_sessions(session, a_file(GOOD), now=NOW).count

    [booking] = stored(session)
    assert count == 1
    assert (booking.mentor_id, booking.student_id) == (cast.mentor.id, cast.student.id)
    assert (booking.start_time, booking.end_time) == (at("10:00"), at("11:00"))
    assert (booking.topic, booking.status, booking.is_delayed) == (
        "A topic",
        Status.SCHEDULED,
        False,
    )
    assert the_journal(session) == []


def test_each_session_gets_its_own_slot_in_whatever_order_the_database_returns_them(session, cast):
    lines = [
        row(start=f"2026-11-24T{hour}:00Z", end=f"2026-11-24T{hour}:30Z", topic=f"At {hour}")
        for hour in (14, 15, 16)
    ]
    with ReversingSession(session.get_bind()) as reversing:
        import_sessions(reversing, a_file(*lines), now=NOW)

    inserted = [each for each in reversing.reversed if each.startswith("INSERT")]
    assert any("mentor_time_slots" in statement for statement in inserted)
    placed = (
        select(SessionBooking.topic, MentorTimeSlot.start_time)
        .join(MentorTimeSlot, MentorTimeSlot.id == SessionBooking.time_slot_id)
        .order_by(SessionBooking.topic)
    )
    assert session.execute(placed).all() == [
        (f"At {hour}", at(f"{hour}:00")) for hour in (14, 15, 16)
    ]


def test_what_a_file_says_has_happened_gets_its_planned_times(session, cast):
    lines = [
        f"{MAYA},{SAM},2026-11-{day}T10:00Z,2026-11-{day}T11:00Z,,{status},{delayed}"
        for day, status, delayed in (
            (1, "ongoing", "false"),
            (2, "ONGOING", "TRUE"),
            (3, "Completed", "no"),
            (4, "COMPLETED", "1"),
            (5, " cancelled ", ""),
            (6, "", "0"),
            (7, "SCHEDULED", "No"),
        )
    ]
    import_sessions(session, a_file(*(line.replace("-11-", "-11-0") for line in lines)), now=NOW)

    def times(booking):
        return booking.started_at, booking.completed_at, booking.cancelled_at

    def day(number, clock):
        return at(clock, days=number - 24)

    on_time, delayed, over, over_delayed, cancelled, empty, scheduled = stored(session)
    assert (on_time.status, on_time.is_delayed) == (Status.ONGOING, False)
    assert times(on_time) == (day(1, "10:00"), None, None)
    assert (delayed.status, delayed.is_delayed) == (Status.ONGOING, True)
    assert times(delayed) == (None, None, None)
    assert (over.status, over.is_delayed) == (Status.COMPLETED, False)
    assert times(over) == (day(3, "10:00"), day(3, "11:00"), None)
    assert (over_delayed.status, over_delayed.is_delayed) == (Status.COMPLETED, True)
    assert times(over_delayed) == (None, day(4, "11:00"), None)
    assert (cancelled.status, times(cancelled)) == (Status.CANCELLED, (None, None, NOW))
    for booking in (empty, scheduled):
        assert (booking.status, booking.is_delayed) == (Status.SCHEDULED, False)
        assert times(booking) == (None, None, None)


def test_what_a_file_says_has_happened_early_has_happened_by_now(session, cast):
    lines = [
        f"{MAYA},{SAM},2026-11-24T{start}Z,2026-11-24T{end}Z,,{status},"
        for start, end, status in (
            ("09:00", "10:00", "ongoing"),
            ("12:00", "13:00", "ongoing"),
            ("11:00", "12:00", "completed"),
            ("10:30", "12:30", "completed"),
        )
    ]
    import_sessions(session, a_file(*lines), now=NOW)

    assert [(booking.started_at, booking.completed_at) for booking in stored(session)] == [
        (at("09:00"), None),
        (NOW, None),
        (at("11:00"), NOW),
        (at("10:30"), NOW),
    ]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_lies_at_the_edge_of_what_can_be_true_is_taken(session, cast):
    lines = [
        row(start="2000-01-01T00:00Z", end="2000-01-02T00:00Z", status="completed"),
        row(start="2028-11-24T11:00Z", end="2028-11-24T12:00Z"),
        row(start="2026-11-23T12:00Z", end="2026-11-24T12:00Z", status="ongoing"),
        row(start="2026-11-24T12:00Z", end="2026-11-24T12:01Z", status="ongoing", is_delayed="x"),
        row(start="2026-12-24T12:00Z", end="2026-12-25T12:00Z", status="cancelled"),
    ]

    assert import_sessions(session, a_file(*lines), now=NOW).count == len(lines)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_how_many_the_next_sweep_will_mark_as_delayed_is_told(session, cast):
    lines = [
        row(start="2026-11-24T09:00Z", end="2026-11-24T10:00Z"),
        row(start="2026-11-24T12:00Z", end="2026-11-24T12:30Z"),
        row(start="2026-11-24T12:30Z", end="2026-11-24T13:00Z"),
        row(start="2026-11-23T12:00Z", end="2026-11-23T13:00Z", status="ongoing"),
    ]
    done = import_sessions(session, a_file(*lines), now=NOW)
    session.rollback()

    assert done.overdue == 2
    swept = update_session_statuses(session, now=NOW, cause=Cause.COMMAND, returning=all_updates)
    assert swept.started == 2


WRONG_CELLS = [
    # column, the row with the mistake, what the sentence must say
    ("mentor_email",  row(mentor_email="who@example.org"),      "account with 'who@example.org'"),
    ("mentor_email",  row(mentor_email=""),                     "no account with ''"),
    ("mentor_email",  row(mentor_email=SAM),                    "is not a mentor"),
    ("mentor_email",  row(mentor_email="ada.admin@example.org"), "is not a mentor"),
    ("student_email", row(student_email="maya"),                "no account with 'maya'"),
    ("student_email", row(student_email=OTTO),                  "is not a student"),
    ("start",         row(start=""),                            "is not a time like"),
    ("start",         row(start="tomorrow"),                    "'tomorrow' is not a time like"),
    ("start",         row(start="2026-11-24T10:00:00"),         "has no offset"),
    ("start",         row(start="2026-11-24"),                  "has no offset"),
    ("start",         row(start="2026-13-24T10:00Z"),           "is not a time like"),
    ("start",         row(start="2026-02-30T10:00Z"),           "is not a time like"),
    ("start",         row(start="24.11.2026 10:00"),            "is not a time like"),
    ("start",         row(start="2026-11-24T25:00Z"),           "is not a time like"),
    ("start",         row(start="0001-01-01T00:00+14:00"),      "is not a time like"),
    ("start",         row(start="1999-12-31T23:59Z"),           "too far from the present"),
    ("start",         row(start="2028-11-24T12:01Z", end="2028-11-24T13:00Z"), "too far from the"),
    ("start",         row(start="2062-11-24T10:00Z"),           "too far from the present"),
    ("end",           row(end="2062-11-24T11:00Z"),             "too far from the present"),
    ("end",           row(end="2026-11-25T10:00:01Z"),          "lasts longer than 24 hours"),
    ("end",           row(end="2027-11-24T11:00Z"),             "lasts longer than 24 hours"),
    ("status",        row(start="2026-11-24T12:00:01Z", end="2026-11-24T13:00Z", status="ONGOING"),
                      "cannot be ONGOING before it starts"),
    ("status",        row(start="2027-02-01T09:00Z", end="2027-02-01T10:00Z", status="ONGOING",
                          is_delayed="true"),                   "cannot be ONGOING before it"),
    ("status",        row(start="2026-11-24T13:00Z", end="2026-11-24T14:00Z", status="completed"),
                      "cannot be COMPLETED before it starts"),
    ("status",        row(start="2026-11-24T13:00Z", end="2026-11-24T14:00Z", status="completed",
                          is_delayed="1"),                      "cannot be COMPLETED before it"),
    ("end",           row(end="9999-12-31T23:00-14:00"),        "is not a time like"),
    ("end",           row(end="3000-01-01T00:00Z"),             "too far from the present"),
    ("end",           row(end="2026-11-24T11:00"),              "has no offset"),
    ("end",           row(end=TEN),                             "must be after the start"),
    ("end",           row(end="2026-11-24T10:30+01:00"),        "must be after the start"),
    ("topic",         row(topic="x" * 201),                     "longer than 200 characters"),
    ("topic",         row(topic="a\x00b"),                      "cannot be used"),
    ("topic",         row(topic='"two\nlines"'),                "cannot be used"),
    ("status",        row(status="PAUSED"),                     "'PAUSED' is not one of SCHED"),
    ("status",        row(status="true"),                       "'true' is not one of"),
    ("is_delayed",    row(is_delayed="maybe"),                  "'maybe' is not true or false"),
    ("is_delayed",    row(is_delayed="null"),                   "'null' is not true or false"),
    ("is_delayed",    row(is_delayed="true"),                   "SCHEDULED cannot be delayed"),
    ("is_delayed",    row(status="cancelled", is_delayed="yes"), "CANCELLED cannot be delayed"),
    ("is_delayed",    row(status="SCHEDULED", is_delayed="1"),  "SCHEDULED cannot be delayed"),
]  # fmt: skip


def test_each_wrong_cell_is_named_by_row_and_column_and_nothing_is_imported(session, cast):
    on_two_lines = row(topic='"A topic\n"')
    for column, wrong, complaint in WRONG_CELLS:
        message = refusal(session, a_file(LATER, "", on_two_lines, wrong, LATER))
        assert message.startswith(f"row 5, column {column}: "), (wrong, message)
        assert complaint in message


def test_a_file_with_a_header_alone_imports_nothing(session, cast):
    assert counts(import_sessions(session, a_file(), now=NOW)) == (0, 0)
    assert stored(session) == []


def test_a_slot_is_booked_once_within_a_file_whatever_offset_names_it(session, cast):
    same = row(student_email=STELLA, start="2026-11-24T11:00+01:00", end="2026-11-24T06:00-05:00")

    message = refusal(session, a_file(GOOD, LATER, same))

    assert message == "row 4, column start: this slot of the mentor is already booked."


def test_a_slot_that_is_booked_in_the_database_is_refused(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.stranger, starts="10:00")

    with pytest.raises(InvalidInput, match=r"^row 3, column start: .* already booked\.$"):
        import_sessions(session, a_file(LATER, GOOD), now=NOW)

    assert len(stored(session)) == 1


def test_a_cancelled_booking_leaves_its_slot_to_another(session, cast):
    a_booking(
        session, mentor=cast.mentor, student=cast.stranger, starts="10:00", status=Status.CANCELLED
    )

    import_sessions(
        session, a_file(row(status="cancelled"), GOOD, row(status="cancelled")), now=NOW
    )

    assert len({booking.time_slot_id for booking in stored(session)}) == 1
    assert session.scalar(select(func.count()).select_from(MentorTimeSlot)) == 1


def test_a_slot_for_several_is_filled_seat_by_seat(session, cast):
    slot = {"mentor_id": cast.mentor.id, "start_time": at("10:00"), "end_time": at("11:00")}
    session.add(MentorTimeSlot(**slot, capacity=2))
    session.commit()

    import_sessions(session, a_file(GOOD, row(student_email=STELLA)), now=NOW)

    assert [(booking.seat, booking.slot_capacity) for booking in stored(session)] == [
        (1, 2),
        (2, 2),
    ]
    with pytest.raises(InvalidInput, match="row 2, column start"):
        import_sessions(session, a_file(GOOD), now=NOW)


def test_two_mentors_have_the_same_hour(session, cast):
    other = row(mentor_email=OTTO, student_email=STELLA)

    assert counts(import_sessions(session, a_file(GOOD, other), now=NOW)) == (2, 0)


def test_two_sessions_of_one_person_at_once_are_kept_and_counted_and_claim_nothing(session, cast):
    files = [row(mentor_email=OTTO), row(student_email=STELLA, start="2026-11-24T09:30:00Z")]

    assert counts(import_sessions(session, a_file(GOOD, files[0]), now=NOW)) == (2, 1)
    assert counts(import_sessions(session, a_file(files[1]), now=NOW)) == (1, 1)

    assert [booking.slot_is_exclusive for booking in stored(session)] == [True, False, False]


def an_offered_slot(session, mentor, **others):
    times = {"start_time": at("10:00"), "end_time": at("11:00")}
    session.add(MentorTimeSlot(mentor_id=mentor.id, **times, **others))
    session.commit()


@pytest.mark.parametrize("there", ["a cancelled row", "an offered slot"])
def test_a_double_booking_is_kept_beside_a_slot_that_nobody_has_booked(session, cast, there):
    lines = [GOOD, row(mentor_email=OTTO)]
    if there == "an offered slot":
        an_offered_slot(session, cast.other_mentor)
    else:
        lines.insert(0, row(mentor_email=OTTO, student_email=STELLA, status="cancelled"))

    assert counts(import_sessions(session, a_file(*lines), now=NOW)) == (len(lines), 1)

    assert [booking.slot_is_exclusive for booking in stored(session)][-2:] == [True, False]
    with pytest.raises(InvalidInput, match=r"^row 2, column start: .* already booked\.$"):
        import_sessions(session, a_file(row(mentor_email=OTTO)), now=NOW)
    in_the_free_one = a_file(row(mentor_email=OTTO, student_email=STELLA))
    assert counts(import_sessions(session, in_the_free_one, now=NOW)) == (1, 0)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(MentorTimeSlot)) == 3


def test_a_seat_beside_others_is_not_for_a_student_who_is_busy_then(session, cast):
    an_offered_slot(session, cast.other_mentor, capacity=2)
    others = row(mentor_email=OTTO, student_email=STELLA)
    import_sessions(session, a_file(GOOD, others), now=NOW)

    with pytest.raises(InvalidInput, match="row 2, column start: the student has another"):
        import_sessions(session, a_file(row(mentor_email=OTTO)), now=NOW)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_a_booking_of_a_slot_that_appeared_between_two_answers_is_nobodys_here(session, cast):
    def somebody_books():
        with Session(session.get_bind()) as other:
            a_booking(other, mentor=cast.mentor, student=cast.stranger, starts="15:00")

    bookings = "SELECT session_bookings.time_slot_id"
    with meanwhile(session.get_bind(), bookings, somebody_books) as calls:
        import_sessions(session, a_file(row(mentor_email=OTTO)), now=NOW)

    assert len(calls) == 1
    assert len(stored(session)) == 2


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_a_slot_that_somebody_books_at_the_same_moment_is_refused_in_words(session, cast):
    slot = {"mentor_id": cast.mentor.id, "start_time": at("10:00"), "end_time": at("11:00")}
    session.add(MentorTimeSlot(**slot))
    session.commit()

    def somebody_books():
        with Session(session.get_bind()) as other:
            slot_id = other.scalar(select(MentorTimeSlot.id))
            # It is over, because the database lets an open one wait for both people's locks.
            over = {"status": Status.COMPLETED, "completed_at": at("11:00")}
            booked = slot | over | {"time_slot_id": slot_id, "student_id": cast.stranger.id}
            other.add(SessionBooking(**booked))
            other.commit()

    slots = "SELECT mentor_time_slots.id"  # First they are read, then those used are locked.
    # A new time of the same mentor would make whoever books there wait for the whole file.
    elsewhere = row(mentor_email=OTTO, start="2026-11-25T10:00Z", end="2026-11-25T11:00Z")
    with (
        meanwhile(session.get_bind(), slots, somebody_books, number=2) as calls,
        pytest.raises(InvalidInput, match="Somebody else has just booked"),
    ):
        import_sessions(session, a_file(elsewhere, GOOD), now=NOW)

    assert len(calls) == 2
    assert "FOR UPDATE" in calls[1]
    assert [booking.student_id for booking in stored(session)] == [cast.stranger.id]
