"""Recent presses of people, and whether they can still be undone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime, read
from mentorship.domain.sessions.lifecycle import UNDO_WITHIN
from mentorship.domain.sessions.undo import UNDO_OF, Press
from mentorship.models import SessionBooking, StatusChange

_J = StatusChange
_Later = aliased(StatusChange)

_IS_LAST = ~(
    select(_Later.id).where(_Later.booking_id == _J.booking_id, _Later.id > _J.id).exists()
)

_PRESSES = select(
    _J.id, _J.booking_id, _J.action, _J.actor_id, _J.applied_at, _IS_LAST.label("is_last")
)

_UNDOABLE = _PRESSES.where(
    _J.actor_id == bindparam("viewer"),
    _J.applied_at >= bindparam("since", type_=UtcDateTime),
    _J.action.in_(UNDO_OF),
    _IS_LAST,
)

_LAST = (
    _PRESSES.where(_J.booking_id == bindparam("booking"), _J.actor_id.is_not(None))
    .order_by(_J.id.desc())
    .limit(1)
)


def undoable_presses(session: Session, viewer_id: int, *, now: datetime) -> Mapping[int, Press]:
    """The presses that this person can still undo at `now` (UTC), by booking."""
    rows = read(session, _UNDOABLE, viewer=viewer_id, since=now - UNDO_WITHIN)
    return {row.booking_id: _press(row) for row in rows}


def last_press(session: Session, booking_id: int) -> Press | None:
    """The last press on this booking; None if only the clock has acted."""
    row = session.execute(_LAST, {"booking": booking_id}).one_or_none()
    return None if row is None else _press(row)


def changes_of_press(session: Session, press: Press, *, slot_id: int) -> dict[int, int]:
    """The ids of the journal rows of one press, by booking; a press can be for a whole group.

    Bookings that have changed since are left out.
    """
    rows = session.execute(
        _PRESSES.join(SessionBooking, SessionBooking.id == _J.booking_id).where(
            SessionBooking.time_slot_id == slot_id,
            _J.actor_id == press.actor_id,
            _J.action == press.action,
            _J.applied_at == press.applied_at,
            _IS_LAST,
        )
    )
    return {row.booking_id: row.id for row in rows}


def _press(row: Row[*tuple[Any, ...]]) -> Press:
    return Press(row.action, row.actor_id, row.applied_at, is_last=bool(row.is_last))
