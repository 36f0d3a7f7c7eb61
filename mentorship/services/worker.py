"""The worker: sweeps at the second that the next transition is due, until it is told to stop."""

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.models import Cause
from mentorship.queries.due import next_due
from mentorship.services.sweep import nothing, update_session_statuses

log = structlog.get_logger(__name__)

LOOK_AGAIN = timedelta(seconds=1)
"""A session may be booked or moved at any time, so nobody sleeps longer than this."""

AT_LEAST = timedelta(milliseconds=50)
"""A due session that somebody else holds locked must not make the worker spin."""

AFTER_AN_ERROR = timedelta(seconds=5)


def run_worker(
    open_session: Callable[[], Session],
    *,
    clock: Callable[[], datetime],
    wait: Callable[[timedelta], bool],
) -> None:
    """Sweep until `wait` says that it is time to stop.

    `wait` sleeps at most for the given time and returns True to stop. Any number of workers may
    run. A database that cannot be reached is logged and tried again.
    """
    pause = timedelta(0)
    while not wait(pause):
        try:
            with open_session() as session:
                pause = _one_round(session, clock)
        except SQLAlchemyError as error:
            log.error("worker_cannot_use_database", error=str(error).splitlines()[0])
            pause = AFTER_AN_ERROR


def _one_round(session: Session, clock: Callable[[], datetime]) -> timedelta:
    """One sweep; returns how long to wait before the next."""
    now = clock()
    result = update_session_statuses(session, now=now, cause=Cause.WORKER, keep=nothing)
    if result.started or result.completed or result.failed:
        log.info("swept", started=result.started, completed=result.completed, failed=result.failed)
    due = next_due(session, now=now)
    if due is None:
        return LOOK_AGAIN
    return min(max(due - clock(), AT_LEAST), LOOK_AGAIN)
