"""What one sweep does to every kind of session, on both engines."""

from datetime import timedelta, timezone

import pytest
from sqlalchemy import update
from sqlalchemy.exc import StatementError

from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import Cause, MentorTimeSlot, SessionBooking
from mentorship.services.sessions.sweep import (
    all_updates,
    no_updates,
    preview_sweep,
    update_session_statuses,
)
from tests.support.builders import a_booking, at, the_booking, the_journal
from tests.support.lifecycle import TICK, table
from tests.support.replay import bookings_in, faults, journal_in

NOON = at("12:00")

# Minutes and ticks (microseconds) from noon, when the sweep runs.
SWEPT_AT_NOON = """
status     delayed  arrived  start   end     then       delayed_then  completed_at  journal
SCHEDULED  no       no       +1t     +60     SCHEDULED  no            -             0
SCHEDULED  no       no       +0      +60     ONGOING    yes           -             1
SCHEDULED  no       no       -1t     +60     ONGOING    yes           -             1
SCHEDULED  no       no       -60     +1t     ONGOING    yes           -             1
SCHEDULED  no       no       -60     +0      ONGOING    yes           -             1
SCHEDULED  no       no       -60     -30     ONGOING    yes           -             1
SCHEDULED  no       no       -90000  -89940  ONGOING    yes           -             1
ONGOING    no       yes      -60     +1t     ONGOING    no            -             0
ONGOING    no       yes      -60     +0      COMPLETED  no            +0            1
ONGOING    no       yes      -60     -1t     COMPLETED  no            -1t           1
ONGOING    no       no       -60     -30     COMPLETED  no            -30           1
ONGOING    no       yes      +10     +60     ONGOING    no            -             0
ONGOING    yes      no       -60     +0      ONGOING    yes           -             0
ONGOING    yes      yes      -60     -30     ONGOING    yes           -             0
ONGOING    yes      no       -90000  -89940  ONGOING    yes           -             0
COMPLETED  no       yes      -60     -30     COMPLETED  no            -30           0
COMPLETED  yes      no       -60     -30     COMPLETED  yes           -30           0
COMPLETED  no       yes      +10     +60     COMPLETED  no            +60           0
CANCELLED  no       no       -60     -30     CANCELLED  no            -             0
CANCELLED  no       no       +10     +60     CANCELLED  no            -             0
"""


def from_noon(text):
    if text == "-":
        return None
    return NOON + (int(text[:-1]) * TICK if text[-1] == "t" else timedelta(minutes=int(text)))


def sweep(session, now, *, cause=Cause.WORKER, returning=all_updates):
    return update_session_statuses(session, now=now, cause=cause, returning=returning)


def differences(session, before):
    engine = session.get_bind()
    return faults(before, journal_in(engine), bookings_in(engine))


def store(session, cast, row):
    start = from_noon(row["start"])
    return a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        starts=start,
        lasts=from_noon(row["end"]) - start,
        status=Status(row["status"]),
        is_delayed=row["delayed"] == "yes",
        arrived=row["arrived"] == "yes",
    )


def test_one_sweep_leaves_every_session_as_the_table_says(session, cast):
    rows = table(SWEPT_AT_NOON)
    bookings = [store(session, cast, row) for row in rows]
    before = bookings_in(session.get_bind())
    journal = [int(row["journal"]) for row in rows]

    result = sweep(session, NOON)

    for number, (booking, row) in enumerate(zip(bookings, rows, strict=True)):
        now = the_booking(session, booking)
        assert (number, now.status, now.is_delayed, now.completed_at, now.revision) == (
            number,
            Status(row["then"]),
            row["delayed_then"] == "yes",
            from_noon(row["completed_at"]),
            1 + journal[number],
        )
        assert len(the_journal(session, booking)) == journal[number]
    assert (result.started, result.completed, result.failed) == (6, 3, 0)
    assert differences(session, before) == []
    again = sweep(session, NOON)
    assert (again.started, again.completed, again.failed, again.updates) == (0, 0, 0, ())


