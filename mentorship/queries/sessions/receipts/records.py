"""Sessions as the API and receipts show them: who, when, and in which state."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.minutes import minutes_booked, minutes_delivered, minutes_owed
from mentorship.domain.sessions.outcomes import Outcome, Statements, outcome_of
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.outcomes import statements_of

_Student, _Mentor, _Decider = aliased(User), aliased(User), aliased(User)


@dataclass(frozen=True)
class Person:
    """Somebody by id and name."""

    id: int
    name: str


@dataclass(frozen=True)
class KnownOutcome:
    """The outcome of a session; `decided_by` is the name of the admin who decided."""

    outcome: Outcome
    statements: Statements
    decided_by: str | None


@dataclass(frozen=True)
class Minutes:
    """Whole minutes as `domain.sessions.minutes` counts them; None if unknown."""

    booked: int
    delivered: int | None
    owed: int | None


@dataclass(frozen=True)
class SessionRecord:
    """A session. Instants in UTC.

    `students` is the student of the booking; for the mentor and admins, everybody with a live
    booking of the same slot.
    """

    session_id: int
    party: Party
    status: Status
    is_delayed: bool
    topic: str
    mentor: Person
    students: tuple[Person, ...]
    start_time: datetime
    end_time: datetime
    started_at: datetime | None
    completed_at: datetime | None
    minutes: Minutes
    known: KnownOutcome


RECORDS: Select[*tuple[Any, ...]] = (
    select(
        SessionBooking.id,
        SessionBooking.status,
        SessionBooking.is_delayed,
        SessionBooking.topic,
        SessionBooking.mentor_id,
        _Mentor.name.label("mentor"),
        SessionBooking.student_id,
        _Student.name.label("student"),
        SessionBooking.time_slot_id,
        SessionBooking.slot_capacity,
        SessionBooking.start_time,
        SessionBooking.end_time,
        SessionBooking.started_at,
        SessionBooking.completed_at,
        SessionBooking.mentor_says,
        SessionBooking.mentor_said_at,
        SessionBooking.student_says,
        SessionBooking.student_said_at,
        SessionBooking.decided_outcome,
        SessionBooking.decided_at,
        _Decider.name.label("decided_by"),
    )
    .join(_Student, _Student.id == SessionBooking.student_id)
    .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
    .outerjoin(_Decider, _Decider.id == SessionBooking.decided_by)
)
"""The columns that `session_records` needs."""


_GROUPS = (
    select(SessionBooking.time_slot_id, User.id, User.name)
    .join(User, User.id == SessionBooking.student_id)
    .where(
        SessionBooking.time_slot_id.in_(bindparam("slots", expanding=True)),
        SessionBooking.status != Status.CANCELLED,
    )
    .order_by(SessionBooking.time_slot_id, SessionBooking.seat)
)


def require_session(session: Session, viewer: Viewer | None, booking_id: int) -> None:
    """Raises NotFound unless the session exists and the viewer (None: an operator) may see it."""
    row = session.execute(_PEOPLE, {"id": booking_id}).one_or_none()
    if row is None or _party(row, viewer) is None:
        raise NotFound(N_("There is no such session."))


_PEOPLE = select(SessionBooking.student_id, SessionBooking.mentor_id).where(
    SessionBooking.id == bindparam("id")
)


def session_records(
    session: Session,
    rows: Iterable[Any],
    viewer: Viewer | None,
    *,
    now: datetime,
    silence: timedelta,
) -> tuple[SessionRecord, ...]:
    """Rows of `RECORDS` as the viewer sees them at `now` (UTC), in the given order.

    The viewer must be allowed to see all of them. `silence` is the time after which one side's
    answer settles an outcome.
    """
    found = [(row, _known_party(row, viewer)) for row in rows]
    groups = _groups(
        session,
        [
            row.time_slot_id
            for row, party in found
            if row.slot_capacity > 1 and party is not Party.STUDENT
        ],
    )
    return tuple(
        _record(row, party, groups, known_outcome(row, now=now, silence=silence))
        for row, party in found
    )


def known_outcome(row: Any, *, now: datetime, silence: timedelta) -> KnownOutcome:
    """The outcome at `now` (UTC) of a row of `RECORDS`."""
    statements = statements_of(row)
    outcome = outcome_of(statements, end_time=row.end_time, now=now, silence=silence)
    return KnownOutcome(outcome, statements, row.decided_by)


@dataclass(frozen=True)
class PairMinutes:
    """Sums over the sessions of a mentor and a student whose start has passed.

    `delivered` and `owed` are sums of the known values. Cancelled sessions do not count.
    """

    sessions: int
    booked: int
    delivered: int
    owed: int


def pair_minutes(
    session: Session, record: SessionRecord, student_id: int, *, now: datetime, silence: timedelta
) -> PairMinutes:
    """The minutes of this session's mentor with one student, up to `now` (UTC)."""
    rows = session.execute(
        RECORDS.where(
            SessionBooking.student_id == student_id,
            SessionBooking.mentor_id == record.mentor.id,
            SessionBooking.status != Status.CANCELLED,
            SessionBooking.start_time <= now,
        )
    ).all()
    all_minutes = [_minutes(row, known_outcome(row, now=now, silence=silence)) for row in rows]
    return PairMinutes(
        sessions=len(rows),
        booked=sum(each.booked for each in all_minutes),
        delivered=sum(each.delivered or 0 for each in all_minutes),
        owed=sum(each.owed or 0 for each in all_minutes),
    )


def _party(row: Any, viewer: Viewer | None) -> Party | None:
    """The viewer's part in a session; an operator (None) acts as an admin."""
    if viewer is None:
        return Party.ADMIN
    return viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)


def _known_party(row: Any, viewer: Viewer | None) -> Party:
    party = _party(row, viewer)
    assert party is not None, "only the viewer's own rows are read"
    return party


def _groups(session: Session, slots: list[int]) -> Mapping[int, tuple[Person, ...]]:
    """The students of each slot, by their seats."""
    students: dict[int, tuple[Person, ...]] = defaultdict(tuple)
    if slots:
        for row in session.execute(_GROUPS, {"slots": slots}):
            students[row.time_slot_id] += (Person(row.id, row.name),)
    return students


def _record(
    row: Any, party: Party, groups: Mapping[int, tuple[Person, ...]], known: KnownOutcome
) -> SessionRecord:
    own = Person(row.student_id, row.student)
    group = () if party is Party.STUDENT else groups.get(row.time_slot_id, ())
    return SessionRecord(
        session_id=row.id,
        party=party,
        status=row.status,
        is_delayed=row.is_delayed,
        topic=row.topic,
        mentor=Person(row.mentor_id, row.mentor),
        students=group if own in group else (own,),
        start_time=row.start_time,
        end_time=row.end_time,
        started_at=row.started_at,
        completed_at=row.completed_at,
        minutes=_minutes(row, known),
        known=known,
    )


def _minutes(row: Any, known: KnownOutcome) -> Minutes:
    booked = minutes_booked(row.start_time, row.end_time)
    delivered = minutes_delivered(row.started_at, row.completed_at, known.outcome.value)
    owed = minutes_owed(row.start_time, row.started_at, booked=booked, delivered=delivered)
    return Minutes(booked, delivered, owed)
