"""Outcomes on pages: those of one session, the questions on a dashboard, and the admins' queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from mentorship.database import UtcDateTime, constant, read
from mentorship.domain.mail import OUTCOME_ASKED_AFTER
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import (
    Outcome,
    OutcomeState,
    OutcomeWord,
    Statements,
    outcome_of,
)
from mentorship.models import OutcomeChange, SessionBooking, User
from mentorship.models.booking import DELAYED, DISPUTED, UNANSWERED
from mentorship.queries.sessions.groups import Attendee, attendance
from mentorship.queries.sessions.outcomes import outcome_state_since, statements_of

PAGE_SIZE = 20

MOST_COUNTED = 99
"""The bar on top counts no further, because every page of an admin shows the number."""

_B = SessionBooking
_Mentor, _Student, _Decider = aliased(User), aliased(User), aliased(User)


def _reason_of(side: Party) -> ColumnElement[str | None]:
    """The reason that came with the last answer of this side."""
    reason: ColumnElement[str | None] = (
        select(OutcomeChange.reason)
        .where(OutcomeChange.booking_id == _B.id, OutcomeChange.side == side)
        .order_by(OutcomeChange.id.desc())
        .limit(1)
        .correlate(_B)
        .scalar_subquery()
        .label(f"{side}_reason")
    )
    return reason


_SAID: Select[*tuple[Any, ...]] = (
    select(
        _B.id,
        _B.mentor_id,
        _B.student_id,
        _B.topic,
        _B.status,
        _B.is_delayed,
        _B.start_time,
        _B.end_time,
        _B.started_at,
        _B.mentor_says,
        _B.mentor_said_at,
        _B.student_says,
        _B.student_said_at,
        _B.decided_outcome,
        _B.decided_at,
        _Mentor.name.label("mentor"),
        _Student.name.label("student"),
        _Decider.name.label("decided_by"),
        *(_reason_of(side) for side in (Party.MENTOR, Party.STUDENT, Party.ADMIN)),
    )
    .join(_Mentor, _Mentor.id == _B.mentor_id)
    .join(_Student, _Student.id == _B.student_id)
    .outerjoin(_Decider, _Decider.id == _B.decided_by)
)


@dataclass(frozen=True)
class SessionOutcome:
    """The answers about a session with their reasons, and the outcome; instants in UTC."""

    statements: Statements
    outcome: Outcome
    mentor: str
    student: str
    decided_by: str | None
    reasons: Mapping[Party, str | None]
    may_answer: bool
    own_answer: OutcomeWord | None

    @property
    def is_asked(self) -> bool:
        """Whether the reader may answer and has not done so."""
        return self.may_answer and self.own_answer is None


def session_outcome(
    session: Session, booking_id: int, party: Party, *, now: datetime, silence: timedelta
) -> SessionOutcome | None:
    """The outcome of a session as this party sees it; None if it cannot have one yet."""
    row = session.execute(_SAID.where(_B.id == booking_id)).one()
    if row.status is Status.CANCELLED or now < row.start_time:
        return None
    said = statements_of(row)
    outcome = outcome_of(said, end_time=row.end_time, now=now, silence=silence)
    own = {Party.MENTOR: said.mentor, Party.STUDENT: said.student, Party.ADMIN: said.decision}[
        party
    ]
    return SessionOutcome(
        statements=said,
        outcome=outcome,
        mentor=row.mentor,
        student=row.student,
        decided_by=row.decided_by,
        reasons=_reasons(row),
        may_answer=party is Party.ADMIN or outcome.state is not OutcomeState.SETTLED,
        own_answer=own.word if own else None,
    )


def _reasons(row: Any) -> dict[Party, str | None]:
    return {
        Party.MENTOR: row.mentor_reason,
        Party.STUDENT: row.student_reason,
        Party.ADMIN: row.admin_reason,
    }


class QueueView(StrEnum):
    """The two lists of the admins' queue."""

    DISPUTED = "disputed"
    UNANSWERED = "unanswered"


_WAITS: Mapping[QueueView, TextClause] = {
    QueueView.DISPUTED: text(DISPUTED),  # The exact predicates of two indexes on the end.
    QueueView.UNANSWERED: text(UNANSWERED),
}


@dataclass(frozen=True)
class QueuedOutcome:
    """A session whose outcome an admin should decide; instants in UTC."""

    id: int
    people: frozenset[int]
    topic: str
    mentor: str
    student: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime
    started_at: datetime | None
    statements: Statements
    reasons: Mapping[Party, str | None]


@dataclass(frozen=True)
class OutcomeQueue:
    """One page of one list of the queue, newest first; pages count from 1.

    `totals` counts both lists. `mentors` (id and name) are those with a session in this list, and
    the one that was chosen.
    """

    view: QueueView
    mentor_id: int | None
    sessions: tuple[QueuedOutcome, ...]
    totals: Mapping[QueueView, int]
    mentors: tuple[tuple[int, str], ...]
    page: int
    pages: int


