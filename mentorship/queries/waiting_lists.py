"""For what a student waits, and what is held for them."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from mentorship.models import MentorTimeSlot, User, WaitingListEntry


@dataclass(frozen=True)
class Waiting:
    """A place on a waiting list; `place` counts from 1. What is held has its instants in UTC."""

    id: int
    mentor_id: int
    mentor: str
    timezone: str
    week: date
    place: int
    slot_id: int | None
    start_time: datetime | None
    end_time: datetime | None
    held_until: datetime | None


_Earlier = aliased(WaitingListEntry)

_PLACE = (
    select(func.count())
    .where(
        _Earlier.mentor_id == WaitingListEntry.mentor_id,
        _Earlier.week == WaitingListEntry.week,
        ~_Earlier.is_over,
        _Earlier.id <= WaitingListEntry.id,
    )
    .correlate(WaitingListEntry)
    .scalar_subquery()
)


def waiting_lists(session: Session, *, student_id: int, since: date) -> list[Waiting]:
    """The student's places in weeks from the Monday `since` on, the next week first."""
    rows = session.execute(
        select(
            WaitingListEntry.id, WaitingListEntry.mentor_id, User.name, User.timezone,
            WaitingListEntry.week, _PLACE, WaitingListEntry.held_slot_id,
            MentorTimeSlot.start_time, MentorTimeSlot.end_time, MentorTimeSlot.held_until,
        )
        .join(User, User.id == WaitingListEntry.mentor_id)
        .outerjoin(MentorTimeSlot, MentorTimeSlot.id == WaitingListEntry.held_slot_id)
        .where(
            WaitingListEntry.student_id == student_id,
            ~WaitingListEntry.is_over,
            WaitingListEntry.week >= since,
        )
        .order_by(WaitingListEntry.week, WaitingListEntry.id)
    )  # fmt: skip
    return [Waiting(*row) for row in rows]
