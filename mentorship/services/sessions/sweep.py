"""The sweep: apply every transition that the clock makes due."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, exists, insert, literal, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mentorship.database import (
    UtcDateTime,
    begin_write,
    insert_or,
    is_kept_waiting,
    lock_journal,
)
from mentorship.domain.mail import NEWS_OF
from mentorship.domain.sessions.lifecycle import CLOCK_RULES, Action, Moment, Rule
from mentorship.domain.sessions.updates import Update
from mentorship.domain.shared.messages import N_, ngettext
from mentorship.models import Cause, SessionBooking, StatusChange, SweepFailure, table_of
from mentorship.queries.sessions.due import DueBooking, anything_due, due_bookings, is_due
from mentorship.queries.sessions.journal import last_change_id
from mentorship.services.mail.outbox import notify_transitions

log = structlog.get_logger(__name__)

BATCH = 1000
"""Bookings in one transaction: large enough to be fast, small enough not to hold others up."""

_RETRY_FIRST = timedelta(minutes=1)
_RETRY_AT_MOST = timedelta(hours=1)

_BOOKINGS = table_of(SessionBooking)
_JOURNAL = table_of(StatusChange)


@dataclass(frozen=True)
class SweepResult:
    """What one sweep did. `updates` holds only those that the caller asked to keep."""

    started: int
    completed: int
    failed: int
    updates: tuple[Update, ...]

    @property
    def message(self) -> str:
        """Both counts in one sentence."""
        counts = {"started": _sessions(self.started), "completed": _sessions(self.completed)}
        if not self.failed:
            return N_(
                "%(started)s became ongoing with a delay and %(completed)s completed.", **counts
            )
        return N_(
            "%(started)s became ongoing with a delay and %(completed)s completed; "
            "%(failed)s failed.",
            **counts,
            failed=_sessions(self.failed),
        )


def update_session_statuses(
    session: Session, *, now: datetime, cause: Cause, keep: Callable[[DueBooking], bool]
) -> SweepResult:
    """Apply every transition that the clock makes due at `now` (UTC): delays, then completions.

    Commits by itself, one short transaction a batch, so call it outside a transaction of your
    own; with nothing due it only reads. `keep` says which updates to return: a backlog of any
    length needs the memory of one batch plus those. Safe from any number of processes at once.
    A booking that the database refuses to change is logged, counted in `failed` and set back,
    and the others change all the same. Raises what the database raises when it cannot be used.
    """
    is_needed = anything_due(session, now=now)
    session.rollback()
    if not is_needed:
        return SweepResult(0, 0, 0, ())
    applied = {Action.DELAY: 0, Action.AUTO_COMPLETE: 0}
    failed = 0
    updates: list[Update] = []
    for rule in CLOCK_RULES:
        after: tuple[datetime, int] | None = None
        limit, is_more = BATCH, True
        while is_more:
            due: list[DueBooking] = []
            begin_write(session)
            try:
                batch = due_bookings(rule, now=now, after=after, limit=limit)
                # What another transaction holds is its business; SQLite has one writer anyway.
                batch = batch.with_for_update(of=SessionBooking, skip_locked=True)
                due = [DueBooking(*row) for row in session.execute(batch)]
                if due:
                    _apply(session, rule, due, now=now, cause=cause)
                session.commit()
            except Exception as error:
                session.rollback()
                is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
                if not due or is_lost or is_kept_waiting(error):
                    raise
                if limit > 1:  # Close in on the bad row; the good ones before it still change.
                    limit = max(1, len(due) // 2)
                    continue
                _set_back(session, due[0], error, now=now)
                failed += 1
            else:
                applied[rule.action] += len(due)
                updates += [_told(rule, booking, now, cause) for booking in due if keep(booking)]
            is_more = len(due) == limit
            if due:
                after = (due[-1].due_at, due[-1].id)
            limit = min(BATCH, limit * 2)
    _forget_old_failures(session, now=now)
    return SweepResult(applied[Action.DELAY], applied[Action.AUTO_COMPLETE], failed, tuple(updates))


def preview_sweep(session: Session, *, now: datetime) -> SweepResult:
    """What a sweep at `now` (UTC) would change, in the sweep's order, without writing."""
    updates: list[Update] = []
    counts = []
    for rule in CLOCK_RULES:
        rows = session.execute(due_bookings(rule, now=now))
        found = [_told(rule, DueBooking(*row), now, Cause.COMMAND) for row in rows]
        counts.append(len(found))
        updates += found
    session.rollback()
    return SweepResult(counts[0], counts[1], 0, tuple(updates))


