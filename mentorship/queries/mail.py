"""Reading the outbox: what a mail is about, how things stand, what a session's people were sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime
from mentorship.domain.mail import CHOICES, MailKind, is_wanted
from mentorship.domain.shared.delivery_problems import QUOTED, Problem
from mentorship.models import (
    BookingMove,
    MailChoice,
    MailOutcome,
    OutboxMessage,
    SessionBooking,
    StatusChange,
    User,
)

PAGE_SIZE = 50

_M, _B = OutboxMessage, SessionBooking
_Reader, _Student, _Mentor = aliased(User), aliased(User), aliased(User)


_First = aliased(BookingMove)


def _as_booked(old: Any, now: Any) -> Any:
    """When it was booked, a session was at the time that its first move took it from."""
    first = select(old).where(_First.booking_id == _B.id).order_by(_First.id).limit(1)
    return func.coalesce(first.correlate(_B).scalar_subquery(), now, type_=UtcDateTime)


_FACTS = (
    select(
        _M.id, _M.kind, _M.booking_id, _M.recipient, _M.subject, _M.body_text, _M.body_html,
        _M.created_at, _M.not_after, _M.attempts, _M.reader_id,
        _Reader.name.label("reader"), _Reader.email, _Reader.timezone, _Reader.hour_cycle,
        _Reader.language,
        MailChoice.is_wanted.label("choice"),
        _B.topic, _B.status, _B.is_delayed, _B.start_time, _B.end_time, _B.cancel_reason,
        _B.revision, _B.mentor_id, _Student.name.label("student"), _Mentor.name.label("mentor"),
        _as_booked(_First.old_start, _B.start_time).label("booked_start"),
        _as_booked(_First.old_end, _B.end_time).label("booked_end"),
        BookingMove.old_start, BookingMove.old_end, BookingMove.new_start, BookingMove.new_end,
        BookingMove.reason.label("move_reason"),
        StatusChange.due_at, StatusChange.applied_at,
        StatusChange.is_delayed.label("was_delayed"), StatusChange.actor_id,
    )
    .outerjoin(_B, _B.id == _M.booking_id)
    .outerjoin(_Reader, _Reader.id == _M.reader_id)
    .outerjoin(_Student, _Student.id == _B.student_id)
    .outerjoin(_Mentor, _Mentor.id == _B.mentor_id)
    .outerjoin(StatusChange, StatusChange.id == _M.change_id)
    .outerjoin(BookingMove, BookingMove.id == _M.move_id)
    .outerjoin(MailChoice, (MailChoice.user_id == _M.reader_id) & (MailChoice.kind == _M.kind))
)  # fmt: skip


def mail_facts(session: Session, ids: Sequence[int]) -> list[Row[*tuple[Any, ...]]]:
    """All that is needed to write these mails, in the order in which they came."""
    return list(session.execute(_FACTS.where(_M.id.in_(ids)).order_by(_M.id)))


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
    """

    pending: int
    oldest: datetime | None
    failure: Failure | None
    set_aside: tuple[SetAside, ...]
    total: int
    page: int
    pages: int


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
            _M.id, _M.kind, func.coalesce(_M.recipient, _Reader.email, "").label("to"),
            _M.booking_id,
            _M.attempts, _M.problem, _M.error,
            func.coalesce(_M.ended_at, _M.created_at).label("ended"),
        )
        .outerjoin(_Reader, _Reader.id == _M.reader_id)
        .where(is_aside)
        .order_by(_M.ended_at.desc(), _M.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )  # fmt: skip
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
    return OutboxStatus(pending, oldest, failure, set_aside, total, page, pages)


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
