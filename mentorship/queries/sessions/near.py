"""Whether one of the viewer's sessions is near."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    bindparam,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from mentorship.database import UtcDateTime, read
from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.sessions.near import NEAR_AFTER, Near, near
from mentorship.models import BookingMove, SessionBooking, StatusChange
from mentorship.queries.sessions.visibility import parts, visible_in

_LAST = 500
"""So many of the last changes of everybody are looked through; there is no index on their time."""

_NOW = bindparam("now", type_=UtcDateTime)
_RECENT = bindparam("recent", type_=UtcDateTime)

# The words of three partial indexes.
_SCHEDULED = "status = 'SCHEDULED'"
_ONGOING = ("status = 'ONGOING' AND is_delayed", "status = 'ONGOING' AND NOT is_delayed")


def _kind(name: str) -> ColumnElement[str]:
    return literal_column(f"'{name}'").label("kind")


def _first(
    name: str, state: str, part: ColumnElement[bool], column: Any, order: Any
) -> Select[*tuple[Any, ...]]:
    """The first row in this order of the sessions in this state whose instant is still to come."""
    found = (
        select(_kind(name), column.label("instant"))
        .where(text(state), part, column > _NOW)
        .order_by(order)
        .limit(1)
        .subquery()
    )
    return select(found.c.kind, found.c.instant)


def _changes(
    scope: Scope, booking_id: Any, instant: InstrumentedAttribute[Any], newest: Any
) -> Select[*tuple[Any, ...]]:
    """The changes of the sessions in the scope since `recent`, among the last of everybody's."""
    last = (
        select(booking_id.label("booking_id"), instant.label("instant"))
        .order_by(newest.desc())
        .limit(_LAST)
        .subquery()
    )
    return (
        select(_kind("change"), last.c.instant)
        .join(SessionBooking, SessionBooking.id == last.c.booking_id)
        .where(last.c.instant > _RECENT, visible_in(scope))
    )


def _statement(scope: Scope) -> CompoundSelect[*tuple[Any, ...]]:
    start, end = SessionBooking.start_time, SessionBooking.end_time
    return union_all(
        *(_first("start", _SCHEDULED, part, start, start) for part in parts(scope)),
        *(
            _first("end", state, part, end, end.desc())
            for state in _ONGOING
            for part in parts(scope)
        ),
        _changes(scope, StatusChange.booking_id, StatusChange.applied_at, StatusChange.id),
        _changes(scope, BookingMove.booking_id, BookingMove.moved_at, BookingMove.id),
        _changes(scope, SessionBooking.id, SessionBooking.booked_at, SessionBooking.id),
    )


_STATEMENTS: Mapping[Scope, CompoundSelect[*tuple[Any, ...]]] = {
    scope: _statement(scope) for scope in Scope
}


def near_sessions(session: Session, viewer: Viewer, scope: Scope, *, now: datetime) -> Near:
    """When one of the sessions in the scope is near, as far as that is known at `now` (UTC)."""
    rows = read(session, _STATEMENTS[scope], viewer=viewer.id, now=now, recent=now - NEAR_AFTER)
    starts, ends, changes = (
        [row.instant for row in rows if row.kind == kind] for kind in ("start", "end", "change")
    )
    return near(
        next_start=min(starts, default=None),
        last_end=max(ends, default=None),
        last_change=max(changes, default=None),
        now=now,
    )
