"""Deciding on a change of a mentor's calendar before the write lock is taken."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from mentorship.database import begin_snapshot, begin_write
from mentorship.queries.availability.mentor_calendar import calendar_state
from mentorship.services.shared.locks import lock_people

Decision = TypeVar("Decision")

_TRIES = 3


def decide_then_lock(
    session: Session, mentor_id: int, decide: Callable[[], Decision], *, now: datetime
) -> Decision:
    """The result of `decide`, with the mentor locked and the calendar unchanged since it ran.

    Planning thousands of slots takes a second, and SQLite has one write lock for everybody. So
    `decide`, which only reads and computes, runs before the lock is taken, and again if the
    calendar has changed in between; after some attempts it runs under the lock. The caller writes
    and commits. Errors of `decide` are passed on after a rollback. If it returns None there is
    nothing to write, and no lock is taken.
    """
    try:
        for _ in range(_TRIES):
            begin_snapshot(session)
            decision = decide()
            if decision is None:
                session.rollback()
                return decision
            state = calendar_state(session, mentor_id, now=now)
            lock_calendar(session, mentor_id)
            if calendar_state(session, mentor_id, now=now) == state:
                return decision
            session.rollback()
        lock_calendar(session, mentor_id)
        return decide()
    except Exception:
        session.rollback()
        raise


def lock_calendar(session: Session, mentor_id: int) -> None:
    """Begin a transaction that writes to this mentor's calendar; an open read is ended."""
    begin_write(session)
    lock_people(session, [mentor_id])
