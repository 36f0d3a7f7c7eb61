"""What a mail to the mentor of a group tells: the meeting, with all students whom it is about."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.orm import Session

from mentorship.domain.mail import ONE_FOR_A_GROUP, MailKind
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking, User

_B = SessionBooking


class ToldStudent(NamedTuple):
    """A student whom a mail is about, and the topic of their session."""

    name: str
    topic: str


def told_students(session: Session, row: Row[*tuple[Any, ...]]) -> Sequence[ToldStudent]:
    """The students whom a mail about a session is about, in the order of their seats.

    One, but for the mentor of a group, who is told of the whole meeting (see `ONE_FOR_A_GROUP`):
    there all whose part stands as this one does or, where it is asked how it went, all of whom
    nothing is said yet; perhaps nobody by now.
    """
    if not is_for_meeting(row):
        return (ToldStudent(row.student, row.topic),)
    found = session.execute(
        select(User.name, _B.topic)
        .join(_B, _B.student_id == User.id)
        .where(_B.time_slot_id == row.time_slot_id, *_stands_as_told(row))
        .order_by(_B.seat, _B.id)
    )
    return [ToldStudent(*each) for each in found]


def is_for_meeting(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether this mail is the one for a whole group, to its mentor."""
    is_to_mentor = row.reader_id == row.mentor_id
    return row.slot_capacity > 1 and is_to_mentor and row.kind in ONE_FOR_A_GROUP


def _stands_as_told(row: Row[*tuple[Any, ...]]) -> tuple[ColumnElement[bool], ...]:
    if row.kind is MailKind.OUTCOME_ASKED:
        is_unsaid = _B.mentor_says.is_(None), _B.decided_outcome.is_(None)
        return *is_unsaid, _B.status != Status.CANCELLED
    return (
        _B.status == row.status,
        _B.completed_at.is_not_distinct_from(row.completed_at),
        _B.cancelled_at.is_not_distinct_from(row.cancelled_at),
    )
