"""Groups: for their mentor and for admins, sessions of a slot in one state are one meeting.

Students see their own sessions only.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import constant
from mentorship.domain.accounts.viewers import Scope
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import Outcome, OutcomeState, OutcomeWord, outcome_of
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.outcomes import statements_of
from mentorship.queries.sessions.visibility import VIEWER, parts


class HasTopic(Protocol):
    """Somebody's part in a group."""

    @property
    def topic(self) -> str:
        """What it is about."""


class GroupSeat(NamedTuple):
    """One student of a group meeting, with the id and the topic of their session."""

    id: int
    student: str
    topic: str


_Other = aliased(SessionBooking, name="o")


def parts_of_meetings(
    scope: Scope, bookings: type[SessionBooking] = SessionBooking
) -> tuple[ColumnElement[bool], ...]:
    """Like `visibility.parts`, but only the first seat of each group meeting matches."""
    if scope is Scope.ALL:
        return (or_(bookings.student_id == VIEWER, is_first_seat(bookings)),)
    as_student, as_mentor = parts(scope, bookings)
    return as_student, and_(as_mentor, is_first_seat(bookings))


def is_first_seat(bookings: type[SessionBooking]) -> ColumnElement[bool]:
    """WHERE clause: no lower seat of the slot is in the same state.

    The viewer's own seat as a student does not count.

    Cancelled sessions belong together if one press cancelled them.
    """
    is_lower = (
        _Other.time_slot_id == bookings.time_slot_id,
        _Other.seat < bookings.seat,
        _Other.status == bookings.status,
        _Other.is_delayed == bookings.is_delayed,
        _Other.started_at.is_(None) == bookings.started_at.is_(None),
        _Other.cancelled_at.is_not_distinct_from(bookings.cancelled_at),
        _Other.student_id != VIEWER,
    )
    lower = select(_Other.id).where(*is_lower).correlate(bookings).exists()
    # The capacity comes first: for nearly all sessions nothing else has to be read.
    return or_(bookings.slot_capacity == constant(1), ~lower)


def seats_of_meetings(
    session: Session, viewer_id: int, rows: Iterable[Any]
) -> Mapping[int, tuple[GroupSeat, ...]]:
    """All seats of the group meeting of each booking, in order, by the booking's id.

    Rows without a group, and rows that the viewer sees as the student, are left out.
    """
    meetings = {
        row.id: _key(row) for row in rows if row.slot_capacity > 1 and row.student_id != viewer_id
    }
    if not meetings:
        return {}
    seats: dict[tuple[Any, ...], list[GroupSeat]] = defaultdict(list)
    found = session.execute(
        select(
            SessionBooking.id,
            User.name.label("student"),
            SessionBooking.topic,
            SessionBooking.time_slot_id,
            SessionBooking.status,
            SessionBooking.is_delayed,
            SessionBooking.started_at,
            SessionBooking.cancelled_at,
        )
        .join(User, User.id == SessionBooking.student_id)
        .where(
            SessionBooking.time_slot_id.in_({slot_id for slot_id, *_ in meetings.values()}),
            SessionBooking.student_id != viewer_id,
        )
        .order_by(SessionBooking.seat, SessionBooking.id)
    )
    for row in found:
        seats[_key(row)].append(GroupSeat(row.id, row.student, row.topic))
    return {booking_id: tuple(seats[key]) for booking_id, key in meetings.items()}


def common_topic(topic: str, seats: Sequence[HasTopic]) -> str:
    """The topic of a session; empty for a group whose students have different ones."""
    return topic if len({each.topic for each in seats}) <= 1 else ""


def _key(row: Any) -> tuple[Any, ...]:
    """The values that all seats of a meeting share, as in `is_first_seat`."""
    return row.time_slot_id, row.status, row.is_delayed, row.started_at is None, row.cancelled_at


class Attendee(NamedTuple):
    """One student of a meeting; `id` is the id of their session."""

    id: int
    student: str
    mentor_says: OutcomeWord | None
    student_says: OutcomeWord | None
    outcome: Outcome

    @property
    def may_answer(self) -> bool:
        """Whether the mentor can still say something about this student."""
        return self.outcome.state is not OutcomeState.SETTLED

    @property
    def is_asked(self) -> bool:
        """Whether the mentor can still answer about this student, and has not done so."""
        return self.may_answer and self.mentor_says is None


def attendance(
    session: Session, slot_ids: Collection[int], *, now: datetime, silence: timedelta
) -> Mapping[int, tuple[Attendee, ...]]:
    """The students of each slot whose sessions are not cancelled, at `now` (UTC), in order.

    Slots with fewer than two students are left out, because they need no list.
    """
    rows = session.execute(
        select(
            SessionBooking.id,
            SessionBooking.time_slot_id,
            User.name.label("student"),
            SessionBooking.end_time,
            SessionBooking.mentor_says,
            SessionBooking.mentor_said_at,
            SessionBooking.student_says,
            SessionBooking.student_said_at,
            SessionBooking.decided_outcome,
            SessionBooking.decided_at,
        )
        .join(User, User.id == SessionBooking.student_id)
        .where(SessionBooking.time_slot_id.in_(slot_ids), SessionBooking.status != Status.CANCELLED)
        .order_by(SessionBooking.seat, SessionBooking.id)
    )
    found: dict[int, list[Attendee]] = defaultdict(list)
    for row in rows:
        outcome = outcome_of(statements_of(row), end_time=row.end_time, now=now, silence=silence)
        attendee = Attendee(row.id, row.student, row.mentor_says, row.student_says, outcome)
        found[row.time_slot_id].append(attendee)
    return {slot_id: tuple(people) for slot_id, people in found.items() if len(people) > 1}
