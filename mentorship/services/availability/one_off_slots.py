"""One-off slots: a time that a mentor offers once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.orm import Session

from mentorship.domain.availability.slot_plan import Calendar, KnownSlot, exists, instant
from mentorship.domain.sessions.lifecycle import OPEN
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_, Span
from mentorship.domain.shared.zones import zone_of
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.services.availability.calendar_lock import decide_then_lock
from mentorship.services.availability.publish import publish, unpublish, withdraw_slots
from mentorship.services.availability.slot_limits import most_slots
from mentorship.services.availability.validation import (
    FARTHEST_HORIZON,
    LARGEST_GROUP,
    minutes_between,
)
from mentorship.services.booking.holds import hold_free_slots, release_holds
from mentorship.services.booking.mentor_profile import ensure_profile


@dataclass(frozen=True)
class OneOffSlot:
    """A slot as a mentor writes it: wall-clock times of the mentor's zone."""

    day: date
    opens: time
    closes: time
    capacity: int


def save_one_off_slot(
    session: Session, mentor_id: int, wanted: OneOffSlot, *, now: datetime, slot_id: int = 0
) -> int:
    """Offer a one-off slot, or change the one with `slot_id`, at `now` (UTC), and commit.

    Returns its id, which is new if the old time has cancelled sessions. If an hour occurs twice,
    the first one is used. Raises NotFound unless `slot_id` is an upcoming one-off slot of this
    mentor, and InvalidInput for a time that does not exist, has passed or is too close to another
    slot, and for moving a booked slot.
    """
    columns = decide_then_lock(
        session,
        mentor_id,
        lambda: _checked_columns(session, mentor_id, wanted, slot_id, now=now),
        now=now,
    )
    ensure_profile(session, mentor_id)
    if _moves_history(session, slot_id, columns):
        withdraw_slots(session, [slot_id], now=now)
        slot_id = 0
    if slot_id:
        _lose_hold_of_another_time(session, slot_id, columns, now=now)
        session.execute(update(MentorTimeSlot).where(MentorTimeSlot.id == slot_id).values(columns))
    else:
        new = insert(MentorTimeSlot).values(mentor_id=mentor_id, **columns)
        slot_id = session.execute(new.returning(MentorTimeSlot.id)).scalar_one()
    hold_free_slots(session, mentor_id, now=now)
    # A slot that is moved may leave room for slots of a rule, which are planned after that.
    unpublish(session, mentor_id)
    session.commit()
    publish(session, mentor_id, now=now)
    return slot_id


def _lose_hold_of_another_time(
    session: Session, slot_id: int, columns: Mapping[str, object], *, now: datetime
) -> None:
    """Release the hold of a slot that is moved: its student was told about another time."""
    slot = session.get_one(MentorTimeSlot, slot_id, populate_existing=True)
    if (slot.start_time, slot.end_time) != (columns["start_time"], columns["end_time"]):
        release_holds(session, [slot_id], now=now)


def _checked_columns(
    session: Session, mentor_id: int, wanted: OneOffSlot, slot_id: int, *, now: datetime
) -> Mapping[str, object]:
    """The columns of the slot. Raises as `save_one_off_slot` does.

    1. Check the wall-clock time and turn it into instants.
    2. Check that the slot with `slot_id` can become this one.
    3. Check that the mentor has room for it: in number, and in time.
    4. Check that the mentor is no student in another session at a new time.
    """
    _check_capacity(wanted)
    calendar = read_calendar(session, mentor_id, now=now)
    zone = zone_of(calendar.timezone)
    start, end = _checked_span(wanted, zone, now=now)
    if slot_id:
        present = _one_off_slot(calendar, slot_id, now=now)
        _check_change(session, present, wanted, start, end)
    else:
        _check_number(session, mentor_id, calendar)
    _check_distance(calendar, slot_id, start, end, zone)
    if not slot_id or (present.start_time, present.end_time) != (start, end):
        _check_own_sessions(session, mentor_id, start, end, zone)
    return {"start_time": start, "end_time": end, "capacity": wanted.capacity}


def _check_capacity(wanted: OneOffSlot) -> None:
    if not 1 <= wanted.capacity <= LARGEST_GROUP:
        raise InvalidInput(
            N_(
                "The number of students must be between 1 and %(largest)s.",
                largest=LARGEST_GROUP,
            )
        )


