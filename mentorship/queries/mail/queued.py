"""Mail that waits, with everything that is needed to compose it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lateness import LateNote
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import Statements
from mentorship.domain.sessions.updates import reason_of
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.zones import UTC_NAME
from mentorship.models import (
    BookingMove,
    MailChoice,
    MailOutcome,
    MentorTimeSlot,
    OutboxMessage,
    OutcomeChange,
    SessionBooking,
    StatusChange,
    User,
)
from mentorship.queries.mail.groups import is_for_meeting, is_one_entry, meeting_of, told_students
from mentorship.queries.sessions.groups import Meeting, common_topic
from mentorship.queries.sessions.lateness import others_late_note, was_mentor_held_up
from mentorship.queries.sessions.outcomes import statements_of

_M, _B = OutboxMessage, SessionBooking
_Reader, _Student, _Mentor = aliased(User), aliased(User), aliased(User)
_Slot, _OldSlot = aliased(MentorTimeSlot), aliased(MentorTimeSlot)
_FirstMove, _LastMove, _Later = aliased(BookingMove), aliased(BookingMove), aliased(OutboxMessage)


@dataclass(frozen=True)
class Reader:
    """The reader of a mail.

    A mere address (`id` is None) has no name and reads UTC in English. `choice` is whether the
    reader wants this kind of mail; None if they never chose.
    """

    id: int | None
    name: str
    email: str
    timezone: str = UTC_NAME
    hour_cycle: HourCycle = HourCycle.H23
    language: Language = Language.EN
    choice: bool | None = None


@dataclass(frozen=True)
class Move:
    """The move that a mail is about.

    `is_overtaken`: a later mail tells the same reader about a newer one. `is_taken_back`: the
    session is the same entry of the mentor's calendar again that it was before.
    """

    old_start: datetime
    old_end: datetime
    is_taken_back: bool
    is_overtaken: bool


@dataclass(frozen=True)
class Change:
    """The journal row that a mail is about; `due_at` is None unless the clock made the transition.

    `message` says what happened, and `reason` is the reason that a person gave.
    """

    due_at: datetime | None
    applied_at: datetime
    was_delayed: bool
    actor_id: int | None
    message: str
    reason: str | None


@dataclass(frozen=True)
class SessionFacts:
    """A session as it is now, and what happened to it. Instants in UTC.

    `students` are those whom the mail is about: several only in the one mail for a group meeting,
    which `is_for_meeting`. In mail that changes calendars a group has its `meeting`, or the one
    that the student has left; where it `is_one_entry`, it is that in the mentor's calendar. `late`
    is what the other side than the reader said about being late. `is_mentor_held_up` says that the
    mentor's session before was still under way when this one was to begin.
    """

    booking_id: int
    topic: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime
    booked_start: datetime
    booked_end: datetime
    cancel_reason: str | None
    move_reason: str | None
    revision: int
    mentor_id: int
    mentor: str
    students: tuple[str, ...]
    is_for_meeting: bool
    is_one_entry: bool
    meeting: Meeting | None
    change: Change | None
    move: Move | None
    statements: Statements
    decision_reason: str | None
    late: LateNote | None
    is_mentor_held_up: bool

    @property
    def student(self) -> str:
        """The student, or all students whom the mail is about."""
        return ", ".join(self.students)


@dataclass(frozen=True)
class QueuedMail:
    """A mail that waits: about a session, or with `facts` of its own as JSON. Instants in UTC."""

    id: int
    kind: MailKind
    created_at: datetime
    not_after: datetime | None
    attempts: int
    reader: Reader
    session: SessionFacts | None
    facts: str | None


def _first_move(column: Any, otherwise: Any) -> Any:
    """The value of a column when the session was booked: that of its first move, or `otherwise`."""
    first = select(column).where(_FirstMove.booking_id == _B.id).order_by(_FirstMove.id).limit(1)
    return func.coalesce(first.correlate(_B).scalar_subquery(), otherwise, type_=UtcDateTime)


_LAST_REASON = (
    select(_LastMove.reason)
    .where(_LastMove.booking_id == _B.id)
    .order_by(_LastMove.id.desc())
    .limit(1)
    .correlate(_B)
    .scalar_subquery()
)

_DECISION_REASON = (
    select(OutcomeChange.reason)
    .where(OutcomeChange.booking_id == _B.id, OutcomeChange.side == Party.ADMIN)
    .order_by(OutcomeChange.id.desc())
    .limit(1)
    .correlate(_B)
    .scalar_subquery()
)

_IS_OVERTAKEN = (
    select(_Later.id)
    .where(
        _Later.booking_id == _M.booking_id,
        _Later.reader_id == _M.reader_id,
        _Later.kind == MailKind.MOVED,
        _Later.id > _M.id,
        _Later.outcome.is_distinct_from(MailOutcome.DROPPED),
    )
    .correlate(_M)
    .exists()
)

_QUEUED = (
    select(
        _M.id,
        _M.kind,
        _M.recipient,
        _M.facts,
        _M.created_at,
        _M.not_after,
        _M.attempts,
        _M.reader_id,
        _Reader.name.label("reader"),
        _Reader.email,
        _Reader.timezone,
        _Reader.hour_cycle,
        _Reader.language,
        MailChoice.is_wanted.label("choice"),
        _M.booking_id,
        _B.topic,
        _B.status,
        _B.is_delayed,
        _B.start_time,
        _B.end_time,
        _first_move(_FirstMove.old_start, _B.start_time).label("booked_start"),
        _first_move(_FirstMove.old_end, _B.end_time).label("booked_end"),
        _B.time_slot_id,
        _B.slot_capacity,
        _Slot.is_one_entry,
        _B.completed_at,
        _B.cancelled_at,
        _B.cancel_reason,
        _LAST_REASON.label("move_reason"),
        _B.revision,
        _B.mentor_id,
        _Mentor.name.label("mentor"),
        _Student.name.label("student"),
        _B.mentor_says,
        _B.mentor_said_at,
        _B.student_says,
        _B.student_said_at,
        _B.decided_outcome,
        _B.decided_at,
        _DECISION_REASON.label("decision_reason"),
        _M.change_id,
        StatusChange.due_at,
        StatusChange.applied_at,
        StatusChange.is_delayed.label("was_delayed"),
        StatusChange.actor_id,
        StatusChange.action,
        StatusChange.old_status,
        StatusChange.new_status,
        StatusChange.reason.label("change_reason"),
        _M.move_id,
        BookingMove.old_slot_id,
        BookingMove.moved_at,
        BookingMove.old_start,
        BookingMove.old_end,
        _OldSlot.is_one_entry.label("was_one_entry"),
        _IS_OVERTAKEN.label("is_overtaken"),
    )
    .outerjoin(_B, _B.id == _M.booking_id)
    .outerjoin(_Slot, _Slot.id == _B.time_slot_id)
    .outerjoin(_Reader, _Reader.id == _M.reader_id)
    .outerjoin(_Student, _Student.id == _B.student_id)
    .outerjoin(_Mentor, _Mentor.id == _B.mentor_id)
    .outerjoin(StatusChange, StatusChange.id == _M.change_id)
    .outerjoin(BookingMove, BookingMove.id == _M.move_id)
    .outerjoin(_OldSlot, _OldSlot.id == BookingMove.old_slot_id)
    .outerjoin(MailChoice, (MailChoice.user_id == _M.reader_id) & (MailChoice.kind == _M.kind))
)


def queued_mail(session: Session, ids: Sequence[int]) -> list[QueuedMail]:
    """Everything that is needed to compose these mails, in the order in which they were queued."""
    rows = session.execute(_QUEUED.where(_M.id.in_(ids)).order_by(_M.id))
    return [
        QueuedMail(
            id=row.id,
            kind=row.kind,
            created_at=row.created_at,
            not_after=row.not_after,
            attempts=row.attempts,
            reader=_reader_from(row),
            session=None if row.booking_id is None else _session_from(session, row),
            facts=row.facts,
        )
        for row in rows
    ]


def _reader_from(row: Row[*tuple[Any, ...]]) -> Reader:
    if row.reader_id is None:
        return Reader(None, "", row.recipient)
    return Reader(
        id=row.reader_id,
        name=row.reader,
        email=row.email,
        timezone=row.timezone,
        hour_cycle=HourCycle(row.hour_cycle or HourCycle.H23),
        language=Language(row.language or Language.EN),
        choice=row.choice,
    )


def _session_from(session: Session, row: Row[*tuple[Any, ...]]) -> SessionFacts:
    told, change = told_students(session, row), None
    if row.change_id is not None:
        change = Change(
            row.due_at,
            row.applied_at,
            row.was_delayed,
            row.actor_id,
            reason_of(row.action, row.old_status, row.new_status),
            row.change_reason,
        )
    is_back = row.old_slot_id == row.time_slot_id or not (row.was_one_entry or row.is_one_entry)
    move = Move(row.old_start, row.old_end, is_back, row.is_overtaken)
    return SessionFacts(
        booking_id=row.booking_id,
        topic=common_topic(row.topic, told),
        status=row.status,
        is_delayed=row.is_delayed,
        start_time=row.start_time,
        end_time=row.end_time,
        booked_start=row.booked_start,
        booked_end=row.booked_end,
        cancel_reason=row.cancel_reason,
        move_reason=row.move_reason,
        revision=row.revision,
        mentor_id=row.mentor_id,
        mentor=row.mentor,
        students=tuple(each.name for each in told),
        is_for_meeting=is_for_meeting(row),
        is_one_entry=is_one_entry(row),
        meeting=meeting_of(session, row),
        change=change,
        move=None if row.move_id is None else move,
        statements=statements_of(row),
        decision_reason=row.decision_reason,
        late=others_late_note(session, row) if row.kind is MailKind.LATE else None,
        is_mentor_held_up=row.kind is MailKind.DELAYED and was_mentor_held_up(session, row),
    )
