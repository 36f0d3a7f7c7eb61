"""Reading a mentor's calendar, as columns: a session would return objects that are stale."""

from datetime import datetime, timedelta

from sqlalchemy import String, exists, literal_column, select, type_coerce
from sqlalchemy.orm import Session

from mentorship.domain.availability.slot_plan import Calendar, DaysOff, KnownSlot, SlotSettings
from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.models import (
    AvailabilityRule,
    DayOff,
    MentorProfile,
    MentorTimeSlot,
    SessionBooking,
    User,
    WaitingListEntry,
)

_DAY = timedelta(days=1)
"""More than the longest gap between two slots."""

_IS_TAKEN = (
    # With a literal, because a planner uses a partial index only if its predicate is repeated.
    exists()
    .where(
        SessionBooking.time_slot_id == MentorTimeSlot.id,
        literal_column("session_bookings.status <> 'CANCELLED'"),
    )
    .correlate(MentorTimeSlot)
)


IS_HELD_IN_LINE = (
    exists()
    .where(WaitingListEntry.held_slot_id == MentorTimeSlot.id, ~WaitingListEntry.is_over)
    .correlate(MentorTimeSlot)
)
"""Whether a slot is held for a student on a waiting list, not for one who booked it."""


def read_settings(session: Session, mentor_id: int) -> SlotSettings:
    """The mentor's limits, or the default ones."""
    row = session.execute(
        select(
            MentorProfile.buffer_before,
            MentorProfile.buffer_after,
            MentorProfile.minimum_notice,
            MentorProfile.horizon_days,
            MentorProfile.daily_limit,
        ).where(MentorProfile.mentor_id == mentor_id)
    ).one_or_none()
    return SlotSettings() if row is None else SlotSettings(*row)


def read_rules(session: Session, mentor_id: int) -> tuple[WeeklyRule, ...]:
    """The mentor's weekly rules, the oldest first."""
    rows = session.execute(
        select(
            AvailabilityRule.id,
            AvailabilityRule.timezone,
            AvailabilityRule.rrule,
            AvailabilityRule.first_day,
            AvailabilityRule.opens,
            AvailabilityRule.minutes,
            AvailabilityRule.slot_minutes,
            AvailabilityRule.capacity,
        )
        .where(AvailabilityRule.mentor_id == mentor_id)
        .order_by(AvailabilityRule.id)
    )
    return tuple(WeeklyRule(*row) for row in rows)


def read_days_off(session: Session, mentor_id: int, *, now: datetime) -> tuple[DaysOff, ...]:
    """The mentor's days off that are not over, earliest first."""
    rows = session.execute(
        select(DayOff.id, DayOff.first_day, DayOff.last_day, DayOff.note)
        # Yesterday is still today where the mentor's zone is behind.
        .where(DayOff.mentor_id == mentor_id, DayOff.last_day >= now.date() - timedelta(days=1))
        .order_by(DayOff.first_day, DayOff.id)
    )
    return tuple(DaysOff(*row) for row in rows)


def read_calendar(session: Session, mentor_id: int, *, now: datetime) -> Calendar:
    """The mentor's calendar at `now` (UTC), with the slots that new ones must keep a gap to."""
    settings = read_settings(session, mentor_id)
    return Calendar(
        timezone=session.scalars(select(User.timezone).where(User.id == mentor_id)).one(),
        settings=settings,
        rules=read_rules(session, mentor_id),
        days_off=read_days_off(session, mentor_id, now=now),
        slots=_slots(session, mentor_id, since=now - timedelta(minutes=settings.gap)),
    )


def calendar_state(session: Session, mentor_id: int, *, now: datetime) -> tuple[object, ...]:
    """A value that changes whenever the calendar or its bookings change; much quicker to read.

    Instants stay as the database returns them, because converting thousands takes longest.
    """
    own = MentorTimeSlot.mentor_id == mentor_id
    slots = session.execute(
        select(
            MentorTimeSlot.id,
            type_coerce(MentorTimeSlot.start_time, String),
            type_coerce(MentorTimeSlot.end_time, String),
            MentorTimeSlot.rule_id,
            MentorTimeSlot.capacity,
            type_coerce(MentorTimeSlot.held_until, String),
        )
        .where(own, ~MentorTimeSlot.is_withdrawn, MentorTimeSlot.end_time > now - _DAY)
        .order_by(MentorTimeSlot.id)
    )
    bookings = session.execute(
        select(SessionBooking.id, SessionBooking.revision)
        .where(SessionBooking.mentor_id == mentor_id, SessionBooking.end_time > now - _DAY)
        .order_by(SessionBooking.id)
    )
    held_in_line = session.execute(
        select(WaitingListEntry.id, WaitingListEntry.held_slot_id)
        .where(WaitingListEntry.mentor_id == mentor_id, WaitingListEntry.held_slot_id.is_not(None))
        .order_by(WaitingListEntry.id)
    )
    return (
        session.scalars(select(User.timezone).where(User.id == mentor_id)).one(),
        read_settings(session, mentor_id),
        read_rules(session, mentor_id),
        read_days_off(session, mentor_id, now=now),
        *(tuple(map(tuple, rows)) for rows in (slots, bookings, held_in_line)),
    )


def _slots(session: Session, mentor_id: int, *, since: datetime) -> tuple[KnownSlot, ...]:
    rows = session.execute(
        select(
            MentorTimeSlot.id,
            MentorTimeSlot.start_time,
            MentorTimeSlot.end_time,
            MentorTimeSlot.rule_id,
            MentorTimeSlot.capacity,
            MentorTimeSlot.held_until,
            _IS_TAKEN.label("is_taken"),
            IS_HELD_IN_LINE.label("is_held_in_line"),
        )
        .where(
            MentorTimeSlot.mentor_id == mentor_id,
            ~MentorTimeSlot.is_withdrawn,
            MentorTimeSlot.end_time > since,
        )
        .order_by(MentorTimeSlot.start_time, MentorTimeSlot.id)
    )
    return tuple(
        KnownSlot(
            id=row.id,
            start_time=row.start_time,
            end_time=row.end_time,
            rule_id=row.rule_id,
            capacity=row.capacity,
            is_taken=row.is_taken,
            is_kept=row.held_until is not None
            and row.held_until >= row.start_time
            and not row.is_held_in_line,
        )
        for row in rows
    )
