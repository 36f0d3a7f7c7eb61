"""The sessions of some days, as a calendar shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Row, Select, case, func, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.visibility import visible_to

MOST_OF_A_DAY = 30
"""More sessions of one day are not shown in a week; its day shows them all."""

PAGE_SIZE = 100
"""Sessions of a day on one page."""

_LONGEST = timedelta(days=1)
"""What began longer before the span is not looked for in it."""

_Student, _Mentor = aliased(User), aliased(User)


@dataclass(frozen=True)
class Entry:
    """One session in a calendar. Instants in UTC; `who` is everybody but the viewer."""

    id: int
    topic: str
    who: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True)
class WeekView:
    """Sessions of one day by their start, of `total` that there are; pages count from 1."""

    entries: tuple[Entry, ...]
    total: int
    page: int = 1

    @property
    def pages(self) -> int:
        """How many pages the day has."""
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def left_out(self) -> int:
        """How many of the day are not among the entries."""
        return self.total - len(self.entries)

    @property
    def following(self) -> int:
        """How many come after this page."""
        return max(0, self.total - self.page * PAGE_SIZE)


def week_view(session: Session, viewer: Viewer, starts: Sequence[datetime]) -> list[WeekView]:
    """The viewer's sessions of each day, those that were cancelled left out.

    `starts` are the first instants (UTC) of the days, and of the day after the last. A session
    stands on the day of its start, or on the first if it began before. Each day is cut by itself.
    """
    since, until = starts[0], starts[-1]
    later = zip(starts[1:-1], count(), strict=False)
    day = case(*((SessionBooking.start_time < start, n) for start, n in later), else_=_last(starts))
    numbered = _sessions(viewer, since, until).add_columns(
        day.label("day"),
        func.row_number().over(partition_by=day, order_by=_ORDER).label("number"),
        func.count().over(partition_by=day).label("total"),
    )
    within = numbered.subquery()
    statement = select(within).where(within.c.number <= MOST_OF_A_DAY)
    rows = session.execute(statement.order_by(within.c.day, within.c.number), {"viewer": viewer.id})
    days: list[list[Entry]] = [[] for _ in starts[1:]]
    totals = [0] * len(days)
    for row in rows:
        days[row.day].append(_entry(viewer.role, row))
        totals[row.day] = row.total
    return [WeekView(tuple(entries), total) for entries, total in zip(days, totals, strict=True)]


def day_view(
    session: Session, viewer: Viewer, *, since: datetime, until: datetime, page: int
) -> WeekView:
    """One page of the viewer's sessions with a part in `[since, until)` (UTC), or the last page.

    Those that were cancelled are left out.
    """
    sessions, asked = _sessions(viewer, since, until), {"viewer": viewer.id}
    total = session.execute(select(func.count()).select_from(sessions.subquery()), asked).scalar()
    page = min(page, max(1, -(-(total or 0) // PAGE_SIZE)))
    shown = sessions.order_by(*_ORDER).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE)
    entries = tuple(_entry(viewer.role, row) for row in session.execute(shown, asked))
    return WeekView(entries, total or 0, page)


_ORDER = (SessionBooking.start_time, SessionBooking.id)


def _last(starts: Sequence[datetime]) -> int:
    """The number of the last day, the first being 0."""
    return len(starts) - 2


def _sessions(viewer: Viewer, since: datetime, until: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            SessionBooking.id, SessionBooking.topic, SessionBooking.status,
            SessionBooking.is_delayed, SessionBooking.start_time, SessionBooking.end_time,
            _Student.name.label("student"), _Mentor.name.label("mentor"),
        )
        .join(_Student, _Student.id == SessionBooking.student_id)
        .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
        .where(
            visible_to(viewer.role),
            SessionBooking.start_time >= since - _LONGEST,
            SessionBooking.start_time < until,
            SessionBooking.end_time > since,
            SessionBooking.status != Status.CANCELLED,
        )
    )  # fmt: skip


def _entry(role: Role, row: Row[*tuple[Any, ...]]) -> Entry:
    return Entry(
        row.id, row.topic, _who(role, row.student, row.mentor), row.status, row.is_delayed,
        row.start_time, row.end_time,
    )  # fmt: skip


def _who(role: Role, student: str, mentor: str) -> str:
    both: Mapping[Role, str] = {
        Role.STUDENT: mentor, Role.MENTOR: student, Role.ADMIN: f"{mentor}, {student}"
    }  # fmt: skip
    return both[role]
