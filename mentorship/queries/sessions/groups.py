"""Groups: for their mentor and for admins, sessions of a slot in one state are one meeting.

Students see their own sessions only.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime, constant
from mentorship.domain.accounts.viewers import Scope
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import Outcome, OutcomeState, OutcomeWord, outcome_of
from mentorship.models import BookingMove, MentorTimeSlot, SessionBooking, StatusChange, User
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
_NEVER = datetime.min.replace(tzinfo=UTC)


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


class Meeting(NamedTuple):
    """All that happens in one slot, as the one entry that it is in its mentor's calendar.

    `booking_id` is the session whose state is that of the meeting, `status` its status. `students`
    are those who take part or, of a meeting that was cancelled, those who were told so together.
    `entry_id` names the entry and `sequence` grows with each change of it, also when students come
    and go; `changed_at` (UTC) is when it last changed. Other instants are in UTC, too.
    """

    entry_id: int
    sequence: int
    booking_id: int | None
    topic: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime
    students: tuple[str, ...]
    changed_at: datetime | None


_STANDS_FOR = (Status.ONGOING, Status.SCHEDULED, Status.COMPLETED, Status.CANCELLED)
"""The session whose status comes first here has the status of the meeting."""


def stands_for_meeting(bookings: type[SessionBooking]) -> ColumnElement[bool]:
    """WHERE clause: no other session of the slot comes before it in the order of `meetings_of`."""
    other, own = (_rank(each) for each in (_Other, bookings))
    comes_before = or_(
        other < own,
        and_(other == own, _Other.cancelled_at > bookings.cancelled_at),
        and_(
            other == own,
            _Other.cancelled_at.is_not_distinct_from(bookings.cancelled_at),
            _Other.id < bookings.id,
        ),
    )
    is_before = select(_Other.id).where(_Other.time_slot_id == bookings.time_slot_id, comes_before)
    return ~is_before.correlate(bookings).exists()


def _rank(bookings: type[SessionBooking]) -> ColumnElement[int]:
    return case({status: rank for rank, status in enumerate(_STANDS_FOR)}, value=bookings.status)


def meetings_of(session: Session, slot_ids: Collection[int]) -> Mapping[int, Meeting]:
    """By slot: its meeting. In a slot that all have left it is as if it were cancelled."""
    if not slot_ids:
        return {}
    seats = session.execute(_SEATS_OF_SLOTS.where(MentorTimeSlot.id.in_(slot_ids)))
    found: dict[int, list[Any]] = defaultdict(list)
    for row in seats:
        found[row.slot_id].append(row)
    return {
        slot_id: _meeting(rows[0], [row for row in rows if row.id is not None])
        for slot_id, rows in found.items()
    }


def _newest(instant: Any, of: type[StatusChange | BookingMove]) -> Any:
    newest = select(func.max(instant, type_=UtcDateTime)).where(of.booking_id == SessionBooking.id)
    return newest.correlate(SessionBooking).scalar_subquery()


_SEATS_OF_SLOTS: Select[*tuple[Any, ...]] = (
    select(
        MentorTimeSlot.id.label("slot_id"),
        MentorTimeSlot.start_time,
        MentorTimeSlot.end_time,
        func.coalesce(MentorTimeSlot.entry_id, MentorTimeSlot.id).label("entry_id"),
        MentorTimeSlot.entry_sequence,
        MentorTimeSlot.entry_changed_at,
        SessionBooking.id,
        SessionBooking.topic,
        SessionBooking.status,
        SessionBooking.is_delayed,
        SessionBooking.cancelled_at,
        SessionBooking.revision,
        SessionBooking.booked_at,
        _newest(StatusChange.applied_at, StatusChange).label("changed_at"),
        _newest(BookingMove.moved_at, BookingMove).label("moved_at"),
        User.name.label("student"),
    )
    .outerjoin(SessionBooking, SessionBooking.time_slot_id == MentorTimeSlot.id)
    .outerjoin(User, User.id == SessionBooking.student_id)
    .order_by(SessionBooking.id)
)


def _meeting(slot: Any, seats: Sequence[Any]) -> Meeting:
    entry = {
        "entry_id": slot.entry_id,
        "sequence": slot.entry_sequence + sum(seat.revision for seat in seats),
        "start_time": slot.start_time,
        "end_time": slot.end_time,
        "changed_at": _last_change(slot, seats),
    }
    if not seats:
        return Meeting(
            **entry, booking_id=None, topic="", status=Status.CANCELLED, is_delayed=False,
            students=(),
        )  # fmt: skip
    latest_first = sorted(seats, key=lambda seat: seat.cancelled_at or _NEVER, reverse=True)
    first = min(latest_first, key=lambda seat: _STANDS_FOR.index(seat.status))
    there = [seat for seat in seats if seat.cancelled_at == first.cancelled_at]
    return Meeting(
        **entry,
        booking_id=first.id,
        topic=common_topic(first.topic, there),
        status=first.status,
        is_delayed=first.is_delayed,
        students=tuple(seat.student for seat in there),
    )


def _last_change(slot: Any, seats: Sequence[Any]) -> datetime | None:
    known = [slot.entry_changed_at]
    known += [at for seat in seats for at in (seat.booked_at, seat.changed_at, seat.moved_at)]
    return max((at for at in known if at), default=None)


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
