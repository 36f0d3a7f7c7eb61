"""One slot as a student who wants to book it sees it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import OPEN
from mentorship.domain.shared.calendar_weeks import Week
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.queries.booking.free_slots import FreeSlot, Obstacle, free_slots, obstacle_to

_NEXT = 8


@dataclass(frozen=True)
class SlotPage:
    """A slot and, if an obstacle keeps the student from booking it, the next free ones.

    Mentors see no other times for their own slots. Instants in UTC. `full_week` is the Monday, in
    the mentor's zone, of a week without any free slot: it has a waiting list.
    """

    slot_id: int
    mentor_id: int
    mentor: str
    start_time: datetime
    end_time: datetime
    capacity: int
    obstacle: str | None
    next_free: tuple[FreeSlot, ...]
    full_week: date | None


def open_session_in(session: Session, slot_id: int, *, student_id: int) -> Row[int, str] | None:
    """The id and topic of the open session that the student already has in this slot."""
    return session.execute(
        select(SessionBooking.id, SessionBooking.topic).where(
            SessionBooking.student_id == student_id,
            SessionBooking.time_slot_id == slot_id,
            SessionBooking.status.in_(OPEN),
        )
    ).first()


def slot_page(session: Session, slot_id: int, *, student_id: int, now: datetime) -> SlotPage:
    """The slot at `now` (UTC). Raises NotFound if it does not exist or its mentor is not listed."""
    row = session.execute(
        select(
            MentorTimeSlot.mentor_id,
            User.name,
            User.timezone,
            MentorTimeSlot.start_time,
            MentorTimeSlot.end_time,
            MentorTimeSlot.capacity,
        )
        .join(User, User.id == MentorTimeSlot.mentor_id)
        .where(MentorTimeSlot.id == slot_id)
    ).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such time."))
    people = {"mentor_id": row.mentor_id, "student_id": student_id}
    obstacle = obstacle_to(session, slot_id=slot_id, **people, now=now)
    next_free: list[FreeSlot] = []
    full_week = None
    if obstacle is not None and obstacle is not Obstacle.OWN:
        next_free = free_slots(
            session, mentor_id=row.mentor_id, student_id=student_id, since=now, now=now, limit=_NEXT
        )
        week = Week.at(row.start_time, row.timezone)
        is_free = any(week.start <= slot.start_time < week.end for slot in next_free)
        full_week = None if is_free or week.end <= now else week.monday
    return SlotPage(
        slot_id=slot_id,
        mentor_id=row.mentor_id,
        mentor=row.name,
        start_time=row.start_time,
        end_time=row.end_time,
        capacity=row.capacity,
        obstacle=str(obstacle) if obstacle else None,
        next_free=tuple(next_free),
        full_week=full_week,
    )
