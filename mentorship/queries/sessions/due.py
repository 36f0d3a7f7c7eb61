"""The clock's rules as SQL: which bookings are due, and when the next one will be."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from mentorship.database import UtcDateTime, constant
from mentorship.domain.sessions.lifecycle import CLOCK_RULES, Moment, Rule
from mentorship.models import SessionBooking, SweepFailure
from mentorship.models.booking import source_predicate

_COLUMN_OF: dict[Moment, InstrumentedAttribute[datetime]] = {
    Moment.START: SessionBooking.start_time,
    Moment.END: SessionBooking.end_time,
}


@dataclass(frozen=True)
class DueBooking:
    """A booking that a clock rule makes due, with what the sweep needs of it. Instants in UTC."""

    id: int
    student_id: int
    mentor_id: int
    due_at: datetime


def due_column(rule: Rule) -> InstrumentedAttribute[datetime]:
    """The column that holds the instant at which `rule` makes a booking due."""
    assert rule.since is not None, "a clock rule has an instant"
    return _COLUMN_OF[rule.since]


def is_due(rule: Rule, now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """WHERE clause: the bookings for which `rule.matches` is true at `now`."""
    return and_(text(source_predicate(rule)), due_column(rule) <= now)


def _is_postponed(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return exists().where(SweepFailure.booking_id == SessionBooking.id, SweepFailure.retry_at > now)


_NOW = bindparam("now", type_=UtcDateTime)

# Not EXISTS: PostgreSQL assumes that status and time are independent, expects many due rows, and
# scans the table for the first one. ORDER BY makes it use the index.
ANYTHING_DUE: ColumnElement[bool] = or_(
    *(
        select(due_column(rule))
        .where(is_due(rule, _NOW), ~_is_postponed(_NOW))
        .order_by(due_column(rule), SessionBooking.id)
        .limit(constant(1))
        .scalar_subquery()
        .is_not(None)
        for rule in CLOCK_RULES
    )
)
"""Whether any booking is due at `:now`; a probe of the partial indexes that locks nothing."""

_ANYTHING_DUE = select(ANYTHING_DUE)


def anything_due(session: Session, *, now: datetime) -> bool:
    """Whether a sweep at `now` (UTC) would find something to do."""
    return bool(session.scalar(_ANYTHING_DUE, {"now": now}))


def due_bookings(
    rule: Rule,
    *,
    now: datetime,
    after: tuple[datetime, int] | None = None,
    limit: int | None = None,
) -> Select[int, int, int, datetime]:
    """The bookings due by `rule` at `now`, in the order of (due instant, id), as `DueBooking`s.

    `after` is the (due instant, id) of the last row seen. Postponed ones are left out.
    """
    column = due_column(rule)
    statement = select(
        SessionBooking.id, SessionBooking.student_id, SessionBooking.mentor_id, column
    ).where(is_due(rule, _NOW), ~_is_postponed(_NOW))
    if after is not None:
        statement = statement.where(tuple_(column, SessionBooking.id) > after)
    return statement.order_by(column, SessionBooking.id).limit(limit).params(now=now)


def first_due(rule: Rule) -> Select[datetime]:
    """The first instant at which `rule` makes a booking due; postponed ones are left out."""
    column = due_column(rule)
    return (
        select(column)
        .where(text(source_predicate(rule)), ~_is_postponed(_NOW))
        .order_by(column, SessionBooking.id)
        .limit(1)
    )


def next_due(session: Session, *, now: datetime) -> datetime | None:
    """The earliest instant (UTC) at which a clock rule makes a booking due; None if there is none.

    An instant that has passed means that a sweep is needed now. Postponed bookings count
    from their retry.
    """
    instants = [session.scalar(first_due(rule), {"now": now}) for rule in CLOCK_RULES]
    instants.append(
        session.scalar(select(func.min(SweepFailure.retry_at)).where(SweepFailure.retry_at > now))
    )
    return min((instant for instant in instants if instant is not None), default=None)
