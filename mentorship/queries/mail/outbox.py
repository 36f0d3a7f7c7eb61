"""The state of the outbox, and the kinds of mail that people chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.mail import CHOICES, MailKind, is_wanted
from mentorship.domain.shared.delivery_problems import Failure
from mentorship.models import MailChoice, MailOutcome, OutboxMessage, ReminderMark, User

PAGE_SIZE = 50

_M = OutboxMessage
_Reader = aliased(User)


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
    """The state of the outbox, with one page of the mail that was set aside; pages count from 1.

    `failure` says why the last attempt to send waiting mail failed, if it did. `worker_seen_at`
    (UTC) is when a worker last looked for reminders; None means never.
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
    """The outbox as an admin sees it."""
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


def mail_preferences(session: Session, user_id: int) -> Mapping[MailKind, bool]:
    """Whether the person gets each kind of mail that can be chosen."""
    rows = session.execute(
        select(MailChoice.kind, MailChoice.is_wanted).where(MailChoice.user_id == user_id)
    )
    chosen = {row.kind: row.is_wanted for row in rows}
    return {kind: is_wanted(kind, chosen.get(kind)) for kind in CHOICES}
