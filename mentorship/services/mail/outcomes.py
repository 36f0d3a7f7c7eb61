"""Mail about outcomes: questions about delayed sessions, disputes and decisions."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, case, cast, exists, literal, or_, select, text
from sqlalchemy.orm import Session, aliased

from mentorship.database import begin_write, insert_or
from mentorship.domain.mail import OUTCOME_ASKED_AFTER, OUTCOME_ASKED_UNTIL, MailKind
from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER
from mentorship.domain.sessions.outcomes import OutcomeState
from mentorship.models import OutboxMessage, SessionBooking, User
from mentorship.models.booking import DELAYED
from mentorship.queries.sessions.outcomes import outcome_state
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.mail.unsent import drop_unsent

_B, _Asked = SessionBooking, aliased(OutboxMessage)


def notify_dispute(session: Session, *, booking_id: int, speaker_id: int, now: datetime) -> None:
    """Tell the other side that `speaker_id` disagrees; does not commit.

    The mail waits like mail about a press, and is dropped if the answer was corrected by then.
    """
    kind = MailKind.OUTCOME_DISPUTED
    drop_unsent(session, booking_id, kind, now=now)
    enqueue_booking_mail(
        session, kind, booking_id=booking_id, leave_out=[speaker_id], now=now, wait=NOTIFY_AFTER
    )


def notify_decision(session: Session, *, booking_id: int, now: datetime, wait: timedelta) -> None:
    """Tell both sides about an admin's decision after `wait`; does not commit.

    It is dropped if the decision was undone by then.
    """
    kind = MailKind.OUTCOME_DECIDED
    drop_unsent(session, booking_id, kind, now=now)
    enqueue_booking_mail(session, kind, booking_id=booking_id, now=now, wait=wait)


def enqueue_outcome_requests(session: Session, *, now: datetime, silence: timedelta) -> int:
    """Ask how each delayed session went whose slot is over at `now`; returns how many mails.

    A side that has not answered is asked when the slot ends, after 24 hours and after 72 hours, at
    most once each: the key of a mail names the session, the reader and which of the three it is.
    The mentor of a group is asked once for the meeting: there the key names the slot. After an
    outage only the latest due mail is written, and none about a slot that ended more than a week
    ago. Commits; with nobody to ask it only reads. Any number of callers may run.
    """
    rows = []
    for number, after in enumerate(OUTCOME_ASKED_AFTER):
        later = [*OUTCOME_ASKED_AFTER, OUTCOME_ASKED_UNTIL][number + 1]
        rows += _due(
            session, number, since=now - later, until=now - after, now=now, silence=silence
        )
    session.rollback()
    if rows:
        begin_write(session)
        session.execute(insert_or(session, OutboxMessage).on_conflict_do_nothing(), rows)
        session.commit()
    return len(rows)


def _due(
    session: Session,
    number: int,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    silence: timedelta,
) -> list[dict[str, Any]]:
    """The mails with this number about slots that ended after `since` and not after `until`."""
    key = _key(number)
    found = session.execute(
        select(_B.id, _B.end_time, User.id.label("reader_id"), key.label("key"))
        .join(User, or_(User.id == _B.student_id, User.id == _B.mentor_id))
        .where(
            text(DELAYED),  # The exact predicate of an index on the end.
            _B.end_time > since,
            _B.end_time <= until,
            ~_has_answered(),
            outcome_state(now, silence) != OutcomeState.SETTLED.value,
            ~exists().where(_Asked.key == key),
        )
        .order_by(_B.end_time, _B.id, User.id)
    )
    first_of = {row.key: row for row in reversed(found.all())}
    return [
        {
            "kind": MailKind.OUTCOME_ASKED,
            "key": row.key,
            "booking_id": row.id,
            "reader_id": row.reader_id,
            "created_at": now,
            "next_try_at": now,
            "not_after": row.end_time + OUTCOME_ASKED_UNTIL,
        }
        for row in reversed(first_of.values())
    ]


def _key(number: int) -> ColumnElement[str]:
    kind, reader = MailKind.OUTCOME_ASKED.value, cast(User.id, String)
    is_meeting = (_B.slot_capacity > 1) & (User.id == _B.mentor_id)
    about = case(
        (is_meeting, literal("slot-").concat(cast(_B.time_slot_id, String))),
        else_=cast(_B.id, String),
    )
    return literal(f"{kind}/").concat(about).concat("/").concat(reader).concat(f"/{number}")


def _has_answered() -> ColumnElement[bool]:
    said_as_student = (User.id == _B.student_id) & _B.student_says.is_not(None)
    said_as_mentor = (User.id == _B.mentor_id) & _B.mentor_says.is_not(None)
    return or_(said_as_student, said_as_mentor)