def return_all(_booking: DueBooking) -> bool:
    """For `keep`: return all updates."""
    return True


def return_none(_booking: DueBooking) -> bool:
    """For `keep`: return none; the counts are enough."""
    return False


def _apply(
    session: Session, rule: Rule, due: list[DueBooking], *, now: datetime, cause: Cause
) -> None:
    """Change the rows, write their journal rows and mail. All or nothing: raises if one misses."""
    moment = literal(now, UtcDateTime)
    columns = {Moment.NOW: moment, Moment.START: _BOOKINGS.c.start_time,
               Moment.END: _BOOKINGS.c.end_time}  # fmt: skip
    sets = {
        name: columns[value] if isinstance(value, Moment) else value
        for name, value in rule.sets.items()
    }
    connection = session.connection()
    changed = connection.execute(
        update(_BOOKINGS)
        .where(_BOOKINGS.c.id.in_([booking.id for booking in due]), is_due(rule, moment))
        .values(status=rule.target, revision=_BOOKINGS.c.revision + 1, **sets)
    )
    if changed.rowcount != len(due):
        raise RuntimeError(f"{changed.rowcount} of {len(due)} due bookings could be changed")
    lock_journal(session)
    before = last_change_id(session)
    connection.execute(
        insert(_JOURNAL),
        [
            {
                "booking_id": booking.id,
                "old_status": rule.source,
                "new_status": rule.target,
                "is_delayed": bool(rule.sets.get("is_delayed", rule.delayed)),
                "cause": cause,
                "actor_id": None,
                "due_at": booking.due_at,
                "applied_at": now,
            }
            for booking in due
        ],
    )
    notify_transitions(session, NEWS_OF[rule.action], first=before + 1, now=now)


def _set_back(session: Session, booking: DueBooking, error: Exception, *, now: datetime) -> None:
    """Do not try this booking again before a while: a minute, then twice as long, up to an hour."""
    begin_write(session)
    # Another sweep that met the same booking waits here, and counts one attempt more.
    session.execute(select(_BOOKINGS.c.id).where(_BOOKINGS.c.id == booking.id).with_for_update())
    before = select(SweepFailure.attempts).where(SweepFailure.booking_id == booking.id)
    attempts = (session.scalar(before) or 0) + 1
    retry_at = now + min(_RETRY_FIRST * 2 ** min(attempts - 1, 10), _RETRY_AT_MOST)
    what = f"{type(error).__name__}: {error}"[:500]
    failure = {"attempts": attempts, "retry_at": retry_at, "error": what}
    session.execute(
        insert_or(session, SweepFailure)
        .values(booking_id=booking.id, **failure)
        .on_conflict_do_update(index_elements=[SweepFailure.booking_id], set_=failure)
    )
    session.commit()
    log.error(
        "sweep_failed_booking",
        booking_id=booking.id,
        attempts=attempts,
        retry_at=retry_at.isoformat(),
        error=what,
    )


def _forget_old_failures(session: Session, *, now: datetime) -> None:
    """Those that changed after all. What another sweep is trying just now is left to it."""
    begin_write(session)
    is_due_still = exists().where(
        SessionBooking.id == SweepFailure.booking_id,
        or_(*(is_due(rule, literal(now, UtcDateTime)) for rule in CLOCK_RULES)),
    )
    session.execute(delete(SweepFailure).where(SweepFailure.retry_at <= now, ~is_due_still))
    session.commit()


def _told(rule: Rule, booking: DueBooking, now: datetime, cause: Cause) -> Update:
    return Update(
        session_id=booking.id,
        old_status=rule.source,
        new_status=rule.target,
        is_delayed=bool(rule.sets.get("is_delayed", rule.delayed)),
        reason=rule.reason,
        timestamp=now,
        due_at=booking.due_at,
        cause=cause.value,
    )


def _sessions(count: int) -> str:
    return ngettext("%(n)s session", "%(n)s sessions", count)
