"""Run 11: one per cent of the due bookings cannot be changed; the same sweep changes the others.

The wrong version, one statement for all that is due, is in
`tests/services/sessions/test_sweep_faults.py`.
"""

import pytest
import structlog
from sqlalchemy import select

from mentorship.models import SessionBooking
from tests.proof.conftest import sizes
from tests.services.sessions.test_sweep_faults import (
    NOON,
    POISON,
    counts_by_status_and_topic,
    many_due,
    poison,
    sweep,
)
from tests.support.builders import the_failures
from tests.support.replay import bookings_in, faults, journal_in


@pytest.mark.parametrize("count", sizes(short=1_000, long=5_000))
def test_one_percent_of_broken_bookings_delays_no_other(session, cast, figure, count):
    many_due(
        session,
        cast,
        count,
        topic_of=lambda number: {37: "refused", 137: "ignored"}.get(number % 200, "sound"),
    )
    poison(session)
    before = bookings_in(session.get_bind())
    bad = set(session.scalars(select(SessionBooking.id).where(SessionBooking.topic.in_(POISON))))
    session.rollback()

    with structlog.testing.capture_logs() as logs:
        result = sweep(session, NOON)

    assert (result.started, result.failed) == (count * 99 // 100, count // 100)
    assert counts_by_status_and_topic(session) == {
        ("ONGOING", "sound"): count * 99 // 100,
        ("SCHEDULED", "refused"): count // 200,
        ("SCHEDULED", "ignored"): count // 200,
    }
    told = [line for line in logs if line["event"] == "sweep_failed_booking"]
    assert sorted(line["booking_id"] for line in told) == sorted(bad)
    assert {line["log_level"] for line in told} == {"error"}
    assert {failure.booking_id for failure in the_failures(session)} == bad
    engine = session.get_bind()
    assert faults(before, journal_in(engine), bookings_in(engine)) == []
    figure(f"{result.started} of {count} changed in one sweep, {result.failed} set back")