def outcome_queue(
    session: Session, view: QueueView, *, mentor_id: int | None, page: int, now: datetime
) -> OutcomeQueue:
    """What waits for an admin at `now` (UTC): the requested page, or else the last one.

    Disputed sessions wait at once; unanswered ones when both sides have been asked for the last
    time. With `mentor_id`, only the sessions of that mentor.
    """
    of_mentor = [] if mentor_id is None else [_B.mentor_id == mentor_id]
    totals = {
        each: session.scalar(select(func.count()).select_from(_B).where(*waits, *of_mentor)) or 0
        for each, waits in ((each, _waits(each, now)) for each in QueueView)
    }
    pages = max(1, -(-totals[view] // PAGE_SIZE))
    page = min(page, pages)
    rows = session.execute(
        _SAID.where(*_waits(view, now), *of_mentor)
        .order_by(_B.end_time.desc(), _B.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    mentors = session.execute(
        select(User.id, User.name)
        .where(
            or_(User.id.in_(select(_B.mentor_id).where(*_waits(view, now))), User.id == mentor_id)
        )
        .order_by(User.name, User.id)
    )
    return OutcomeQueue(
        view=view,
        mentor_id=mentor_id,
        sessions=tuple(_queued(row) for row in rows),
        totals=totals,
        mentors=tuple((row.id, row.name) for row in mentors),
        page=page,
        pages=pages,
    )


def count_waiting(session: Session, *, now: datetime) -> int:
    """How many sessions wait for an admin, up to one more than `MOST_COUNTED`."""
    firsts = (
        select(literal(1)).select_from(_B).where(*_waits(view, now)).limit(MOST_COUNTED + 1)
        for view in QueueView
    )
    # SQLite accepts a LIMIT in a part of a union only inside a subquery.
    found = union_all(*(select(each.subquery()) for each in firsts)).subquery()
    [(count,)] = read(session, select(func.count()).select_from(found))
    return min(int(count), MOST_COUNTED + 1)


def _waits(view: QueueView, now: datetime) -> tuple[ColumnElement[bool] | TextClause, ...]:
    if view is QueueView.DISPUTED:
        return (_WAITS[view],)
    # Nobody is asked about the past that an import brings, unless the session was delayed.
    is_asked = or_(_B.is_delayed, _B.booked_at.is_not(None))
    return _WAITS[view], _B.end_time <= now - OUTCOME_ASKED_AFTER[-1], is_asked


def _queued(row: Any) -> QueuedOutcome:
    return QueuedOutcome(
        id=row.id,
        people=frozenset((row.mentor_id, row.student_id)),
        topic=row.topic,
        mentor=row.mentor,
        student=row.student,
        status=row.status,
        is_delayed=row.is_delayed,
        start_time=row.start_time,
        end_time=row.end_time,
        started_at=row.started_at,
        statements=statements_of(row),
        reasons=_reasons(row),
    )


ASKED_FOR = timedelta(days=7)
"""How long after a session its people are asked on their dashboards."""

MOST_ASKED = 3
"""The most questions on a dashboard at a time; after each answer the next one appears."""


class AskedOutcome(NamedTuple):
    """A session about which `party` has not yet said how it went; instants in UTC.

    The question about a delayed session comes up at its `end_time`, without a reload. A group is
    one question to its mentor, about its `attendees`.
    """

    id: int
    party: Party
    topic: str
    mentor: str
    student: str
    start_time: datetime
    end_time: datetime
    slot_id: int
    is_group: bool
    attendees: tuple[Attendee, ...] = ()


_PARTS = (
    (Party.MENTOR, _B.mentor_id, _B.mentor_says),
    (Party.STUDENT, _B.student_id, _B.student_says),
)


def _asked_of(
    party: Party, person: InstrumentedAttribute[int], own_word: InstrumentedAttribute[Any]
) -> Select[*tuple[Any, ...]]:
    """The sessions that the viewer is asked about in this part, one for each slot."""
    latest = bindparam("latest", type_=UtcDateTime)
    asked = (
        select(
            _B.id,
            constant(party).label("party"),
            _B.topic,
            _Mentor.name.label("mentor"),
            _Student.name.label("student"),
            _B.start_time,
            _B.end_time,
            _B.time_slot_id,
            (_B.slot_capacity > constant(1)).label("is_group"),
            func.row_number().over(partition_by=_B.time_slot_id, order_by=_B.seat).label("nth"),
        )
        .join(_Mentor, _Mentor.id == _B.mentor_id)
        .join(_Student, _Student.id == _B.student_id)
        .where(
            person == bindparam("viewer"),
            _B.start_time > bindparam("since", type_=UtcDateTime),  # An index has both columns.
            or_(_B.status == constant(Status.COMPLETED), text(DELAYED)),
            own_word.is_(None),
            outcome_state_since(latest).in_(
                [constant(OutcomeState.OPEN), constant(OutcomeState.CLAIMED)]
            ),
        )
        .subquery()
    )
    newest = (
        select(*(column for column in asked.c if column.name != "nth"))
        .where(asked.c.nth == constant(1))
        .order_by(asked.c.end_time.desc(), asked.c.id.desc())
        .limit(constant(MOST_ASKED))
    )
    return select(newest.subquery())


_ASKED = union_all(*(_asked_of(*part) for part in _PARTS))


def asked_outcomes(
    session: Session, viewer_id: int, *, now: datetime, silence: timedelta
) -> tuple[AskedOutcome, ...]:
    """The questions on this person's dashboard at `now` (UTC), newest first.

    They are about completed sessions, and about delayed ones once these are over.
    """
    rows = read(session, _ASKED, viewer=viewer_id, since=now - ASKED_FOR, latest=now - silence)
    found = [AskedOutcome(row.id, Party(row.party), *row[2:]) for row in rows]
    found.sort(key=lambda each: (each.end_time, each.id), reverse=True)
    return _with_attendees(session, found[:MOST_ASKED], now=now, silence=silence)


def _with_attendees(
    session: Session, asked: Sequence[AskedOutcome], *, now: datetime, silence: timedelta
) -> tuple[AskedOutcome, ...]:
    slots = {each.slot_id for each in asked if each.party is Party.MENTOR and each.is_group}
    if not slots:
        return tuple(asked)
    people = attendance(session, slots, now=now, silence=silence)
    return tuple(
        each._replace(attendees=people.get(each.slot_id, ())) if each.slot_id in slots else each
        for each in asked
    )
