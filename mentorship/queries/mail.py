"""Reading the outbox: queued mail, the state of the outbox, what a session's people were sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime
from mentorship.domain.mail import CHOICES, MailKind, is_wanted
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import Statements
from mentorship.domain.shared.delivery_problems import QUOTED, Problem
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.zones import UTC_NAME
from mentorship.models import (
    BookingMove,
    MailChoice,
    MailOutcome,
    OutboxMessage,
    OutcomeChange,
    ReminderMark,
    SessionBooking,
    StatusChange,
    User,
)
from mentorship.queries.sessions.outcomes import statements_of

PAGE_SIZE = 50

_M, _B = OutboxMessage, SessionBooking
_Reader, _Student, _Mentor = aliased(User), aliased(User), aliased(User)
_FirstMove, _LastMove, _Later = aliased(BookingMove), aliased(BookingMove), aliased(OutboxMessage)


@dataclass(frozen=True)
class Reader:
    """To whom a mail goes. An address alone (`id` is None) has no name and reads UTC in English.

    `choice` is whether the reader wants this kind of mail, None where they never chose.
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
    """The move that a mail is about. `is_overtaken`: a later mail tells the same reader more."""

    old_start: datetime
    old_end: datetime
    is_overtaken: bool


@dataclass(frozen=True)
class Change:
    """The journal row that a mail is about; without `due_at` no clock made the transition."""

    due_at: datetime | None
    applied_at: datetime
    was_delayed: bool
    actor_id: int | None


@dataclass(frozen=True)
class SessionFacts:
    """A session as it is now, and what happened to it. Instants in UTC."""

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
    student: str
    change: Change | None
    move: Move | None
    statements: Statements
    decision_reason: str | None


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
    """When it was booked, a session was at the time that its first move took it from."""
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
        _M.move_id,
        BookingMove.old_start,
        BookingMove.old_end,
        _IS_OVERTAKEN.label("is_overtaken"),
    )
    .outerjoin(_B, _B.id == _M.booking_id)
    .outerjoin(_Reader, _Reader.id == _M.reader_id)
    .outerjoin(_Student, _Student.id == _B.student_id)
    .outerjoin(_Mentor, _Mentor.id == _B.mentor_id)
    .outerjoin(StatusChange, StatusChange.id == _M.change_id)
    .outerjoin(BookingMove, BookingMove.id == _M.move_id)
    .outerjoin(MailChoice, (MailChoice.user_id == _M.reader_id) & (MailChoice.kind == _M.kind))
)


