"""The sessions of some days, for the week and the day page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.groups import (
    GroupSeat,
    common_topic,
    parts_of_meetings,
    seats_of_meetings,
)

MOST_OF_A_DAY = 30
"""The most sessions of one day that a week shows; the page of the day shows them all."""

PAGE_SIZE = 100
"""Sessions of a day on one page."""

_LONGEST = timedelta(days=1)
"""No session is longer, so queries need not look further back than this."""

_Student, _Mentor = aliased(User), aliased(User)


@dataclass(frozen=True)
class Entry:
    """One session of a week or a day; instants in UTC.

    `who` is everybody but the viewer. For its mentor and for admins a group is one entry.
    """

    id: int
    topic: str
    who: str
    status: Status
    is_delayed: bool
    is_begun: bool
    start_time: datetime
    end_time: datetime
    is_group: bool = False


@dataclass(frozen=True)
class WeekView:
    """One page of the sessions of a day, ordered by start; pages count from 1."""

    entries: tuple[Entry, ...]
    total: int
    page: int = 1

    @property
    def pages(self) -> int:
        """How many pages the day has."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def left_out(self) -> int:
        """How many sessions of the day are not among the entries."""
        return self.total - len(self.entries)

    @property
    def following(self) -> int:
        """How many sessions come after this page."""
        return max(0, self.total - self.page * PAGE_SIZE)


def week_view(
    session: Session,
    viewer: Viewer,
    days: Mapping[date, datetime],
    until: datetime,
    *,
    scope: Scope,
) -> dict[date, WeekView]:
    """The sessions in the scope by day, without cancelled ones.

    `days` are consecutive, each with its first instant, and the last one ends at `until` (UTC). A
    session is on the day of its start, or on the first if it began before. Each day has its own
    limit.
    """
    ordered = sorted(days, key=lambda day: days[day])
    day_of_row = _day_of_row([days[day] for day in ordered])
    numbered = (
        _sessions(scope, days[ordered[0]], until)
        .add_columns(
            day_of_row.label("day"),
            func.row_number().over(partition_by=day_of_row, order_by=_ORDER).label("number"),
            func.count().over(partition_by=day_of_row).label("total"),
        )
        .subquery()
    )
    statement = (
        select(numbered)
        .where(numbered.c.number <= MOST_OF_A_DAY)
        .order_by(numbered.c.day, numbered.c.number)
    )
    entries: dict[date, list[Entry]] = {day: [] for day in ordered}
    totals = dict.fromkeys(ordered, 0)
    rows = session.execute(statement, {"viewer": viewer.id}).all()
    seats = seats_of_meetings(session, viewer.id, rows)
    for row in rows:
        day = ordered[row.day]
        entries[day].append(_entry(viewer, row, seats.get(row.id, ())))
        totals[day] = row.total
    return {day: WeekView(tuple(entries[day]), totals[day]) for day in ordered}


def _day_of_row(starts: Sequence[datetime]) -> ColumnElement[int]:
    """The number of the day on which a session starts, the first being 0."""
    begins_before = (
        (SessionBooking.start_time < start, number) for number, start in enumerate(starts[1:])
    )
    return case(*begins_before, else_=len(starts) - 1)


def day_view(
    session: Session,
    viewer: Viewer,
    *,
    scope: Scope,
    since: datetime,
    until: datetime,
    page: int,
) -> WeekView:
    """A page of the sessions in the scope that overlap `[since, until)` (UTC), or the last page.

    Cancelled sessions are left out.
    """
    sessions, asked = _sessions(scope, since, until), {"viewer": viewer.id}
    total = session.execute(select(func.count()).select_from(sessions.subquery()), asked).scalar()
    page = min(page, max(1, -(-(total or 0) // PAGE_SIZE)))
    shown = sessions.order_by(*_ORDER).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    rows = session.execute(shown, asked).all()
    seats = seats_of_meetings(session, viewer.id, rows)
    entries = tuple(_entry(viewer, row, seats.get(row.id, ())) for row in rows)
    return WeekView(entries, total or 0, page)


_ORDER = (SessionBooking.start_time, SessionBooking.id)


def _sessions(scope: Scope, since: datetime, until: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            SessionBooking.id,
            SessionBooking.topic,
            SessionBooking.status,
            SessionBooking.is_delayed,
            SessionBooking.started_at.is_not(None).label("is_begun"),
            SessionBooking.start_time,
            SessionBooking.end_time,
            SessionBooking.started_at,
            SessionBooking.cancelled_at,
            SessionBooking.time_slot_id,
            SessionBooking.slot_capacity,
            SessionBooking.student_id,
            SessionBooking.mentor_id,
            _Student.name.label("student"),
            _Mentor.name.label("mentor"),
        )
        .join(_Student, _Student.id == SessionBooking.student_id)
        .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
        .where(
            or_(*parts_of_meetings(scope)),
            SessionBooking.start_time >= since - _LONGEST,
            SessionBooking.start_time < until,
            SessionBooking.end_time > since,
            SessionBooking.status != Status.CANCELLED,
        )
    )


def _entry(viewer: Viewer, row: Row[*tuple[Any, ...]], seats: tuple[GroupSeat, ...]) -> Entry:
    return Entry(
        row.id,
        common_topic(row.topic, seats),
        _who(viewer, row, seats),
        row.status,
        row.is_delayed,
        bool(row.is_begun),
        row.start_time,
        row.end_time,
        is_group=len(seats) > 1,
    )


def _who(viewer: Viewer, row: Row[*tuple[Any, ...]], seats: tuple[GroupSeat, ...]) -> str:
    party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
    students = ", ".join(each.student for each in seats) or str(row.student)
    if party is Party.MENTOR:
        return students
    return str(row.mentor) if party is Party.STUDENT else f"{row.mentor}, {students}"
