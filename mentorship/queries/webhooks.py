"""Reading about other systems: the addresses, their logs, what is to be called next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.updates import Update
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.models import (
    CallOutcome,
    OffReason,
    StatusChange,
    WebhookCall,
    WebhookEndpoint,
)
from mentorship.queries.sessions.journal import update_from
from mentorship.queries.shared.installation import identity_of

PAGE_SIZE = 50

_C, _E = WebhookCall, WebhookEndpoint


@dataclass(frozen=True)
class Call:
    """A call to be made. `attempts` are those before, `failing_since` (UTC) the endpoint's.

    `webhook_id` names it to the endpoint, the same at each try.
    """

    id: int
    webhook_id: str
    endpoint_id: int
    url: str
    salt: str
    attempts: int
    failing_since: datetime | None
    update: Update


def next_calls(session: Session, *, now: datetime, limit: int) -> list[int]:
    """The first call of each active endpoint that may be made at `now` (UTC).

    An endpoint that somebody is calling has none: its calls are made one after the other.
    """
    waiting = (_C.endpoint_id == _E.id, _C.outcome.is_(None))
    first = (
        select(_C.id)
        .where(*waiting, _C.next_try_at <= now)
        .order_by(_C.id)
        .limit(1)
        .correlate(_E)
        .scalar_subquery()
    )
    is_called = exists().where(*waiting, _C.claimed_by.is_not(None), _C.next_try_at > now)
    found = select(first.label("id")).where(_E.is_active, ~is_called.correlate(_E)).subquery()
    return list(
        session.scalars(
            select(_C.id)
            .join(found, found.c.id == _C.id)
            .order_by(_C.next_try_at, _C.id)
            .limit(limit)
        )
    )


def calls_by(session: Session, ids: Sequence[int]) -> list[Call]:
    """What is needed to make these calls."""
    rows = session.execute(
        select(
            _C.id.label("call_id"),
            _C.endpoint_id,
            _C.attempts,
            _E.url,
            _E.salt,
            _E.failing_since,
            *StatusChange.__table__.c,
        )
        .join(_E, _E.id == _C.endpoint_id)
        .join(StatusChange, StatusChange.id == _C.change_id)
        .where(_C.id.in_(ids))
        .order_by(_C.id)
    )
    identity = identity_of(session)
    return [
        Call(
            row.call_id,
            identity.webhook_id(row.call_id),
            row.endpoint_id,
            row.url,
            row.salt,
            row.attempts,
            row.failing_since,
            update_from(row),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class EndpointLine:
    """An address as the list shows it; `waiting` calls are still to be made. Instants in UTC."""

    id: int
    url: str
    salt: str
    is_active: bool
    created_at: datetime
    failing_since: datetime | None
    off_reason: OffReason | None
    waiting: int


_WAITING = (
    select(func.count())
    .where(_C.endpoint_id == _E.id, _C.outcome.is_(None))
    .correlate(_E)
    .scalar_subquery()
)

_LINES = (
    select(
        _E.id,
        _E.url,
        _E.salt,
        _E.is_active,
        _E.created_at,
        _E.failing_since,
        _E.off_reason,
        _WAITING.label("waiting"),
    )
    .where(_E.removed_at.is_(None))
    .order_by(_E.id)
)


def endpoints(session: Session) -> list[EndpointLine]:
    """All that were not removed."""
    return [EndpointLine(*row) for row in session.execute(_LINES)]


def endpoint_by(session: Session, endpoint_id: int) -> EndpointLine | None:
    """One of them."""
    row = session.execute(_LINES.where(_E.id == endpoint_id)).one_or_none()
    return None if row is None else EndpointLine(*row)


@dataclass(frozen=True)
class CallLine:
    """A call in the log; `next_try_at` (UTC) counts while it has no outcome."""

    id: int
    booking_id: int
    new_status: Status
    is_delayed: bool
    attempts: int
    outcome: CallOutcome | None
    next_try_at: datetime
    ended_at: datetime | None
    answer: int | None
    problem: Problem | None


@dataclass(frozen=True)
class CallLog:
    """One page of an endpoint's calls, the latest first; pages count from 1."""

    calls: tuple[CallLine, ...]
    page: int
    pages: int


def call_log(session: Session, endpoint_id: int, *, page: int) -> CallLog:
    """What was called and what came of it. A page past the last is the last."""
    total = session.scalar(
        select(func.count()).select_from(_C).where(_C.endpoint_id == endpoint_id)
    )
    pages = max(1, -(-(total or 0) // PAGE_SIZE))
    page = min(page, pages)
    rows = session.execute(
        select(
            _C.id,
            StatusChange.booking_id,
            StatusChange.new_status,
            StatusChange.is_delayed,
            _C.attempts,
            _C.outcome,
            _C.next_try_at,
            _C.ended_at,
            _C.answer,
            # Before there were problems it was technical words alone.
            case((_C.error.is_not(None), func.coalesce(_C.problem, Problem.UNEXPECTED))).label(
                "problem"
            ),
        )
        .join(StatusChange, StatusChange.id == _C.change_id)
        .where(_C.endpoint_id == endpoint_id)
        .order_by(_C.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return CallLog(tuple(CallLine(**row._mapping) for row in rows), page, pages)
