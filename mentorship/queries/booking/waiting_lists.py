"""A student's waiting lists, and the slots held for them."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.shared.errors import NotFound
from mentorship.models import MentorTimeSlot, User, WaitingListEntry
from mentorship.queries.booking.free_slots import Obstacle, obstacle_to
from mentorship.queries.booking.open_bookings import (
    booking_limits,
    open_bookings,
    refusal_at_limit,
)


@dataclass(frozen=True)
class Waiting:
    """A place on a waiting list; `place` counts from 1.

    The slot is set only while it is held and the student can book it; `limit` says why the student
    is passed over for the time being. Instants in UTC.
    """

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
    limit: str | None = None


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


def waiting_lists(
    session: Session, *, student_id: int, since: date, now: datetime
) -> list[Waiting]:
    """The student's places in weeks from the Monday `since` on, the earliest week first.

    A hold is shown for as long as the slot can be booked at `now` (UTC), even if no worker has
    ended it yet.
    """
    rows = session.execute(
        select(
            WaitingListEntry.id,
            WaitingListEntry.mentor_id,
            User.name,
            User.timezone,
            WaitingListEntry.week,
            _PLACE,
            WaitingListEntry.held_slot_id,
            MentorTimeSlot.start_time,
            MentorTimeSlot.end_time,
            MentorTimeSlot.held_until,
        )
        .join(User, User.id == WaitingListEntry.mentor_id)
        .outerjoin(MentorTimeSlot, MentorTimeSlot.id == WaitingListEntry.held_slot_id)
        .where(
            WaitingListEntry.student_id == student_id,
            ~WaitingListEntry.is_over,
            WaitingListEntry.week >= since,
        )
        .order_by(WaitingListEntry.week, WaitingListEntry.id)
    )
    counts, limits = open_bookings(session, student_id, now=now), booking_limits(session)
    places = [
        replace(
            place,
            limit=limits.refusal(
                total=counts.total(), with_mentor=counts[place.mentor_id], mentor=place.mentor
            ),
        )
        for place in (Waiting(*row) for row in rows)
    ]
    return [_with_true_hold(session, place, student_id, now=now) for place in places]


def obstacle_to_hold(
    session: Session, *, slot_id: int, mentor_id: int, student_id: int, now: datetime
) -> Obstacle | None:
    """What keeps a student from booking the slot that is held for them at `now` (UTC)."""
    people = {"mentor_id": mentor_id, "student_id": student_id}
    try:
        obstacle = obstacle_to(session, slot_id=slot_id, **people, now=now)
    except NotFound:  # Students cannot find the mentor any more.
        return Obstacle.WITHDRAWN
    if obstacle is None and refusal_at_limit(session, **people, mentor="", now=now) is not None:
        return Obstacle.AT_LIMIT
    return obstacle


def _with_true_hold(
    session: Session, waiting: Waiting, student_id: int, *, now: datetime
) -> Waiting:
    if waiting.slot_id is None:
        return waiting
    people = {"mentor_id": waiting.mentor_id, "student_id": student_id}
    holds = waiting.held_until is not None and waiting.held_until > now
    if holds and obstacle_to_hold(session, slot_id=waiting.slot_id, **people, now=now) is None:
        return waiting
    return replace(waiting, slot_id=None, start_time=None, end_time=None, held_until=None)
