"""What polls need to know: who is asking, what is due or has changed, and when to poll again."""

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Engine,
    Select,
    bindparam,
    func,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from mentorship.database import UtcDateTime, constant, read
from mentorship.domain.accounts.viewers import Role, Scope, Viewer, scope_of
from mentorship.domain.sessions.lateness import LATE_FROM
from mentorship.domain.sessions.near import NEAR_AFTER, Near, near
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import (
    BookingMove,
    DisplayVersion,
    LateNotice,
    OutcomeChange,
    SessionBooking,
    SignIn,
    StatusChange,
    User,
)
from mentorship.models.installation import DISPLAYED
from mentorship.queries.sessions.due import ANYTHING_DUE
from mentorship.queries.sessions.visibility import VIEWER, parts, visible_in
from mentorship.queries.shared.viewers import (
    IS_SIGNED_IN,
    VIEWER_COLUMNS,
    sign_in_values,
    viewer_from,
)


@dataclass(frozen=True)
class PollState:
    """The signed-in person, whether anything is due for anybody, and the cursor of the lists.

    The lists show the sessions in `scope`. `last_seen_at` (UTC) is when the use of the sign-in was
    last recorded.
    """

    viewer: Viewer
    scope: Scope
    is_anything_due: bool
    cursor: PollCursor
    last_seen_at: datetime


def _fingerprint(scope: Scope) -> tuple[ColumnElement[int], ColumnElement[int]]:
    """Two numbers, one of which changes with each new or changed booking in the scope.

    For one's own sessions: the number of bookings, and the sum of their revisions. For all
    sessions: the last booking, and the last transition, move and word about an outcome, which
    indexes find at once.
    """
    if scope is Scope.ALL:
        last_booking, *last_changes = (
            select(func.coalesce(func.max(model.id), 0)).scalar_subquery()
            for model in (SessionBooking, StatusChange, BookingMove, OutcomeChange)
        )
        return last_booking, reduce(operator.add, last_changes)
    count, revisions = (
        reduce(
            operator.add,
            (
                select(number).select_from(SessionBooking).where(part).scalar_subquery()
                for part in parts(scope)
            ),
        )
        for number in (func.count(), func.coalesce(func.sum(SessionBooking.revision), 0))
    )
    return count, revisions


def _displayed(scope: Scope) -> ColumnElement[int]:
    """A number that changes with the names and links in lists, for admins also with additions."""
    counted = select(func.coalesce(func.sum(DisplayVersion.number), 0))
    if scope is Scope.OWN:
        counted = counted.where(DisplayVersion.id == constant(DISPLAYED))
    return counted.scalar_subquery()


def _statement(scope: Scope) -> Select[*tuple[Any, ...]]:
    first, second = _fingerprint(scope)
    columns = (
        *VIEWER_COLUMNS,
        SignIn.last_seen_at,
        ANYTHING_DUE.label("is_anything_due"),
        select(func.coalesce(func.max(StatusChange.id), 0))
        .scalar_subquery()
        .label("last_change_id"),
        first.label("first"),
        second.label("second"),
        _displayed(scope).label("displayed"),
    )
    is_viewer = (User.id == VIEWER) & (User.session_epoch == bindparam("epoch"))
    return select(*columns).join(SignIn, SignIn.user_id == User.id).where(is_viewer, IS_SIGNED_IN)


_STATEMENTS: Mapping[Scope, Select[*tuple[Any, ...]]] = {
    scope: _statement(scope) for scope in Scope
}


def poll_state(
    engine: Engine,
    *,
    viewer_id: int,
    epoch: int,
    roles: frozenset[Role],
    sign_in: str,
    asked: Scope = Scope.OWN,
    now: datetime,
) -> PollState | None:
    """The poll state at `now` (UTC), read by one statement without a lock.

    None if nobody is signed in with this id, epoch and sign-in, or the person has other roles by
    now. The roles and the `asked` scope decide whose sessions the lists show.

    The cursor is read before the lists, so the next poll reports a change that commits in between.
    Read after the lists, the cursor would hide that change for good.
    """
    scope = scope_of(roles, asked)
    values = sign_in_values(sign_in, now)
    rows = read(engine, _STATEMENTS[scope], viewer=viewer_id, epoch=epoch, now=now, **values)
    if not rows:
        return None
    (row,) = rows
    viewer = viewer_from(row)
    if viewer.roles != roles:
        return None
    cursor = PollCursor(row.last_change_id, (int(row.first), int(row.second) + int(row.displayed)))
    return PollState(viewer, scope, bool(row.is_anything_due), cursor, row.last_seen_at)