def queued_mail(session: Session, ids: Sequence[int]) -> list[QueuedMail]:
    """All that is needed to compose these mails, in the order in which they were queued."""
    rows = session.execute(_QUEUED.where(_M.id.in_(ids)).order_by(_M.id))
    return [
        QueuedMail(
            id=row.id,
            kind=row.kind,
            created_at=row.created_at,
            not_after=row.not_after,
            attempts=row.attempts,
            reader=_reader_from(row),
            session=None if row.booking_id is None else _session_from(row),
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


def _session_from(row: Row[*tuple[Any, ...]]) -> SessionFacts:
    change = Change(row.due_at, row.applied_at, row.was_delayed, row.actor_id)
    move = Move(row.old_start, row.old_end, row.is_overtaken)
    return SessionFacts(
        booking_id=row.booking_id,
        topic=row.topic,
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
        student=row.student,
        change=None if row.change_id is None else change,
        move=None if row.move_id is None else move,
        statements=statements_of(row),
        decision_reason=row.decision_reason,
    )


@dataclass(frozen=True)
class Failure:
    """Why something did not arrive; `said` is what the server said about it, or empty."""

    problem: Problem
    said: str

    @classmethod
    def of(cls, problem: Problem | None, error: str | None) -> "Failure":
        """From what is stored; before there were problems it was the technical words alone."""
        words = error or ""
        if problem is None:
            problem = Problem.REFUSED if words[:3].isdecimal() else Problem.UNWRITABLE
        return cls(problem, words if problem in QUOTED else "")


@dataclass(frozen=True)
class SetAside:
    """A mail that could not be sent. `ended_at` in UTC."""

    id: int
    kind: MailKind
    recipient: str
    booking_id: int | None
    attempts: int
    failure: Failure
    ended_at: datetime


@dataclass(frozen=True)
class OutboxStatus:
    """How the outbox stands, with one page of what was set aside; pages count from 1.

    `failure` is why the last try to send what is waiting came to nothing, where it did.
    `worker_seen_at` (UTC) is when a worker last looked for reminders, None: never.
    """

    pending: int
    oldest: datetime | None
    failure: Failure | None
    set_aside: tuple[SetAside, ...]
    total: int
    page: int
    pages: int
    worker_seen_at: datetime | None


def outbox_status(session: Session, *, page: int) -> OutboxStatus:
    """What an admin sees of the outbox."""
    pending, oldest = session.execute(
        select(func.count(), func.min(_M.created_at)).where(_M.outcome.is_(None))
    ).one()
    waits = select(_M.problem, _M.error).where(_M.outcome.is_(None), _M.problem.is_not(None))
    last = session.execute(waits.order_by(_M.next_try_at.desc(), _M.id.desc()).limit(1)).first()
    is_aside = _M.outcome == MailOutcome.SET_ASIDE
    total = session.scalar(select(func.count()).select_from(_M).where(is_aside)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(page, pages)
    rows = session.execute(
        select(
            _M.id,
            _M.kind,
            func.coalesce(_M.recipient, _Reader.email, "").label("to"),
            _M.booking_id,
            _M.attempts,
            _M.problem,
            _M.error,
            func.coalesce(_M.ended_at, _M.created_at).label("ended"),
        )
        .outerjoin(_Reader, _Reader.id == _M.reader_id)
        .where(is_aside)
        .order_by(_M.ended_at.desc(), _M.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    set_aside = tuple(
        SetAside(
            id=row.id,
            kind=row.kind,
            recipient=row.to,
            booking_id=row.booking_id,
            attempts=row.attempts,
            failure=Failure.of(row.problem, row.error),
            ended_at=row.ended,
        )
        for row in rows
    )
    failure = Failure.of(*last) if last else None
    seen_at = session.scalar(select(ReminderMark.reminded_until))
    return OutboxStatus(pending, oldest, failure, set_aside, total, page, pages, seen_at)


@dataclass(frozen=True)
class SentMail:
    """One mail about a session; `sent_at` (UTC) is None while it waits or when it cannot go."""

    kind: MailKind
    reader: str
    sent_at: datetime | None
    is_set_aside: bool


def mails_of_session(session: Session, booking_id: int) -> list[SentMail]:
    """What the people of a session were sent or will be, oldest first; not what was dropped."""
    rows = session.execute(
        select(_M.kind, _Reader.name, _M.outcome, _M.ended_at)
        .join(_Reader, _Reader.id == _M.reader_id)
        .where(
            _M.booking_id == booking_id,
            _M.outcome.is_distinct_from(MailOutcome.DROPPED),
        )
        .order_by(_M.created_at, _M.id)
    )
    return [
        SentMail(
            row.kind,
            row.name,
            row.ended_at if row.outcome is MailOutcome.SENT else None,
            row.outcome is MailOutcome.SET_ASIDE,
        )
        for row in rows
    ]


def mail_preferences(session: Session, user_id: int) -> Mapping[MailKind, bool]:
    """Whether the person gets each kind of mail that can be chosen."""
    rows = session.execute(
        select(MailChoice.kind, MailChoice.is_wanted).where(MailChoice.user_id == user_id)
    )
    chosen = {row.kind: row.is_wanted for row in rows}
    return {kind: is_wanted(kind, chosen.get(kind)) for kind in CHOICES}
