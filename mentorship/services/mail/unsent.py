"""Mail that has not left yet, about something that was undone meanwhile: nobody is sent it.

A mail counts as sent from the moment when a sender takes it, even if that sender is killed: to
tell of a cancellation for no reason is better than not to tell of it.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mentorship.domain.mail import MailKind
from mentorship.models import BookingMove, MailOutcome, MentorTimeSlot, OutboxMessage

UNDONE = "It was undone before anybody was told."

_M = OutboxMessage
_HAS_NOT_LEFT = _M.outcome.is_(None) & _M.claimed_by.is_(None) & (_M.attempts == 0)


def drop_mail_of_cancelled(session: Session, booking_id: int, *, now: datetime) -> None:
    """Who was not told of the booking is not told of its cancellation either.

    In the transaction that cancels, after its own mail is in the outbox; does not commit.
    """
    readers = _drop(session, booking_id, [MailKind.BOOKED], now=now)
    if readers:
        _drop(session, booking_id, list(MailKind), readers=readers, now=now)


def drop_moves_back(
    session: Session, booking_id: int, slot: MentorTimeSlot, *, now: datetime
) -> set[int]:
    """Drop the mail of moves that the present one, to `slot`, takes back altogether.

    Returns those for whom nothing has changed since their last mail: they need not be told. In
    the transaction that moves; does not commit.
    """
    waiting = session.execute(
        select(_M.id, _M.reader_id, BookingMove.old_start, BookingMove.old_end)
        .join(BookingMove, BookingMove.id == _M.move_id)
        .where(_M.booking_id == booking_id, _HAS_NOT_LEFT)
        .order_by(_M.id)
    ).all()
    told_of = {row.reader_id: (row.old_start, row.old_end) for row in reversed(waiting)}
    unaware = {who for who, time in told_of.items() if time == (slot.start_time, slot.end_time)}
    dropped = _drop(session, booking_id, [MailKind.MOVED], readers=unaware, now=now)
    expected = [row.reader_id for row in waiting if row.reader_id in unaware]
    # A sender may have taken one in between.
    return {who for who in unaware if dropped.count(who) == expected.count(who)}


def _drop(
    session: Session,
    booking_id: int,
    kinds: Collection[MailKind],
    *,
    readers: Collection[int] | None = None,
    now: datetime,
) -> list[int]:
    """Drop what has not left; returns the reader of each mail that was dropped."""
    statement = update(_M).where(_M.booking_id == booking_id, _M.kind.in_(kinds), _HAS_NOT_LEFT)
    if readers is not None:
        statement = statement.where(_M.reader_id.in_(readers))
    dropped = session.scalars(
        statement.values(outcome=MailOutcome.DROPPED, ended_at=now, error=UNDONE).returning(
            _M.reader_id
        )
    )
    return [reader_id for reader_id in dropped if reader_id is not None]
