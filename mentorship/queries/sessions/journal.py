"""Reading the journal of transitions."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlalchemy.orm import Session

from mentorship.database import read
from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.sessions.updates import Update, reason_of
from mentorship.models import SessionBooking, StatusChange
from mentorship.queries.sessions.visibility import visible_in

_HEAD = select(func.coalesce(func.max(StatusChange.id), 0))


def last_change_id(session: Session) -> int:
    """The id of the last committed transition; ids follow the order of commits."""
    return session.scalar(_HEAD) or 0


def _changes_since(scope: Scope) -> Select[*tuple[Any, ...]]:
    journal = StatusChange.__table__.c
    # A page may send a cursor beyond any id; PostgreSQL fails to read that as an INTEGER.
    after = bindparam("after", type_=BigInteger)
    return (
        select(*journal)
        .join(SessionBooking, SessionBooking.id == StatusChange.booking_id)
        .where(
            visible_in(scope),
            StatusChange.id > after,
            StatusChange.id <= bindparam("until"),
        )
        .order_by(StatusChange.id)
        .limit(bindparam("limit"))
    )


_CHANGES_SINCE: Mapping[Scope, Select[*tuple[Any, ...]]] = {
    scope: _changes_since(scope) for scope in Scope
}


def changes_since(
    session: Session, viewer: Viewer, scope: Scope, *, after: int, until: int, limit: int
) -> list[tuple[int, Update]]:
    """The transitions with `after < id <= until` of the sessions in the scope, oldest first.

    Each comes with its journal id. At most `limit` are returned.
    """
    rows = read(
        session,
        _CHANGES_SINCE[scope],
        viewer=viewer.id,
        after=after,
        until=until,
        limit=limit,
    )
    return [(row.id, update_from(row)) for row in rows]


def update_from(row: Any) -> Update:
    """The update for a row of the journal."""
    return Update(
        session_id=row.booking_id,
        old_status=row.old_status,
        new_status=row.new_status,
        is_delayed=row.is_delayed,
        reason=row.reason or reason_of(row.action, row.old_status, row.new_status),
        timestamp=row.applied_at,
        due_at=row.due_at,
        cause=row.cause.value,
    )