def test_a_delayed_session_never_completes_by_the_clock_however_long_it_takes(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")

    for days in (0, 1, 30, 365, 3650):
        sweep(session, at("11:00", days=days))

    assert the_booking(session, booking).status is Status.ONGOING
    assert the_booking(session, booking).is_delayed
    assert len(the_journal(session, booking)) == 1


def test_the_journal_keeps_when_it_was_due_when_it_was_applied_and_who_looked(session, cast):
    late = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    over = a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="09:00", status=Status.ONGOING
    )

    sweep(session, at("10:30"), cause=Cause.CRON)

    [delay] = the_journal(session, late)
    [completion] = the_journal(session, over)
    assert (delay.old_status, delay.new_status, delay.is_delayed) == ("SCHEDULED", "ONGOING", True)
    assert (completion.old_status, completion.new_status) == ("ONGOING", "COMPLETED")
    assert not completion.is_delayed
    assert (delay.due_at, completion.due_at) == (at("10:00"), at("10:00"))
    for change in (delay, completion):
        assert (change.applied_at, change.cause, change.actor_id) == (at("10:30"), Cause.CRON, None)


def test_the_result_tells_delays_first_each_with_its_due_time(session, cast):
    over = a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="08:00", status=Status.ONGOING
    )
    second = a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:30")
    first = a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:00")

    told = preview_sweep(session, now=at("10:00"))
    assert the_journal(session) == []
    done = sweep(session, at("10:00"), cause=Cause.COMMAND)

    assert done == told
    assert [update.session_id for update in done.updates] == [first, second, over]
    assert [update.due_at for update in done.updates] == [at("09:00"), at("09:30"), at("09:00")]
    assert {update.timestamp for update in done.updates} == {at("10:00")}
    assert done.message == "2 sessions became ongoing with a delay and 1 session completed."


def test_only_the_updates_that_the_caller_keeps_come_back(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:00")
    other = a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="09:00")

    result = sweep(
        session, NOON, returning=lambda booking: booking.mentor_id == cast.other_mentor.id
    )

    assert result.started == 2
    assert [update.session_id for update in result.updates] == [other]


def test_counts_alone_keep_no_update(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:00")

    result = sweep(session, NOON, returning=no_updates)

    assert (result.started, result.updates) == (1, ())


def test_a_sweep_whose_now_is_in_another_zone_means_the_same_instant(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    in_new_york = at("10:00").astimezone(timezone(timedelta(hours=-5)))

    assert sweep(session, in_new_york - TICK).started == 0
    assert sweep(session, in_new_york).started == 1
    assert the_journal(session, booking)[0].applied_at == at("10:00")


def test_a_now_without_a_zone_is_refused(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")

    with pytest.raises(StatementError, match="without a time zone"):
        sweep(session, NOON.replace(tzinfo=None))


def test_a_clock_that_goes_back_undoes_nothing(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    sweep(session, at("10:00"))

    assert sweep(session, at("09:00")).started == 0

    assert the_booking(session, booking).status is Status.ONGOING
    assert len(the_journal(session)) == 1


def test_a_slot_that_is_moved_to_the_past_is_swept_by_its_new_time(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
    assert sweep(session, NOON).started == 0
    session.execute(update(MentorTimeSlot).values(start_time=at("11:00"), end_time=at("11:30")))
    session.commit()

    assert sweep(session, NOON).started == 1

    assert the_journal(session, booking)[0].due_at == at("11:00")


def naive_sweep(session, now):
    """Writes the state and forgets the journal."""
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.status == Status.SCHEDULED, SessionBooking.start_time <= now)
        .values(status=Status.ONGOING, is_delayed=True)
    )
    session.commit()


def test_the_checker_of_the_journal_catches_a_sweep_that_forgets_it(session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    before = bookings_in(session.get_bind())

    naive_sweep(session, at("10:00"))

    [complaint] = differences(session, before)
    assert complaint.startswith("different: replayed")
