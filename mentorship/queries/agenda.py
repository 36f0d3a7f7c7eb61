"""The sessions of some days, as a calendar shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.lifecycle import Status
from mentorship.domain.people import Role, Viewer
from mentorship.models import SessionBooking, User
from mentorship.queries.scope import visible_to

MOST = 200
"""More sessions than this are not shown on one page; only an admin has so many."""

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
class Agenda:
    """Sessions by their start; `is_cut` says that there are more than these."""

    entries: tuple[Entry, ...]
    is_cut: bool


def agenda(session: Session, viewer: Viewer, *, since: datetime, until: datetime) -> Agenda:
    """The viewer's sessions with a part in `[since, until)` (UTC) that were not cancelled."""
    rows = session.execute(
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
        .order_by(SessionBooking.start_time, SessionBooking.id)
        .limit(MOST + 1),
        {"viewer": viewer.id},
    ).all()  # fmt: skip
    entries = tuple(
        Entry(
            row.id, row.topic, _who(viewer.role, row.student, row.mentor), row.status,
            row.is_delayed, row.start_time, row.end_time,
        )
        for row in rows[:MOST]
    )  # fmt: skip
    return Agenda(entries, is_cut=len(rows) > MOST)


def _who(role: Role, student: str, mentor: str) -> str:
    both: Mapping[Role, str] = {
        Role.STUDENT: mentor, Role.MENTOR: student, Role.ADMIN: f"{mentor}, {student}"
    }  # fmt: skip
    return both[role]
