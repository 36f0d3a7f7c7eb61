"""The sessions behind a figure, in pages or as a stream."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, Select, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from mentorship.database import read
from mentorship.domain.reports.figures import Behind
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.models import Cause, SessionBooking, User
from mentorship.queries.reports.facts import (
    FILTERS,
    ReportSpec,
    listed_facts_of,
    minutes_owed,
)

PAGE_SIZE = 50
_MOST_AT_ONCE = 2_000

_B = SessionBooking
_Student, _Mentor = aliased(User), aliased(User)


@dataclass(frozen=True)
class ReportedSession:
    """One session with everything that reports know about it; instants in UTC.

    Minutes are None if unknown. The outcome is None for a cancelled session, and `outcome` also
    while it is open or disputed.
    """

    session_id: int
    mentor_email: str
    student_email: str
    mentor: str
    student: str
    start: datetime
    end: datetime
    topic: str
    status: Status
    is_delayed: bool
    was_delayed: bool
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_by: Cause | None
    outcome_state: OutcomeState | None
    outcome: OutcomeWord | None
    minutes_booked: int
    minutes_delivered: int | None
    minutes_owed: int | None
    rating: int | None


@dataclass(frozen=True)
class SessionsPage:
    """One page of the sessions behind a figure, the latest first; pages count from 1."""

    sessions: tuple[ReportedSession, ...]
    total: int
    page: int
    pages: int


def sessions_page(session: Session, spec: ReportSpec, behind: Behind, *, page: int) -> SessionsPage:
    """The requested page of the sessions behind a figure, or else the last one."""
    found = listed_facts_of(spec).subquery()
    counted = select(func.count()).select_from(found).where(FILTERS[behind](found.c))
    total = read(session, counted)[0][0]
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(page, pages)
    statement, key = _sessions(spec, behind)
    rows = read(
        session,
        statement.order_by(*(each.desc() for each in key))
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE),
    )
    return SessionsPage(tuple(map(_reported, rows)), total, page, pages)


def all_sessions(
    source: Session | Engine, spec: ReportSpec, behind: Behind
) -> Iterator[ReportedSession]:
    """All sessions behind a figure, by start.

    They are read in parts, each in a transaction of its own, so that a slow reader holds no
    connection. With an engine as `source`, reading can go on after the end of a request.
    """
    statement, key = _sessions(spec, behind)
    statement = statement.order_by(*key).limit(_MOST_AT_ONCE)
    rows: Sequence[Any] = read(source, statement)
    while rows:
        yield from map(_reported, rows)
        last = rows[-1]
        rows = read(source, statement.where(tuple_(*key) > (last.start_time, last.id)))


def _sessions(spec: ReportSpec, behind: Behind) -> tuple[Select[*tuple[Any, ...]], tuple[Any, Any]]:
    """The sessions behind a figure with the names of people, and the columns to order them by."""
    found = listed_facts_of(
        spec,
        _B.id,
        _B.mentor_id,
        _B.student_id,
        _B.start_time,
        _B.end_time,
        _B.topic,
        _B.is_delayed,
        _B.started_at,
        _B.completed_at,
    ).subquery()
    facts = found.c
    statement = (
        select(
            *facts,
            minutes_owed(facts).label("minutes_owed"),
            _Mentor.name.label("mentor"),
            _Mentor.email.label("mentor_email"),
            _Student.name.label("student"),
            _Student.email.label("student_email"),
        )
        .join(_Mentor, _Mentor.id == facts.mentor_id)
        .join(_Student, _Student.id == facts.student_id)
        .where(FILTERS[behind](facts))
    )
    return statement, (facts.start_time, facts.id)


def _reported(row: Row[*tuple[Any, ...]]) -> ReportedSession:
    return ReportedSession(
        session_id=row.id,
        mentor_email=row.mentor_email,
        student_email=row.student_email,
        mentor=row.mentor,
        student=row.student,
        start=row.start_time,
        end=row.end_time,
        topic=row.topic,
        status=row.status,
        is_delayed=row.is_delayed,
        was_delayed=row.was_delayed,
        started_at=row.started_at,
        completed_at=row.completed_at,
        cancelled_by=row.cancelled_by,
        outcome_state=OutcomeState(row.state) if row.state else None,
        outcome=OutcomeWord(row.word) if row.word else None,
        minutes_booked=row.minutes_booked,
        minutes_delivered=row.minutes_delivered,
        minutes_owed=row.minutes_owed,
        rating=row.rating,
    )
