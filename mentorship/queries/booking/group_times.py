"""To which times a group can move as one."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import MentorTimeSlot, SessionBooking
from mentorship.queries.booking.free_slots import FreeSlot, Obstacle, free_slots, obstacle_to


def scheduled_in(session: Session, slot_id: int) -> Mapping[int, int]:
    """The scheduled bookings of a slot, in the order of their seats, with their students."""
    rows = session.execute(
        select(SessionBooking.id, SessionBooking.student_id)
        .where(SessionBooking.time_slot_id == slot_id, SessionBooking.status == Status.SCHEDULED)
        .order_by(SessionBooking.seat, SessionBooking.id)
    )
    return {row.id: row.student_id for row in rows}


def times_for_group(
    session: Session,
    group: Mapping[int, int],
    *,
    slot_id: int,
    mentor_id: int,
    now: datetime,
    limit: int | None = None,
) -> list[FreeSlot]:
    """The mentor's slots to which these bookings (with their students) can move from `slot_id`.

    In the order of their start, at most `limit`. Nobody has booked them, they have room for all,
    and nobody of the group has another session then. `now` is in UTC.
    """
    found: list[FreeSlot] = []
    for booking_id, student_id in group.items():
        free = free_slots(
            session,
            mentor_id=mentor_id,
            student_id=student_id,
            since=now,
            now=now,
            moving=booking_id,
            leaving=slot_id,
        )
        known = {slot.id for slot in found}
        found = [slot for slot in free if slot.id in known] if found else free
        if not found:
            return []
    rooms = _capacities(session, [slot.id for slot in found])
    fitting = [
        slot
        for slot in found
        if rooms[slot.id] == slot.seats_left and len(group) <= slot.seats_left
    ]
    return [slot for slot in fitting if slot.id != slot_id][:limit]


def _capacities(session: Session, slot_ids: list[int]) -> Mapping[int, int]:
    columns = MentorTimeSlot.id, MentorTimeSlot.capacity
    rows = session.execute(select(*columns).where(MentorTimeSlot.id.in_(slot_ids)))
    return {row.id: row.capacity for row in rows}


def obstacle_to_group(
    session: Session,
    group: Mapping[int, int],
    *,
    to: MentorTimeSlot,
    slot_id: int,
    now: datetime,
) -> tuple[Obstacle, int] | None:
    """What keeps these bookings from moving from `slot_id` as one, and whom of their students."""
    first = next(iter(group.values()))
    for booking_id, student_id in group.items():
        obstacle = obstacle_to(
            session,
            slot_id=to.id,
            mentor_id=to.mentor_id,
            student_id=student_id,
            now=now,
            moving=booking_id,
            leaving=slot_id,
        )
        if obstacle is not None:
            return obstacle, student_id
    taken = select(SessionBooking.id).where(
        SessionBooking.time_slot_id == to.id, SessionBooking.status != Status.CANCELLED
    )
    if to.capacity < len(group):
        return Obstacle.SMALL, first
    return (Obstacle.SHARED, first) if session.scalar(taken.limit(1)) else None
