"""Reading webhook endpoints, their logs, and the calls to make next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, exists, func, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.sessions.lifecycle import Action, Party, Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord, outcome_of
from mentorship.domain.sessions.updates import Update
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.webhooks.events import (
    Event,
    EventKind,
    Move,
    Person,
    SessionFacts,
    ToldOutcome,
)
from mentorship.models import (
    BookingMove,
    CallOutcome,
    OffReason,
    OutcomeChange,
    SessionBooking,
    StatusChange,
    User,
    WebhookCall,
    WebhookEndpoint,
)
from mentorship.queries.sessions.journal import update_from
from mentorship.queries.sessions.outcomes import statements_of
from mentorship.queries.shared.installation import identity_of

PAGE_SIZE = 50

_C, _E, _Earlier = WebhookCall, WebhookEndpoint, aliased(WebhookCall)


@dataclass(frozen=True)
class Call:
    """A call to make.

    `attempts` counts the earlier ones, `failing_since` (UTC) is the endpoint's. `webhook_id`
    identifies the call to the endpoint, and is the same at each attempt.
    """

    id: int
    webhook_id: str
    endpoint_id: int
    url: str
    salt: str
    attempts: int
    failing_since: datetime | None
    event: Event


def next_calls(session: Session, *, now: datetime, limit: int) -> list[int]:
    """The first call of each active endpoint that may be made at `now` (UTC).

    An endpoint that is being called has none, because its calls are made one after the other. While
    the call about a press that can be undone waits, later calls about the same session wait as
    well, so that they arrive in order.
    """
    waiting = (_C.endpoint_id == _E.id, _C.outcome.is_(None))
    is_behind = exists().where(
        _Earlier.endpoint_id == _C.endpoint_id,
        _Earlier.booking_id == _C.booking_id,
        _Earlier.id < _C.id,
        _Earlier.outcome.is_(None),
        _Earlier.attempts == 0,
        _Earlier.next_try_at > now,
    )
    first = (
        select(_C.id)
        .where(*waiting, _C.next_try_at <= now, ~is_behind)
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


_Mentor, _Student, _Speaker = aliased(User), aliased(User), aliased(User)

_EVENTS = (
    select(
        _C,
        _E,
        SessionBooking,
        _Mentor,
        _Student,
        StatusChange,
        BookingMove,
        OutcomeChange,
        _Speaker,
    )
    .join(_E, _E.id == _C.endpoint_id)
    .join(SessionBooking, SessionBooking.id == _C.booking_id)
    .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
    .join(_Student, _Student.id == SessionBooking.student_id)
    .outerjoin(StatusChange, StatusChange.id == _C.change_id)
    .outerjoin(BookingMove, BookingMove.id == _C.move_id)
    .outerjoin(OutcomeChange, OutcomeChange.id == _C.outcome_change_id)
    .outerjoin(_Speaker, _Speaker.id == OutcomeChange.actor_id)
    .order_by(_C.id)
)


def calls_by(session: Session, ids: Sequence[int], *, silence: timedelta) -> list[Call]:
    """What is needed to make these calls; `silence` is OUTCOME_HOURS."""
    rows = session.execute(_EVENTS.where(_C.id.in_(ids))).all()
    moves = _moves_of(session, [call.booking_id for call, *_about in rows])
    identity = identity_of(session)
    return [
        Call(
            call.id,
            identity.webhook_id(call.id),
            endpoint.id,
            endpoint.url,
            endpoint.salt,
            call.attempts,
            endpoint.failing_since,
            _event(
                call,
                booking,
                mentor,
                student,
                change,
                move,
                said,
                speaker,
                moves=moves.get(call.booking_id, []),
                silence=silence,
            ),
        )
        for call, endpoint, booking, mentor, student, change, move, said, speaker in rows
    ]


def _moves_of(session: Session, booking_ids: Sequence[int]) -> Mapping[int, list[BookingMove]]:
    """The moves of these bookings, oldest first."""
    found: dict[int, list[BookingMove]] = {}
    for move in session.scalars(
        select(BookingMove).where(BookingMove.booking_id.in_(booking_ids)).order_by(BookingMove.id)
    ):
        found.setdefault(move.booking_id, []).append(move)
    return found


def _event(
    call: WebhookCall,
    booking: SessionBooking,
    mentor: User,
    student: User,
    change: StatusChange | None,
    move: BookingMove | None,
    said: OutcomeChange | None,
    speaker: User | None,
    *,
    moves: Sequence[BookingMove],
    silence: timedelta,
) -> Event:
    """The event of a call, with the session as it was at that time."""
    at, status, is_delayed = call.created_at, booking.status, booking.is_delayed
    what: Update | Move | ToldOutcome | None = None
    if call.kind is EventKind.OUTCOME:
        if change is not None and change.action in (Action.UNDO, Action.CORRECT):
            what = _reopened(booking, change, silence)
        else:
            what = _settled(booking, change, said, speaker)
    elif change is not None:
        at, status, is_delayed = change.applied_at, change.new_status, change.is_delayed
        what = update_from(change)
    else:  # Only scheduled sessions are booked or moved.
        status, is_delayed = Status.SCHEDULED, False
    if move is not None:
        at = move.moved_at
        what = Move(move.old_start, move.old_end, move.reason, move.cause.value)
    start, end = booking.start_time, booking.end_time
    for later in reversed(moves):
        if later.id == call.move_id or later.moved_at < at:
            break
        start, end = later.old_start, later.old_end
    return Event(
        call.kind,
        at,
        SessionFacts(
            booking.id,
            Person(mentor.id, mentor.name),
            Person(student.id, student.name),
            booking.topic,
            start,
            end,
            status,
            is_delayed,
        ),
        what,
    )


def _settled(
    booking: SessionBooking,
    change: StatusChange | None,
    said: OutcomeChange | None,
    speaker: User | None,
) -> ToldOutcome:
    """The outcome that was settled; if silence settled it, the answer of the one side."""
    value = booking.mentor_says or booking.student_says
    if said is not None:
        value = said.outcome
    elif change is not None:
        value = OutcomeWord.TOOK_PLACE
    is_decision = said is not None and said.side is Party.ADMIN
    return ToldOutcome(
        OutcomeState.SETTLED,
        value,
        Person(speaker.id, speaker.name) if is_decision and speaker is not None else None,
        said.reason if said is not None else None,
    )


def _reopened(booking: SessionBooking, change: StatusChange, silence: timedelta) -> ToldOutcome:
    """The outcome after this change took back how it was settled."""
    outcome = outcome_of(
        statements_of(booking),
        end_time=booking.end_time,
        now=change.applied_at,
        silence=silence,
    )
    return ToldOutcome(outcome.state, outcome.value, decided_by=None, reason=None)


@dataclass(frozen=True)
class EndpointLine:
    """An endpoint as the list shows it, with the number of `waiting` calls; instants in UTC."""

    id: int
    url: str
    salt: str
    kinds: frozenset[EventKind]
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
        _E.kinds,
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
    """All endpoints that were not removed."""
    return [EndpointLine(*row) for row in session.execute(_LINES)]


def endpoint_by(session: Session, endpoint_id: int) -> EndpointLine | None:
    """One of them."""
    row = session.execute(_LINES.where(_E.id == endpoint_id)).one_or_none()
    return None if row is None else EndpointLine(*row)


@dataclass(frozen=True)
class CallLine:
    """A call in the log; `next_try_at` (UTC) matters only while the call has no outcome.

    `new_status` and `is_delayed` are those after a transition.
    """

    id: int
    kind: EventKind
    booking_id: int
    new_status: Status | None
    is_delayed: bool | None
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
    """The calls to an endpoint with their results: the requested page, or else the last one."""
    total = session.scalar(
        select(func.count()).select_from(_C).where(_C.endpoint_id == endpoint_id)
    )
    pages = max(1, -(-(total or 0) // PAGE_SIZE))
    page = min(page, pages)
    rows = session.execute(
        select(
            _C.id,
            _C.kind,
            _C.booking_id,
            StatusChange.new_status,
            StatusChange.is_delayed,
            _C.attempts,
            _C.outcome,
            _C.next_try_at,
            _C.ended_at,
            _C.answer,
            # Old rows have technical details alone.
            case((_C.error.is_not(None), func.coalesce(_C.problem, Problem.UNEXPECTED))).label(
                "problem"
            ),
        )
        .outerjoin(StatusChange, StatusChange.id == _C.change_id)
        .where(_C.endpoint_id == endpoint_id)
        .order_by(_C.id.desc())
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return CallLog(tuple(CallLine(**row._mapping) for row in rows), page, pages)
