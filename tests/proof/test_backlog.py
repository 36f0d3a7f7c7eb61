"""The backlog of an outage is worked off in bounded memory and short transactions."""

import gc
import tracemalloc
from itertools import pairwise

import pytest
from sqlalchemy import event, func, select

from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import Cause, SessionBooking, StatusChange
from mentorship.services.sessions.sweep import (
    BATCH,
    all_updates,
    no_updates,
    update_session_statuses,
)
from tests.proof.conftest import sizes
from tests.support.builders import at
from tests.support.crowd import many

GROWN = 2
"""Garbage in cycles makes two equal sweeps differ by half; keeping every update is far more."""


def peak_of(session, **options):
    """The peak of Python's memory during a sweep, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        result = update_session_statuses(session, now=at("12:00"), cause=Cause.WORKER, **options)
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("count", sizes(4_000, 50_000))
def test_a_backlog_takes_the_memory_of_a_small_one_and_short_transactions(
    session, cast, figure, count
):
    engine = session.get_bind()
    many(session, cast, 3_000, starts=at("08:00", days=-2))
    small, _ = peak_of(session, returning=no_updates)
    many(session, cast, count, starts=at("08:00"))
    rows_of_updates, commits = [], []

    def note(_connection, _cursor, statement, _parameters, context, _many):
        if statement.startswith("UPDATE session_bookings"):
            rows_of_updates.append(context.rowcount)

    event.listen(engine, "after_cursor_execute", note)
    event.listen(engine, "commit", lambda _connection: commits.append(len(rows_of_updates)))
    large, result = peak_of(session, returning=no_updates)

    assert (result.started, result.completed, result.failed) == (count / 2, count / 2, 0)
    assert large < GROWN * small
    assert sum(rows_of_updates) == count
    assert max(rows_of_updates) <= BATCH
    assert len(commits) >= len(rows_of_updates)  # No transaction holds two batches.
    assert all(later - earlier <= 1 for earlier, later in pairwise(commits))
    left = session.execute(
        select(SessionBooking.status, SessionBooking.is_delayed, func.count()).group_by(
            SessionBooking.status, SessionBooking.is_delayed
        )
    ).all()
    assert {(status, delayed): count for status, delayed, count in left} == {
        (Status.ONGOING, True): 1_500 + count / 2,
        (Status.COMPLETED, False): 1_500 + count / 2,
    }
    assert session.scalar(select(func.count()).select_from(StatusChange)) == 3_000 + count
    figure(f"{count} due rows: at most {large / 1e6:.1f} MB, {small / 1e6:.1f} MB for 3,000")


def test_the_measure_of_memory_catches_a_sweep_that_keeps_everything(session, cast):
    many(session, cast, 1_000, starts=at("08:00", days=-2))
    small, _ = peak_of(session, returning=all_updates)
    many(session, cast, 6_000, starts=at("08:00"))
    large, result = peak_of(session, returning=all_updates)

    assert len(result.updates) == 6_000
    assert large > GROWN * small
