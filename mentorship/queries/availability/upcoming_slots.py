"""A mentor's upcoming slots, in pages, and the time zones of the mentor's students."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, exists, func, literal_column, select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import OPEN, Status
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.queries.availability.mentor_calendar import IS_HELD_IN_LINE

PAGE_SIZE = 20
MOST_ZONES = 8


@dataclass(frozen=True)
class UpcomingSlot:
    """A slot that is offered. Instants in UTC; `taken` counts its booked seats.

    `is_held` if it is held for a student on the waiting list; `is_kept` if only the students who
    booked it can use it, because no rule produces it any more. `stays` if its sessions have begun
    or are over. `is_blocked` if the mentor is a student in another session at that time.
    """

    id: int
    start_time: datetime
    end_time: datetime
    capacity: int
    rule_id: int | None
    taken: int
    is_held: bool
    is_kept: bool
    stays: bool
    is_blocked: bool


@dataclass(frozen=True)
class UpcomingSlots:
    """One page, counted from 1."""

    slots: tuple[UpcomingSlot, ...]
    total: int
    page: int
    pages: int


def _seats(*those: ColumnElement[bool]) -> ScalarSelect[int]:
    return (
        select(func.count())
        .select_from(SessionBooking)
        .where(
            SessionBooking.time_slot_id == MentorTimeSlot.id,
            # A literal, because a planner uses a partial index only if its predicate is repeated.
            literal_column("session_bookings.status <> 'CANCELLED'"),
            *those,
        )
        .correlate(MentorTimeSlot)
        .scalar_subquery()
    )


_IS_BLOCKED = (
    exists()
    .where(
        SessionBooking.student_id == MentorTimeSlot.mentor_id,
        SessionBooking.status.in_(OPEN),
        SessionBooking.start_time < MentorTimeSlot.end_time,
        SessionBooking.end_time > MentorTimeSlot.start_time,
    )
    .correlate(MentorTimeSlot)
)


def upcoming_slots(session: Session, mentor_id: int, *, page: int, now: datetime) -> UpcomingSlots:
    """The mentor's slots that begin after `now` (UTC): the given page, or the last one."""
    offered = (
        MentorTimeSlot.mentor_id == mentor_id,
        MentorTimeSlot.start_time > now,
        ~MentorTimeSlot.is_withdrawn,
    )
    total = session.scalar(select(func.count()).select_from(MentorTimeSlot).where(*offered)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(page, pages)
    rows = session.execute(
        select(
            MentorTimeSlot.id,
            MentorTimeSlot.start_time,
            MentorTimeSlot.end_time,
            MentorTimeSlot.capacity,
            MentorTimeSlot.rule_id,
            MentorTimeSlot.held_until,
            IS_HELD_IN_LINE.label("is_in_line"),
            _seats().label("taken"),
            _seats(SessionBooking.status == Status.SCHEDULED).label("scheduled"),
            _IS_BLOCKED.label("is_blocked"),
        )
        .where(*offered)
        .order_by(MentorTimeSlot.start_time, MentorTimeSlot.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return UpcomingSlots(tuple(_slot(row, now=now) for row in rows), total, page, pages)


def _slot(row: Row[*tuple[Any, ...]], *, now: datetime) -> UpcomingSlot:
    is_held = row.held_until is not None and row.held_until > now
    is_kept = is_held and row.taken > 0 and not row.is_in_line
    return UpcomingSlot(
        id=row.id,
        start_time=row.start_time,
        end_time=row.end_time,
        capacity=row.capacity,
        rule_id=row.rule_id,
        taken=row.taken,
        is_held=is_held and not is_kept,
        is_kept=is_kept,
        stays=row.taken > 0 and row.scheduled == 0,
        is_blocked=row.is_blocked,
    )


def zones_of_students(session: Session, mentor_id: int) -> dict[str, int]:
    """How many of the mentor's students are in each time zone; the zones with most of them."""
    students = func.count(SessionBooking.student_id.distinct()).label("students")
    rows = session.execute(
        select(User.timezone, students)
        .join(SessionBooking, SessionBooking.student_id == User.id)
        .where(SessionBooking.mentor_id == mentor_id, SessionBooking.status != Status.CANCELLED)
        .group_by(User.timezone)
        .order_by(students.desc(), User.timezone)
        .limit(MOST_ZONES)
    )
    return {row.timezone: row.students for row in rows}
