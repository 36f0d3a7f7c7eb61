"""The sweep, on both engines."""

from datetime import timedelta

from mentorship.domain.lifecycle import Status
from mentorship.models import Cause
from mentorship.services.sweep import everything, update_session_statuses
from tests.support.builders import a_booking, at, the_booking, the_journal


def sweep(session, now):
    return update_session_statuses(session, now=now, cause=Cause.WORKER, keep=everything)


def test_a_session_that_nobody_started_becomes_delayed_at_its_start_time(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")

    before = sweep(session, at("10:00") - timedelta(microseconds=1))
    result = sweep(session, at("10:00"))

    assert (before.started, result.started, result.completed) == (0, 1, 0)
    assert the_booking(session, booking).status is Status.ONGOING
    assert the_booking(session, booking).is_delayed
    [change] = the_journal(session)
    assert (change.old_status, change.new_status) == (Status.SCHEDULED, Status.ONGOING)
    assert (change.due_at, change.applied_at) == (at("10:00"), at("10:00"))
    assert (change.cause, change.actor_id) == (Cause.WORKER, None)