def _checked_span(wanted: OneOffSlot, zone: tzinfo, *, now: datetime) -> tuple[datetime, datetime]:
    """The start and the end in UTC."""
    too_far = InvalidInput(
        N_("The day must be within %(farthest)s days from now.", farthest=FARTHEST_HORIZON)
    )
    if (
        not now.year - 1 <= wanted.day.year <= now.year + 2
    ):  # Stays far from the ends of Python's calendar.
        raise too_far
    wall = datetime.combine(wanted.day, wanted.opens)
    if not exists(wall, zone):
        raise InvalidInput(N_("The clocks skip %(opens)s on that day.", opens=wanted.opens))
    start = instant(wall, zone)
    if start <= now:
        raise InvalidInput(N_("This time has passed."))
    if start > now + timedelta(days=FARTHEST_HORIZON):
        raise too_far
    return start, start + timedelta(minutes=minutes_between(wanted.opens, wanted.closes))


def _one_off_slot(calendar: Calendar, slot_id: int, *, now: datetime) -> KnownSlot:
    """The mentor's one-off slot to come. Raises NotFound."""
    for slot in calendar.slots:
        if slot.id == slot_id and slot.rule_id is None and slot.start_time > now:
            return slot
    raise NotFound(N_("There is no such one-off slot."))


def _check_change(
    session: Session, present: KnownSlot, wanted: OneOffSlot, start: datetime, end: datetime
) -> None:
    """Raises InvalidInput if a booked slot would move, or a taken seat would disappear."""
    if present.is_taken and (present.start_time, present.end_time) != (start, end):
        raise InvalidInput(N_("This slot is booked: move or cancel its session instead."))
    if wanted.capacity < (seats := _seats(session, present.id)):
        raise InvalidInput(N_("Seat %(seats)s of this slot is already taken.", seats=seats))


def _check_number(session: Session, mentor_id: int, calendar: Calendar) -> None:
    most = most_slots(session, mentor_id)
    if len(calendar.slots) >= most:
        raise InvalidInput(N_("You can have at most %(most)s upcoming slots.", most=most))


def _check_distance(
    calendar: Calendar, slot_id: int, start: datetime, end: datetime, zone: tzinfo
) -> None:
    others = tuple(slot for slot in calendar.slots if slot.id != slot_id)
    close = replace(calendar, slots=others).in_the_way(start, end)
    if close is not None:
        raise InvalidInput(_in_the_way(close, start, end, zone))


def _check_own_sessions(
    session: Session, mentor_id: int, start: datetime, end: datetime, zone: tzinfo
) -> None:
    """Raises InvalidInput if the mentor is a student in a session then: nobody could book this."""
    learning = session.execute(
        select(User.name, SessionBooking.start_time, SessionBooking.end_time)
        .join(User, User.id == SessionBooking.mentor_id)
        .where(
            SessionBooking.student_id == mentor_id,
            SessionBooking.status.in_(OPEN),
            SessionBooking.start_time < end,
            SessionBooking.end_time > start,
        )
        .order_by(SessionBooking.start_time)
        .limit(1)
    ).one_or_none()
    if learning is not None:
        taken = Span(learning.start_time.astimezone(zone), learning.end_time.astimezone(zone))
        raise InvalidInput(
            N_(
                "You have a session with %(mentor)s on %(taken)s. Choose another time.",
                mentor=learning.name,
                taken=taken,
            )
        )


def _in_the_way(other: KnownSlot, start: datetime, end: datetime, zone: tzinfo) -> str:
    taken = Span(other.start_time.astimezone(zone), other.end_time.astimezone(zone))
    if other.start_time < end and start < other.end_time:
        return N_(
            "Your slot on %(taken)s overlaps this time. Choose another time.",
            taken=taken,
        )
    return N_(
        "Your slot on %(taken)s is too close to this time. "
        "Choose a time that keeps your buffers to it.",
        taken=taken,
    )


def _moves_history(session: Session, slot_id: int, columns: Mapping[str, object]) -> bool:
    """Whether the change would move cancelled sessions of the slot to another time."""
    booked = select(SessionBooking.id).where(
        SessionBooking.time_slot_id == slot_id,
        or_(
            SessionBooking.start_time != columns["start_time"],
            SessionBooking.end_time != columns["end_time"],
        ),
    )
    return session.scalars(booked.limit(1)).first() is not None


def _seats(session: Session, slot_id: int) -> int:
    """The highest seat that a booking of this slot has or had."""
    seats = select(func.max(SessionBooking.seat)).where(SessionBooking.time_slot_id == slot_id)
    return session.scalar(seats) or 0
