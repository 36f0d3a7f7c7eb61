"""What a mail to the mentor of a group tells: the meeting, with all students whom it is about."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, exists, select
from sqlalchemy.orm import Session

from mentorship.domain.mail import CHANGES_CALENDARS, ONE_FOR_A_GROUP, ONE_FOR_AN_ENTRY, MailKind
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import BookingMove, SessionBooking, User
from mentorship.queries.sessions.groups import Meeting, meetings_of

_B = SessionBooking


class ToldStudent(NamedTuple):
    """A student whom a mail is about, and the topic of their session."""

    name: str
    topic: str


def told_students(session: Session, row: Row[*tuple[Any, ...]]) -> Sequence[ToldStudent]:
    """The students whom a mail about a session is about, in the order of their seats.

    One, but for the mentor of a group, who is told of the whole meeting (see `ONE_FOR_A_GROUP`):
    there all to whom the same happened or, where it is asked how it went, all of whom nothing is
    said yet; perhaps nobody by now.
    """
    if not is_for_meeting(row):
        return (ToldStudent(row.student, row.topic),)
    found = session.execute(
        select(User.name, _B.topic)
        .join(_B, _B.student_id == User.id)
        .where(*_happened_to(row))
        .order_by(_B.seat, _B.id)
    )
    return [ToldStudent(*each) for each in found]


def is_for_meeting(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether this mail is the one for a whole group, to its mentor."""
    if row.reader_id != row.mentor_id:
        return False
    is_shared = row.kind in ONE_FOR_A_GROUP and row.slot_capacity > 1
    return is_shared or (row.kind in ONE_FOR_AN_ENTRY and row.is_one_entry)


def is_one_entry(row: Row[*tuple[Any, ...]]) -> bool:
    """Whether all sessions of the slot that the mail is about are one entry for their mentor."""
    return bool(row.was_one_entry if row.kind is MailKind.LEFT_GROUP else row.is_one_entry)


def meeting_of(session: Session, row: Row[*tuple[Any, ...]]) -> Meeting | None:
    """The meeting that the mail is about, where it is about a group and changes calendars."""
    has_left = row.kind is MailKind.LEFT_GROUP
    slot_id = row.old_slot_id if has_left else row.time_slot_id
    is_group = is_one_entry(row) or (row.slot_capacity > 1 and not has_left)
    if row.kind not in CHANGES_CALENDARS or not is_group:
        return None
    return meetings_of(session, [slot_id]).get(slot_id)


def _happened_to(row: Row[*tuple[Any, ...]]) -> tuple[ColumnElement[bool], ...]:
    in_slot = _B.time_slot_id == row.time_slot_id
    if row.kind is MailKind.MOVED:
        moved_along = exists().where(
            BookingMove.booking_id == _B.id,
            BookingMove.old_slot_id == row.old_slot_id,
            BookingMove.moved_at == row.moved_at,
        )
        return in_slot, moved_along
    if row.kind is MailKind.OUTCOME_ASKED:
        is_unsaid = _B.mentor_says.is_(None), _B.decided_outcome.is_(None)
        return in_slot, *is_unsaid, _B.status != Status.CANCELLED
    return (
        in_slot,
        _B.status == row.status,
        _B.completed_at.is_not_distinct_from(row.completed_at),
        _B.cancelled_at.is_not_distinct_from(row.cancelled_at),
    )
