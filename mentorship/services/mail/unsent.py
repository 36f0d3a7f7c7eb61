"""Unsent mail about something that has changed again in the meantime.

Mail counts as sent as soon as a sender has taken it, even if that sender is killed: an unneeded
mail about a cancellation is better than a missing one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, exists, select, update
from sqlalchemy.orm import Session

from mentorship.domain.mail import MailKind
from mentorship.models import BookingMove, MailChoice, MailOutcome, MentorTimeSlot, OutboxMessage

UNDONE = "It was undone before anybody was told."

_M = OutboxMessage
_HAS_NOT_LEFT = _M.outcome.is_(None) & _M.claimed_by.is_(None) & (_M.attempts == 0)


def drop_mail_of_cancelled(
    session: Session,
    booking_ids: Sequence[int],
    mentor_id: int,
    *,
    is_one_mail: bool,
    now: datetime,
) -> None:
    """Drop the mail of a cancellation to readers who were not told of the booking.

    These bookings of one slot were cancelled together; where it `is_one_mail`, their mentor gets
    one for all, which is dropped only if the mentor was told of none of them. In the transaction
    that cancels, after its own mail is in the outbox; does not commit.
    """
    unaware = {each: set(_drop(session, each, [MailKind.BOOKED], now=now)) for each in booking_ids}
    is_mentor_aware = not all(mentor_id in readers for readers in unaware.values())
    for booking_id, readers in unaware.items():
        if is_one_mail and is_mentor_aware and mentor_id in readers:
            others = [kind for kind in MailKind if kind is not MailKind.CANCELLED]
            _drop(session, booking_id, others, readers=[mentor_id], now=now)
            readers.remove(mentor_id)
        if readers:
            _drop(session, booking_id, list(MailKind), readers=readers, now=now)


def drop_unsent(
    session: Session,
    booking_id: int,
    kind: MailKind,
    *,
    readers: Collection[int] | None = None,
    now: datetime,
) -> list[int]:
    """Drop mail of this kind that newer mail of the same kind replaces; does not commit.

    Affects all readers, or only these `readers`. Returns the readers of the dropped mail.
    """
    return _drop(session, booking_id, [kind], readers=readers, now=now)


def drop_mail_of_undone(session: Session, change_ids: Collection[int], *, now: datetime) -> None:
    """Drop the mail about these transitions, which are being undone.

    In the transaction that undoes them, before its own mail is in the outbox; does not commit.
    """
    session.execute(
        update(_M)
        .where(_M.change_id.in_(change_ids), _HAS_NOT_LEFT)
        .values(outcome=MailOutcome.DROPPED, ended_at=now, error=UNDONE)
    )


@dataclass(frozen=True)
class Told:
    """The readers whom waiting mail, about the booking or an earlier move, tells about a move."""

    of_booking: frozenset[int]
    of_move: frozenset[int]

    @property
    def everybody(self) -> frozenset[int]:
        """All who need no further mail."""
        return self.of_booking | self.of_move


def merge_move(session: Session, booking_id: int, slot: MentorTimeSlot, *, now: datetime) -> Told:
    """Let mail that has not left tell of the present move, to `slot`, too.

    Mail about a booking or a move is composed when it is sent, and names the time of the session
    then. So readers of such waiting mail need no further mail; if the session is back at the time
    that they know, they need none at all. Runs in the transaction that moves; does not commit.
    """
    waiting = _waiting_mail(session, booking_id)
    known_times: dict[int, tuple[datetime, datetime]] = {}
    for row in waiting:
        if row.kind is MailKind.MOVED:
            known_times.setdefault(row.reader_id, (row.old_start, row.old_end))
    unaware = {row.reader_id for row in waiting if row.kind is MailKind.BOOKED}
    unchanged = {
        reader
        for reader, time in known_times.items()
        if time == (slot.start_time, slot.end_time) and reader not in unaware
    }
    _drop(session, booking_id, [MailKind.MOVED], readers=unchanged, now=now)
    return Told(frozenset(unaware), frozenset(known_times))


def _waiting_mail(session: Session, booking_id: int) -> Sequence[Row[*tuple[Any, ...]]]:
    """Mail about this booking and its moves that no sender has taken, oldest first.

    Its rows stay locked, so that no sender takes one before the move is committed. Mail about
    bookings counts only for readers who want such mail.
    """
    is_refused = exists().where(
        MailChoice.user_id == _M.reader_id, MailChoice.kind == _M.kind, ~MailChoice.is_wanted
    )
    return session.execute(
        select(_M.kind, _M.reader_id, BookingMove.old_start, BookingMove.old_end)
        .outerjoin(BookingMove, BookingMove.id == _M.move_id)
        .where(
            _M.booking_id == booking_id,
            _M.kind.in_([MailKind.BOOKED, MailKind.MOVED]),
            _HAS_NOT_LEFT,
            ~is_refused,
        )
        .order_by(_M.id)
        .with_for_update(of=_M)
    ).all()


def _drop(
    session: Session,
    booking_id: int,
    kinds: Collection[MailKind],
    *,
    readers: Collection[int] | None = None,
    now: datetime,
) -> list[int]:
    """Drop unsent mail; returns the reader of each mail that was dropped."""
    statement = update(_M).where(_M.booking_id == booking_id, _M.kind.in_(kinds), _HAS_NOT_LEFT)
    if readers is not None:
        statement = statement.where(_M.reader_id.in_(readers))
    dropped = session.scalars(
        statement.values(outcome=MailOutcome.DROPPED, ended_at=now, error=UNDONE).returning(
            _M.reader_id
        )
    )
    return [reader_id for reader_id in dropped if reader_id is not None]
