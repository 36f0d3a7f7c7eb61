"""The outbox: mail is a row in the transaction of its change; a worker sends it later."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    Exists,
    Insert,
    Select,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from mentorship.database import UtcDateTime, insert_or
from mentorship.domain.mail import (
    FACTS_OF,
    MAIL_OF,
    ONE_FOR_A_GROUP,
    ONE_FOR_AN_ENTRY,
    MailFacts,
    MailKind,
)
from mentorship.models import (
    MailOutcome,
    MentorTimeSlot,
    OutboxMessage,
    SessionBooking,
    StatusChange,
    table_of,
)
from mentorship.services.webhooks.calls import enqueue_webhook_calls

NO_WAIT = timedelta(0)


@dataclass(frozen=True)
class Mail:
    """A mail with facts of its own, to a person or to an address.

    Of two with the same `key` only the first is sent. It is not sent after `not_after` (UTC); None
    means no limit.
    """

    facts: MailFacts
    key: str
    reader_id: int | None = None
    address: str | None = None
    not_after: datetime | None = None


def enqueue(session: Session, mail: Mail, *, now: datetime) -> None:
    """Put a mail into the outbox, in the caller's transaction; does not commit."""
    session.execute(
        insert_or(session, OutboxMessage)
        .values(
            kind=mail.facts.kind,
            key=mail.key,
            reader_id=mail.reader_id,
            recipient=mail.address,
            facts=as_json(mail.facts),
            created_at=now,
            not_after=mail.not_after,
            next_try_at=now,
        )
        .on_conflict_do_nothing()
    )


def as_json(facts: MailFacts) -> str:
    """Facts as the outbox stores them."""
    return _adapter(facts.kind).dump_json(facts).decode()


def facts_from(kind: MailKind, stored: str | None) -> MailFacts:
    """The facts of a stored mail. Raises ValueError if they do not match its kind."""
    if stored is None:
        raise ValueError("The facts of this mail are forgotten.")
    return _adapter(kind).validate_json(stored)


@cache
def _adapter(kind: MailKind) -> TypeAdapter[MailFacts]:
    return TypeAdapter(FACTS_OF[kind])


def enqueue_booking_mail(
    session: Session,
    kind: MailKind,
    *,
    booking_id: int,
    now: datetime,
    move_id: int | None = None,
    leave_out: Collection[int] = (),
    wait: timedelta = NO_WAIT,
) -> None:
    """Put the mail about a booking or a move into the outbox, for both people; does not commit.

    `move_id` is the move, `leave_out` are people who get no mail. The mail is sent after `wait`,
    and composed only then.
    """
    readers = session.execute(
        select(SessionBooking.student_id, SessionBooking.mentor_id).where(
            SessionBooking.id == booking_id
        )
    ).one()
    rows = [
        {
            "kind": kind,
            "booking_id": booking_id,
            "reader_id": reader_id,
            "move_id": move_id,
            "created_at": now,
            "next_try_at": now + wait,
        }
        for reader_id in readers
        if reader_id not in leave_out
    ]
    if rows:
        session.execute(insert(OutboxMessage), rows)


def notify_mentor_of_leaving(
    session: Session, *, booking_id: int, mentor_id: int, move_id: int, now: datetime
) -> None:
    """Tell the mentor what a move changes in the calendar entry that it left; does not commit."""
    session.execute(
        insert(OutboxMessage).values(
            kind=MailKind.LEFT_GROUP,
            booking_id=booking_id,
            reader_id=mentor_id,
            move_id=move_id,
            created_at=now,
            next_try_at=now,
        )
    )


def notify_transitions(
    session: Session, kind: MailKind, *, first: int, now: datetime, wait: timedelta = NO_WAIT
) -> None:
    """Enqueue mail and webhook calls about every journal row from id `first` on.

    Both people of the session get mail, but not about a start of their own, and the mentor of a
    group gets one mail for all (see `ONE_FOR_A_GROUP` and `ONE_FOR_AN_ENTRY`). Mail and calls leave
    after `wait`. Those who were told of a transition are told of its undo. Does not commit. Call it
    while the journal is locked, so that those rows are the caller's own.
    """
    session.execute(_TELL_CHANGES[kind], {"first": first, "now": now, "leaves": now + wait})
    enqueue_webhook_calls(session, first=first, now=now, leaves=now + wait)


def _tell_changes(kind: MailKind) -> Insert:
    def rows(reader: InstrumentedAttribute[int]) -> Select[*tuple[Any, ...]]:
        wanted = StatusChange.id >= bindparam("first")
        if kind in (MailKind.STARTED, MailKind.UNDONE):
            wanted &= reader != func.coalesce(StatusChange.actor_id, 0)
        if kind is MailKind.UNDONE:
            wanted &= exists().where(
                _Told.change_id == StatusChange.undoes_id,
                _Told.reader_id == reader,
                _Told.outcome.is_distinct_from(MailOutcome.DROPPED),
            )
        elif reader is SessionBooking.mentor_id and kind in ONE_FOR_A_GROUP:
            wanted &= or_(SessionBooking.slot_capacity == 1, StatusChange.id.in_(_FIRST_OF_GROUPS))
        elif reader is SessionBooking.mentor_id and kind in ONE_FOR_AN_ENTRY:
            wanted &= or_(~_is_one_entry(), StatusChange.id.in_(_FIRST_OF_GROUPS))
        return (
            select(
                literal(kind, OutboxMessage.kind.type),
                StatusChange.booking_id,
                reader,
                StatusChange.id,
                bindparam("now", type_=UtcDateTime),
                bindparam("leaves", type_=UtcDateTime),
            )
            .join(SessionBooking, SessionBooking.id == StatusChange.booking_id)
            .where(wanted)
        )

    return insert(table_of(OutboxMessage)).from_select(
        ["kind", "booking_id", "reader_id", "change_id", "created_at", "next_try_at"],
        union_all(rows(SessionBooking.student_id), rows(SessionBooking.mentor_id)),
    )


def _is_one_entry() -> Exists:
    """Whether the session and the others of its slot are one entry in the mentor's calendar."""
    slot = MentorTimeSlot
    return exists().where(slot.id == SessionBooking.time_slot_id, slot.is_one_entry)


_Told = aliased(OutboxMessage)

_FIRST_OF_GROUPS = (
    select(func.min(StatusChange.id))
    .join(SessionBooking, SessionBooking.id == StatusChange.booking_id)
    .where(StatusChange.id >= bindparam("first"))
    .group_by(SessionBooking.time_slot_id)
    .correlate(None)
)
"""Of the journal rows about the seats of one group, the first. Read once, however many rows."""

_TELL_CHANGES = {kind: _tell_changes(kind) for kind in set(MAIL_OF.values())}
