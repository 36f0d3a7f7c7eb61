"""Which times of a mentor a student can book, and why the others cannot be booked.

`_in_the_way` is the only place that says when a slot is free. The list of free times and the
sentence for a refusal are both read from it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from mentorship.database import UtcDateTime, read
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import zone_of
from mentorship.models import MentorProfile, MentorTimeSlot, SessionBooking, User

_ANY_TIME = timedelta(days=400)
"""Further ahead than any mentor accepts bookings."""


@dataclass(frozen=True)
class FreeSlot:
    """A time that can be booked now. Instants in UTC."""

    id: int
    start_time: datetime
    end_time: datetime
    seats_left: int


@dataclass(frozen=True)
class Limits:
    """What a mentor's profile says about bookings; days are those of the mentor's `timezone`."""

    mentor_id: int
    timezone: str
    minimum_notice: timedelta
    horizon: timedelta
    daily_limit: int | None

    def day(self, instant: datetime) -> date:
        """The day on which the mentor's calendar has this instant."""
        return instant.astimezone(zone_of(self.timezone)).date()


class Obstacle(StrEnum):
    """Why a time cannot be booked; the first reason that applies is shown. Values are sentences."""

    OWN = N_("This is one of your own times. You cannot book a session with yourself.")
    WITHDRAWN = N_("This time is no longer offered.")
    PAST = N_("This time has passed.")
    TOO_SOON = N_("This time is too soon: the mentor needs longer notice.")
    TOO_FAR = N_("This time is further ahead than the mentor accepts bookings.")
    BUSY = N_("The student has another session at that time.")
    MENTOR_BUSY = N_("The mentor has another session at that time.")
    FULL = N_("This time has just been taken by somebody else.")
    HELD = N_("This time is being held for somebody on the waiting list.")
    DAY_FULL = N_("The mentor accepts no more sessions on that day.")
    SMALL = N_("This time does not have room for the whole group.")
    SHARED = N_("Other students have booked this time. A group moves to a time that nobody has.")
    AT_LIMIT = N_("The student has already booked as many sessions as allowed.")


AT_ONCE = 20
"""The most mentors whose next times one statement can read."""

_NOBODY = 0
_A_LONG_DAY = timedelta(hours=26)
"""The longest day of any zone, including days on which the clocks change."""

_SLOT, _BOOKING = MentorTimeSlot, SessionBooking
_STUDENT: BindParameter[int] = bindparam("student_id")
_MOVING: BindParameter[int] = bindparam("moving")
_NOW, _SINCE, _UNTIL = (bindparam(name, type_=UtcDateTime) for name in ("now", "since", "until"))

# With literals, because a planner uses a partial index only where its own words are repeated.
_IS_LIVE: ColumnElement[bool] = literal_column("session_bookings.status <> 'CANCELLED'")
_IS_OPEN: ColumnElement[bool] = literal_column(
    "session_bookings.status IN ('SCHEDULED', 'ONGOING')"
)

_TAKEN = (
    select(func.count())
    .select_from(_BOOKING)
    .where(_BOOKING.time_slot_id == _SLOT.id, _IS_LIVE)
    .correlate(_SLOT)
    .scalar_subquery()
)


