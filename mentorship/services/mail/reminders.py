"""Reminders, which are written into the outbox when they are due; nothing is stored before."""

from datetime import datetime, timedelta

from sqlalchemy import Exists, and_, exists, false, func, or_, select, text, update
from sqlalchemy.orm import Session, aliased

from mentorship.database import begin_write, insert_or
from mentorship.domain.mail import REMINDERS, MailKind, Reminder
from mentorship.domain.sessions.lifecycle import RULE_OF, Action, Status
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.models import MailChoice, OutboxMessage, ReminderMark, SessionBooking, User
from mentorship.models.booking import source_predicate

EVERY = timedelta(seconds=10)
"""How often reminders are looked for; each look stores how far it got."""


def enqueue_reminders(session: Session, *, now: datetime) -> None:
    """Put the reminders that fell due since the last call into the outbox.

    A reminder falls due once, when the time left until the start shrinks to its lead. For a session
    that is booked or moved to a nearer time, the mail about that replaces it. After an outage the
    reminders that are still useful are written. If the clock was ahead, the mark is set back, and
    keys prevent a second reminder. Commits. Any number of callers may run: the one that moves the
    mark writes the rows in the same transaction.
    """
    until = session.scalar(select(ReminderMark.reminded_until))
    session.rollback()
    if not has_elapsed(until, every=EVERY, now=now):
        return
    begin_write(session)
    if until is None:
        first = insert_or(session, ReminderMark).values(id=1, reminded_until=now)
        session.execute(first.on_conflict_do_nothing())
        session.commit()
        return
    moved = session.connection().execute(
        update(ReminderMark).where(ReminderMark.reminded_until == until).values(reminded_until=now)
    )
    rows = []
    if moved.rowcount == 1:
        for kind, reminder in REMINDERS.items():
            rows += _due(session, kind, reminder, until=until, now=now)
        if rows:
            new = insert_or(session, OutboxMessage).on_conflict_do_nothing()
            session.execute(new, rows)
    session.commit()


def _has_lower_seat() -> Exists:
    """Whether the mentor is reminded of this group meeting by another seat of it."""
    lower = aliased(SessionBooking)
    return exists().where(
        lower.time_slot_id == SessionBooking.time_slot_id,
        lower.seat < SessionBooking.seat,
        lower.status == Status.SCHEDULED,
    )


def _due(
    session: Session, kind: MailKind, reminder: Reminder, *, until: datetime, now: datetime
) -> list[dict[str, object]]:
    since = max(until, now - reminder.lasts) + reminder.lead
    wants = and_(MailChoice.user_id == User.id, MailChoice.kind == kind)
    found = session.execute(
        select(SessionBooking.id, SessionBooking.start_time, User.id)
        .join(User, or_(User.id == SessionBooking.student_id, User.id == SessionBooking.mentor_id))
        .outerjoin(MailChoice, wants)
        .where(
            text(source_predicate(RULE_OF[Action.DELAY])),  # The words of an index on the start.
            SessionBooking.start_time > since,
            SessionBooking.start_time <= now + reminder.lead,
            func.coalesce(MailChoice.is_wanted, reminder.is_default) != false(),
            or_(
                SessionBooking.slot_capacity == 1,
                User.id == SessionBooking.student_id,
                ~_has_lower_seat(),
            ),
        )
    )
    return [
        {
            "kind": kind,
            "key": f"{kind.value}/{booking_id}/{reader_id}/{start_time.isoformat()}",
            "booking_id": booking_id,
            "reader_id": reader_id,
            "created_at": now,
            "next_try_at": now,
            "not_after": start_time - reminder.lead + reminder.lasts,
        }
        for booking_id, start_time, reader_id in found
    ]
