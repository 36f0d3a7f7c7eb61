"""Calls about events, for each active endpoint that has chosen their kind.

They are rows, written in the transaction of the change. Unless a function says otherwise, it does
not commit, and its caller holds the journal's lock, so that the ids of calls follow the commits.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    type_coerce,
    union,
    update,
)
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime, begin_write, insert_or, lock_journal
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import (
    OutcomeChange,
    SessionBooking,
    SettledMark,
    StatusChange,
    WebhookCall,
    WebhookEndpoint,
    table_of,
)
from mentorship.models.booking import CLAIMED

EVERY = timedelta(minutes=1)
"""How often the worker looks for outcomes settled by silence."""

_CALLS, _E, _B = table_of(WebhookCall), WebhookEndpoint, SessionBooking


def _is_called(kind: EventKind) -> ColumnElement[bool]:
    """Whether an endpoint is called about events of this kind."""
    return and_(_E.is_active, type_coerce(_E.kinds, String).contains(f",{kind},"))


def _kind(kind: EventKind) -> ColumnElement[EventKind]:
    return literal(kind, _CALLS.c.kind.type)


_NOW, _LEAVES = (bindparam(name, type_=UtcDateTime) for name in ("now", "leaves"))

_AS_CORRECTION = and_(StatusChange.action == Action.CORRECT, _is_called(EventKind.CORRECTED))

_Called = aliased(WebhookCall)

_WAS_CALLED = exists().where(
    _Called.endpoint_id == _E.id,
    _Called.change_id == StatusChange.undoes_id,
    _Called.kind == EventKind.TRANSITION,
)

_CALLS_FOR_CHANGES = insert(_CALLS).from_select(
    ["endpoint_id", "kind", "booking_id", "change_id", "created_at", "next_try_at"],
    select(
        _E.id,
        case((_AS_CORRECTION, _kind(EventKind.CORRECTED)), else_=_kind(EventKind.TRANSITION)),
        StatusChange.booking_id,
        StatusChange.id,
        _NOW,
        _LEAVES,
    )
    .join(StatusChange, true())
    .where(
        StatusChange.id >= bindparam("first"),
        or_(_AS_CORRECTION, _is_called(EventKind.TRANSITION)),
        or_(StatusChange.undoes_id.is_(None), _WAS_CALLED),
    ),
)


def enqueue_webhook_calls(session: Session, *, first: int, now: datetime, leaves: datetime) -> None:
    """Write the calls about every journal row from id `first` on; they are made from `leaves` on.

    An endpoint that was not called about a transition is not called about its undo either. An
    endpoint that has chosen transitions but not corrections gets a correction as a transition, so
    that it knows the right status.
    """
    session.execute(_CALLS_FOR_CHANGES, {"first": first, "now": now, "leaves": leaves})


def remove_calls_of_undone(session: Session, change_ids: Collection[int]) -> None:
    """Remove the calls about these transitions that have not been made yet.

    This includes calls about an outcome that the same press settled.
    """
    said_with_it = (
        select(OutcomeChange.id)
        .join(StatusChange, StatusChange.booking_id == OutcomeChange.booking_id)
        .where(
            StatusChange.id.in_(change_ids),
            OutcomeChange.said_at == StatusChange.applied_at,
            OutcomeChange.actor_id == StatusChange.actor_id,
        )
    )
    session.execute(
        delete(_CALLS).where(
            or_(
                _CALLS.c.change_id.in_(change_ids),
                _CALLS.c.outcome_change_id.in_(said_with_it),
            ),
            _CALLS.c.outcome.is_(None),
            _CALLS.c.claimed_by.is_(None),
            _CALLS.c.attempts == 0,
        )
    )


def enqueue_event_calls(
    session: Session,
    kind: EventKind,
    *,
    booking_id: int,
    now: datetime,
    leaves: datetime | None = None,
    **about: int | None,
) -> None:
    """Write the calls about one event of a session; they are made from `leaves` on, or at once.

    `about` is its `move_id` or `outcome_change_id`; a booking needs neither.
    """
    values = {"booking_id": booking_id, "created_at": now, "next_try_at": leaves or now, **about}
    types = _CALLS.c
    session.execute(
        insert(_CALLS).from_select(
            ["endpoint_id", "kind", *values],
            select(
                _E.id,
                _kind(kind),
                *(literal(value, types[name].type) for name, value in values.items()),
            ).where(_is_called(kind)),
        )
    )


def enqueue_settled_by_start(
    session: Session, *, first: int, now: datetime, leaves: datetime
) -> None:
    """Write the calls about outcomes that a mentor's start or arrival settles, from `leaves` on.

    A start is the mentor's answer that the session takes place, and the student may have said so
    before. The journal rows are those from id `first` on.
    """
    session.execute(_CALLS_FOR_STARTS, {"first": first, "now": now, "leaves": leaves})


_CALLS_FOR_STARTS = insert(_CALLS).from_select(
    ["endpoint_id", "kind", "booking_id", "change_id", "created_at", "next_try_at"],
    select(_E.id, _kind(EventKind.OUTCOME), _B.id, StatusChange.id, _NOW, _LEAVES)
    .select_from(_E)
    .join(StatusChange, true())
    .join(_B, _B.id == StatusChange.booking_id)
    .where(
        StatusChange.id >= bindparam("first"),
        _is_called(EventKind.OUTCOME),
        _B.mentor_said_at == StatusChange.applied_at,
        _B.mentor_says == _B.student_says,
        _B.decided_outcome.is_(None),
    ),
)


def enqueue_reopened(session: Session, *, first: int, now: datetime) -> None:
    """Tell who was called about an outcome that the journal rows from id `first` on took back.

    An undo takes back what its press had settled, a correction to scheduled all that was said.
    """
    session.execute(_CALLS_FOR_REOPENED, {"first": first, "now": now})


_Press = aliased(StatusChange)

_BY_THE_PRESS = (
    select(OutcomeChange.id)
    .join(_Press, _Press.booking_id == OutcomeChange.booking_id)
    .where(
        _Press.id == StatusChange.undoes_id,
        OutcomeChange.said_at == _Press.applied_at,
        OutcomeChange.actor_id == _Press.actor_id,
    )
)

_CALLS_FOR_REOPENED = insert(_CALLS).from_select(
    ["endpoint_id", "kind", "booking_id", "change_id", "created_at", "next_try_at"],
    select(_E.id, _kind(EventKind.OUTCOME), StatusChange.booking_id, StatusChange.id, _NOW, _NOW)
    .select_from(_E)
    .join(StatusChange, true())
    .where(
        StatusChange.id >= bindparam("first"),
        _is_called(EventKind.OUTCOME),
        exists().where(
            _Called.endpoint_id == _E.id,
            _Called.kind == EventKind.OUTCOME,
            _Called.booking_id == StatusChange.booking_id,
            or_(
                StatusChange.action == Action.CORRECT,
                _Called.change_id == StatusChange.undoes_id,
                _Called.outcome_change_id.in_(_BY_THE_PRESS),
            ),
        ),
    ),
)


def enqueue_settled_by_silence(session: Session, *, now: datetime, silence: timedelta) -> None:
    """Write the calls about outcomes that silence has settled by `now` (UTC), and commit.

    A mark says how far they were reported. So each is reported once, also after an outage, and none
    from the time before the mark existed. If the clock was ahead, the mark is set back, and events
    that were already reported are left out. Any number of callers may run: the one that moves the
    mark writes the calls in the same transaction.
    """
    until = now - silence
    since = session.scalar(select(SettledMark.told_until))
    session.rollback()
    if not has_elapsed(since, every=EVERY, now=until):
        return
    begin_write(session)
    if since is None:
        first = insert_or(session, SettledMark).values(id=1, told_until=until)
        session.execute(first.on_conflict_do_nothing())
        session.commit()
        return
    moved = session.connection().execute(
        update(SettledMark).where(SettledMark.told_until == since).values(told_until=until)
    )
    if moved.rowcount == 1 and session.scalar(_SOMEBODY_IS_CALLED):
        lock_journal(session)
        calls = insert_or(session, _CALLS).from_select(*_CALLS_FOR_SILENCE)
        values = {"since": since, "until": until, "now": now}
        session.execute(calls.on_conflict_do_nothing(), values)
    session.commit()


_SOMEBODY_IS_CALLED = select(exists().where(_is_called(EventKind.OUTCOME)))

_SINCE, _UNTIL = (bindparam(name, type_=UtcDateTime) for name in ("since", "until"))

_ENDED = and_(_B.end_time > _SINCE, _B.end_time <= _UNTIL)
_MENTOR_SAID = and_(_B.mentor_said_at > _SINCE, _B.mentor_said_at <= _UNTIL)
_STUDENT_SAID = and_(
    _B.mentor_said_at.is_(None), _B.student_said_at > _SINCE, _B.student_said_at <= _UNTIL
)

# One part for each index, in the words of the two.
_SETTLED_BY_SILENCE = union(
    *(
        select(_B.id, _B.end_time).where(
            text(CLAIMED),
            when,
            _B.end_time <= _UNTIL,
            func.coalesce(_B.mentor_said_at, _B.student_said_at) <= _UNTIL,
        )
        for when in (_ENDED, _MENTOR_SAID, _STUDENT_SAID)
    )
)
"""One side's answer is settled once the time of silence has passed since it and since the end.

So of what is settled since the last time one of the two is as new as that.
"""

_Settled = _SETTLED_BY_SILENCE.subquery("settled")

_CALLS_FOR_SILENCE = (
    ["endpoint_id", "kind", "booking_id", "created_at", "next_try_at"],
    select(_E.id, _kind(EventKind.OUTCOME), _Settled.c.id, _NOW, _NOW)
    .select_from(_E)
    .join(_Settled, true())
    .where(_is_called(EventKind.OUTCOME))
    .order_by(_Settled.c.end_time, _Settled.c.id, _E.id),
)