def _session_at_that_time(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether an open session of this kind, other than the one being moved, overlaps the slot."""
    return exists().where(
        condition,
        _IS_OPEN,
        _BOOKING.id != _MOVING,
        _BOOKING.start_time < _SLOT.end_time,
        _BOOKING.end_time > _SLOT.start_time,
    )


def _in_the_way(
    earliest: BindParameter[datetime], latest: BindParameter[datetime]
) -> Mapping[Obstacle, SQLColumnExpression[bool]]:
    """The obstacles to booking a slot whose mentor accepts starts from `earliest` to `latest`."""
    return {
        Obstacle.OWN: _SLOT.mentor_id == _STUDENT,
        Obstacle.WITHDRAWN: _SLOT.is_withdrawn,
        Obstacle.PAST: _SLOT.start_time <= _NOW,
        Obstacle.TOO_SOON: _SLOT.start_time < earliest,
        Obstacle.TOO_FAR: _SLOT.start_time > latest,
        Obstacle.BUSY: or_(
            _session_at_that_time(_BOOKING.student_id == _STUDENT),
            _session_at_that_time(_BOOKING.mentor_id == _STUDENT),
        ),
        # The mentor's own sessions at that time are in this slot, or were imported.
        Obstacle.MENTOR_BUSY: _session_at_that_time(_BOOKING.student_id == _SLOT.mentor_id),
        Obstacle.FULL: _SLOT.capacity <= _TAKEN,
        Obstacle.HELD: and_(
            _SLOT.held_for.is_not(None), _SLOT.held_until > _NOW, _SLOT.held_for != _STUDENT
        ),
    }


def _instant(name: str) -> BindParameter[datetime]:
    return bindparam(name, type_=UtcDateTime)


_IN_THE_WAY = _in_the_way(_instant("earliest"), _instant("latest"))

_FREE = (
    select(_SLOT.id, _SLOT.start_time, _SLOT.end_time, _SLOT.capacity - _TAKEN)
    .where(
        _SLOT.mentor_id == bindparam("mentor_id"),
        _SLOT.start_time >= _SINCE,
        _SLOT.start_time < _UNTIL,
        *(~condition for condition in _IN_THE_WAY.values()),
    )
    .order_by(_SLOT.start_time, _SLOT.id)
)


def _next_of(number: int) -> Select[*tuple[Any, ...]]:
    """The first times of one mentor, in a subquery because SQLite needs one for the limit."""
    in_the_way = _in_the_way(_instant(f"earliest_{number}"), _instant(f"latest_{number}"))
    first = (
        select(
            _SLOT.mentor_id,
            _SLOT.id,
            _SLOT.start_time,
            _SLOT.end_time,
            (_SLOT.capacity - _TAKEN).label("seats_left"),
        )
        .where(
            _SLOT.mentor_id == bindparam(f"mentor_{number}"),
            *(~condition for condition in in_the_way.values()),
        )
        .order_by(_SLOT.start_time, _SLOT.id)
        .limit(bindparam("each"))
    )
    return select(first.subquery())


_NEXT_OF_EACH = union_all(*(_next_of(number) for number in range(AT_ONCE)))

_ONE: Select[*tuple[Any, ...]] = select(
    _SLOT.start_time, *(condition.label(each.name) for each, condition in _IN_THE_WAY.items())
).where(_SLOT.id == bindparam("slot_id"))

LIMIT_COLUMNS = (
    MentorProfile.mentor_id,
    User.timezone,
    MentorProfile.minimum_notice,
    MentorProfile.horizon_days,
    MentorProfile.daily_limit,
)
"""The columns that `limits_from` needs."""

_LIMITS = (
    select(*LIMIT_COLUMNS)
    .join(MentorProfile, MentorProfile.mentor_id == User.id)
    .where(User.id == bindparam("mentor_id"), User.is_mentor, ~User.is_approval_pending)
)

_TAKEN_SLOTS = (
    select(_BOOKING.time_slot_id, _BOOKING.start_time)
    .where(
        _BOOKING.mentor_id == bindparam("mentor_id"),
        _IS_LIVE,
        _BOOKING.id != _MOVING,
        _BOOKING.start_time >= _SINCE,
        _BOOKING.start_time < _UNTIL,
    )
    .distinct()
)


def limits_of(session: Session, mentor_id: int) -> Limits | None:
    """The limits of the mentor's profile; None if students cannot find the mentor."""
    row = session.execute(_LIMITS, {"mentor_id": mentor_id}).one_or_none()
    return None if row is None else limits_from(row)


def limits_from(row: Any) -> Limits:
    """The limits in a row that has LIMIT_COLUMNS."""
    return Limits(
        mentor_id=row.mentor_id,
        timezone=row.timezone,
        minimum_notice=timedelta(minutes=row.minimum_notice),
        horizon=timedelta(days=row.horizon_days),
        daily_limit=row.daily_limit,
    )


def free_slots(
    session: Session,
    *,
    mentor_id: int,
    student_id: int | None,
    since: datetime,
    until: datetime | None = None,
    now: datetime,
    limit: int | None = None,
    moving: int | None = None,
    leaving: int | None = None,
) -> list[FreeSlot]:
    """The mentor's slots with `since <= start < until` that this student can book at `now`.

    Ordered by start; all instants in UTC. Without `until` there is no upper bound, and without
    `student_id` these are the slots that anybody could book. `moving` is the booking that would
    move to one of them, `leaving` the slot of a group that would move as one.
    """
    limits = limits_of(session, mentor_id)
    if limits is None:
        return []
    since = max(since, now + limits.minimum_notice)
    asked = _parameters(limits, student_id=student_id, now=now, moving=moving)
    asked |= {"since": since, "until": until or now + _ANY_TIME}
    if limits.daily_limit is None:
        return [FreeSlot(*row) for row in session.execute(_FREE.limit(limit), asked)]
    found = [FreeSlot(*row) for row in session.execute(_FREE, asked)]
    starts = [slot.start_time for slot in found]
    taken = _taken_by_day(session, limits, starts, moving=moving, leaving=leaving)
    return list(
        islice(
            (slot for slot in found if not _is_day_full(limits, taken, slot.id, slot.start_time)),
            limit,
        )
    )


def next_free_slots(
    session: Session,
    mentors: Sequence[Limits],
    *,
    student_id: int | None,
    each: int,
    now: datetime,
) -> Mapping[int, list[FreeSlot]]:
    """The next times of up to AT_ONCE mentors that this student can book at `now`, by mentor.

    At most `each` of one mentor, in one statement; a mentor with a daily limit needs another one.
    """
    asked: dict[str, object] = {"student_id": student_id or _NOBODY, "moving": _NOBODY}
    asked |= {"now": now, "each": each}
    for number in range(AT_ONCE):
        limits = mentors[number] if number < len(mentors) else None
        asked[f"mentor_{number}"] = limits.mentor_id if limits else _NOBODY
        asked[f"earliest_{number}"] = now + (limits.minimum_notice if limits else timedelta(0))
        asked[f"latest_{number}"] = now + (limits.horizon if limits else timedelta(0))
    found: dict[int, list[FreeSlot]] = defaultdict(list)
    for mentor_id, *slot in read(session, _NEXT_OF_EACH, **asked):
        found[mentor_id].append(FreeSlot(*slot))
    for limits in mentors:
        if limits.daily_limit is not None:
            found[limits.mentor_id] = free_slots(
                session,
                mentor_id=limits.mentor_id,
                student_id=student_id,
                since=now,
                until=now + limits.horizon + _A_LONG_DAY,
                now=now,
                limit=each,
            )
        found[limits.mentor_id].sort(key=lambda slot: (slot.start_time, slot.id))
    return found


def obstacle_to(
    session: Session,
    *,
    slot_id: int,
    mentor_id: int,
    student_id: int,
    now: datetime,
    moving: int | None = None,
    leaving: int | None = None,
) -> Obstacle | None:
    """The obstacle that keeps this student from booking the slot at `now` (UTC), or None.

    `moving` and `leaving` are as in `free_slots`. Raises NotFound if students cannot find the
    mentor, who may already have slots: for students these do not exist.
    """
    limits = limits_of(session, mentor_id)
    if limits is None:
        raise NotFound(N_("There is no such time."))
    asked = _parameters(limits, student_id=student_id, now=now, moving=moving)
    row = session.execute(_ONE, asked | {"slot_id": slot_id}).mappings().one()
    for obstacle in _IN_THE_WAY:
        if row[obstacle.name]:
            return obstacle
    start: datetime = row["start_time"]
    taken = _taken_by_day(session, limits, [start], moving=moving, leaving=leaving)
    return Obstacle.DAY_FULL if _is_day_full(limits, taken, slot_id, start) else None


def _parameters(
    limits: Limits, *, student_id: int | None, now: datetime, moving: int | None
) -> dict[str, object]:
    return {
        "mentor_id": limits.mentor_id,
        "student_id": student_id or _NOBODY,
        "moving": moving or _NOBODY,
        "now": now,
        "earliest": now + limits.minimum_notice,
        "latest": now + limits.horizon,
    }


def _taken_by_day(
    session: Session,
    limits: Limits,
    starts: Iterable[datetime],
    *,
    moving: int | None,
    leaving: int | None,
) -> Mapping[date, set[int]]:
    """The mentor's slots with a live booking, by day, on the days of these instants."""
    instants = list(starts)
    taken: dict[date, set[int]] = defaultdict(set)
    if limits.daily_limit is None or not instants:
        return taken
    asked = {
        "mentor_id": limits.mentor_id,
        "moving": moving or _NOBODY,
        "since": min(instants) - _A_LONG_DAY,
        "until": max(instants) + _A_LONG_DAY,
    }
    for slot_id, start in session.execute(_TAKEN_SLOTS, asked):
        if slot_id != leaving:
            taken[limits.day(start)].add(slot_id)
    return taken


def _is_day_full(
    limits: Limits, taken: Mapping[date, set[int]], slot_id: int, start: datetime
) -> bool:
    """Whether another session on that day would be one too many; a group's slot counts once."""
    if limits.daily_limit is None:
        return False
    return len(taken.get(limits.day(start), set()) - {slot_id}) >= limits.daily_limit