_LAST = 500
"""How many of everybody's last changes are searched; there is no index on their time."""

_NOW = bindparam("now", type_=UtcDateTime)
_RECENT = bindparam("recent", type_=UtcDateTime)

# The exact predicates of three partial indexes.
_SCHEDULED = "status = 'SCHEDULED'"
_DELAYED = "status = 'ONGOING' AND is_delayed"
_ON_TIME = "status = 'ONGOING' AND NOT is_delayed"

# A short name: psycopg remembers how to send a statement of at most 4,096 characters.
_B = aliased(SessionBooking, name="b")


def _first(
    name: str, state: str, part: ColumnElement[bool], column: Any, order: Any
) -> Select[*tuple[Any, ...]]:
    """The first session in this state and order whose instant is still to come."""
    found = (
        select(constant(name).label("kind"), column.label("instant"))
        .where(text(state), part, column > _NOW)
        .order_by(order)
        .limit(constant(1))
        .subquery()
    )
    return select(found.c.kind, found.c.instant)


_JOURNALS: tuple[tuple[Any, InstrumentedAttribute[Any], Any], ...] = (
    (StatusChange.booking_id, StatusChange.applied_at, StatusChange.id),
    (BookingMove.booking_id, BookingMove.moved_at, BookingMove.id),
    (OutcomeChange.booking_id, OutcomeChange.said_at, OutcomeChange.id),
    (_B.id, _B.booked_at, _B.id),
)
"""Of each change its booking, its instant (UTC), and the order in which they were written."""


def _changes(scope: Scope) -> Select[*tuple[Any, ...]]:
    """The changes of sessions in the scope since `recent`, among everybody's last changes."""
    each = (
        select(booking_id.label("booking_id"), instant.label("instant"))
        .order_by(order.desc())
        .limit(constant(_LAST))
        .subquery()
        for booking_id, instant, order in _JOURNALS
    )
    last = union_all(*map(select, each)).subquery("last")
    return (
        select(constant("change").label("kind"), last.c.instant)
        .join(_B, _B.id == last.c.booking_id)
        .where(last.c.instant > _RECENT, visible_in(scope, _B))
    )


def _late_notices(scope: Scope) -> Select[*tuple[Any, ...]]:
    """The late notices since `recent` about sessions that have not begun."""
    return (
        select(constant("change").label("kind"), LateNotice.said_at)
        .join(_B, _B.id == LateNotice.booking_id)
        .where(
            text(_SCHEDULED),
            visible_in(scope, _B),
            _B.start_time > _NOW,
            _B.start_time < bindparam("late_until", type_=UtcDateTime),
            LateNotice.said_at > _RECENT,
        )
    )


def _near_statement(scope: Scope) -> CompoundSelect[*tuple[Any, ...]]:
    start, end = _B.start_time, _B.end_time
    return union_all(
        *(_first("start", _SCHEDULED, part, start, start) for part in parts(scope, _B)),
        *(
            _first("end", state, part, end, end.desc())
            for state in (_DELAYED, _ON_TIME)
            for part in parts(scope, _B)
        ),
        *(_first("over", _DELAYED, part, end, end) for part in parts(scope, _B)),
        _changes(scope),
        _late_notices(scope),
    )


NEAR_SESSIONS: Mapping[Scope, CompoundSelect[*tuple[Any, ...]]] = {
    scope: _near_statement(scope) for scope in Scope
}


def near_sessions(session: Session, viewer: Viewer, scope: Scope, *, now: datetime) -> Near:
    """When one of the sessions in the scope is near, as known at `now` (UTC)."""
    rows = read(
        session,
        NEAR_SESSIONS[scope],
        viewer=viewer.id,
        now=now,
        recent=now - NEAR_AFTER,
        late_until=now + LATE_FROM,
    )
    starts, ends, overs, changes = (
        [row.instant for row in rows if row.kind == kind]
        for kind in ("start", "end", "over", "change")
    )
    return near(
        next_start=min(starts, default=None),
        last_end=max(ends, default=None),
        next_over=min(overs, default=None),
        last_change=max(changes, default=None),
        now=now,
    )
