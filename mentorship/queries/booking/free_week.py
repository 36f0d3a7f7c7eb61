"""A week of a mentor's free times, in a student's wall calendar."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy.orm import Session

from mentorship.domain.shared.calendar_weeks import Week, local_day
from mentorship.queries.booking.directory import is_anything_offered
from mentorship.queries.booking.free_slots import FreeSlot, Limits, free_slots

_HALF = timedelta(days=3, hours=12)


@dataclass(frozen=True)
class FreeWeek:
    """The days of `week` with their free times, in the viewer's zone.

    `next_free` is the day of the first free time after an empty week. `full_week` is the Monday, in
    the mentor's zone, of a week in which every time is taken, so that students can join its waiting
    list.
    """

    week: Week
    days: tuple[tuple[date, tuple[FreeSlot, ...]], ...]
    has_previous: bool
    has_next: bool
    next_free: date | None
    full_week: date | None

    @property
    def is_empty(self) -> bool:
        """Whether no time of this week can be booked."""
        return not any(slots for _day, slots in self.days)


def free_week(
    session: Session, limits: Limits, week: Week, *, student_id: int | None, now: datetime
) -> FreeWeek:
    """What a student (None: anybody) can book with this mentor in `week` at `now` (UTC)."""
    latest = now + limits.horizon
    slots = free_slots(
        session,
        mentor_id=limits.mentor_id,
        student_id=student_id,
        since=week.start,
        until=week.end,
        now=now,
    )
    by_day = {
        day: tuple(of_day)
        for day, of_day in groupby(slots, lambda slot: local_day(slot.start_time, week.timezone))
    }
    next_free = full_week = None
    if not slots:
        next_free = _next_free(session, limits, week, student_id, now)
        full_week = _full_week(session, limits, week, student_id, now)
    return FreeWeek(
        week=week,
        days=tuple((day, by_day.get(day, ())) for day in week.days),
        has_previous=week.start > now,
        has_next=week.end <= latest,
        next_free=next_free,
        full_week=full_week,
    )


def _next_free(
    session: Session, limits: Limits, week: Week, student_id: int | None, now: datetime
) -> date | None:
    """The day of the first free time after an empty week, in the viewer's zone."""
    later = free_slots(
        session,
        mentor_id=limits.mentor_id,
        student_id=student_id,
        since=max(now, week.end),
        until=max(now + limits.horizon, week.end),
        now=now,
        limit=1,
    )
    return local_day(later[0].start_time, week.timezone) if later else None


def _full_week(
    session: Session, limits: Limits, week: Week, student_id: int | None, now: datetime
) -> date | None:
    """The Monday of the mentor's week behind an empty week, if all its times are taken."""
    if week.end <= now or not is_anything_offered(
        session, limits, since=week.start, until=week.end, now=now
    ):
        return None
    # The mentor's week that shares most days with the viewer's. A time that only this student
    # cannot book, because of another session, does not count as taken.
    mentors = Week.at(week.start + _HALF, limits.timezone)
    is_free = any(
        free_slots(
            session,
            mentor_id=limits.mentor_id,
            student_id=who,
            since=mentors.start,
            until=mentors.end,
            now=now,
            limit=1,
        )
        for who in {student_id, None}
    )
    return None if is_free else mentors.monday
