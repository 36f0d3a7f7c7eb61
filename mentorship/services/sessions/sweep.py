"""The sweep: apply every transition that the clock makes due."""

from collections.abc import Callable, Iterator
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
from mentorship.domain.mail import MAIL_OF
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
    """The result of a sweep; `updates` has only those that the caller asked for."""

    started: int
    completed: int
    failed: int
    updates: tuple[Update, ...]

    @property
    def message(self) -> str:
        """Both counts in one message."""
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
    session: Session, *, now: datetime, cause: Cause, returning: Callable[[DueBooking], bool]
) -> SweepResult:
    """Apply every transition that the clock makes due at `now` (UTC): delays, then completions.

    Commits by itself, one short transaction a batch, so call it outside a transaction of your
    own; with nothing due it only reads. `returning` says which updates to return: a backlog of
    any length needs the memory of one batch plus those. Safe from any number of processes at once.
    A booking that the database refuses to change is logged, counted in `failed` and postponed,
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
        for batch in _batches(session, rule, now=now, cause=cause):
            if batch.error is not None:
                _postpone(session, batch.due[0], batch.error, now=now)
                failed += 1
                continue
            applied[rule.action] += len(batch.due)
            updates += [
                _update(rule, booking, now, cause) for booking in batch.due if returning(booking)
            ]
    _forget_old_failures(session, now=now)
    return SweepResult(applied[Action.DELAY], applied[Action.AUTO_COMPLETE], failed, tuple(updates))


@dataclass(frozen=True)
class _Batch:
    """Bookings that were changed together, or not changed at all because of `error`."""

    due: list[DueBooking]
    error: Exception | None = None


def _batches(session: Session, rule: Rule, *, now: datetime, cause: Cause) -> Iterator[_Batch]:
    """Apply `rule` to all that it makes due, one batch after the other, in the order of due times.

    A batch that fails is tried again with half of its bookings, until the bad one is found: it is
    a batch of its own, with its error. The good ones before it change, and those after it follow.
    """
    after: tuple[datetime, int] | None = None
    limit = BATCH
    while True:
        batch = _try_batch(session, rule, after=after, limit=limit, now=now, cause=cause)
        if batch.error is not None and limit > 1:
            limit = max(1, len(batch.due) // 2)
            continue
        yield batch
        if len(batch.due) < limit:
            return
        after = (batch.due[-1].due_at, batch.due[-1].id)
        limit = min(BATCH, limit * 2)


def _try_batch(
    session: Session,
    rule: Rule,
    *,
    after: tuple[datetime, int] | None,
    limit: int,
    now: datetime,
    cause: Cause,
) -> _Batch:
    """Apply `rule` to the next `limit` bookings in a transaction of their own.

    Raises what no single booking can be blamed for: an error before any was found, a lost
    connection, and a lock that somebody else held for too long.
    """
    due: list[DueBooking] = []
    begin_write(session)
    try:
        # Rows that another transaction has locked are skipped; SQLite has one writer anyway.
        statement = due_bookings(rule, now=now, after=after, limit=limit).with_for_update(
            of=SessionBooking, skip_locked=True
        )
        due = [DueBooking(*row) for row in session.execute(statement)]
        if due:
            _apply(session, rule, due, now=now, cause=cause)
        session.commit()
    except Exception as error:
        session.rollback()
        is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if not due or is_lost or is_kept_waiting(error):
            raise
        return _Batch(due, error)
    return _Batch(due)


def preview_sweep(session: Session, *, now: datetime) -> SweepResult:
    """What a sweep at `now` (UTC) would change, in the sweep's order, without writing."""
    updates: list[Update] = []
    counts = []
    for rule in CLOCK_RULES:
        rows = session.execute(due_bookings(rule, now=now))
        found = [_update(rule, DueBooking(*row), now, Cause.COMMAND) for row in rows]
        counts.append(len(found))
        updates += found
    session.rollback()
    return SweepResult(counts[0], counts[1], 0, tuple(updates))


def all_updates(_booking: DueBooking) -> bool:
    """For `returning`: every update."""
    return True


def no_updates(_booking: DueBooking) -> bool:
    """For `returning`: none of them; the counts are enough."""
    return False


def _apply(
    session: Session, rule: Rule, due: list[DueBooking], *, now: datetime, cause: Cause
) -> None:
    """Change the rows, and write their journal rows and mail.

    All or nothing: raises if one row is missing.
    """
    moment = literal(now, UtcDateTime)
    columns = {
        Moment.NOW: moment,
        Moment.START: _BOOKINGS.c.start_time,
        Moment.END: _BOOKINGS.c.end_time,
    }
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
                "action": rule.action,
                "is_delayed": bool(rule.sets.get("is_delayed", rule.delayed)),
                "cause": cause,
                "actor_id": None,
                "due_at": booking.due_at,
                "applied_at": now,
            }
            for booking in due
        ],
    )
    notify_transitions(session, MAIL_OF[rule.action], first=before + 1, now=now)


def _postpone(session: Session, booking: DueBooking, error: Exception, *, now: datetime) -> None:
    """Leave this booking alone for a minute, and for twice as long each time, up to an hour."""
    begin_write(session)
    # Another sweep with the same booking waits here, and adds another attempt.
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
    """Delete the failures of bookings that have changed since, except rows that are locked."""
    begin_write(session)
    is_due_still = exists().where(
        SessionBooking.id == SweepFailure.booking_id,
        or_(*(is_due(rule, literal(now, UtcDateTime)) for rule in CLOCK_RULES)),
    )
    session.execute(delete(SweepFailure).where(SweepFailure.retry_at <= now, ~is_due_still))
    session.commit()


def _update(rule: Rule, booking: DueBooking, now: datetime, cause: Cause) -> Update:
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
