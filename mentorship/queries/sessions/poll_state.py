"""What a poll needs to know: who asks, whether a sweep is due, and whether anything changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Select, bindparam, func, select

from mentorship.database import read
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import (
    BookingMove,
    DisplayVersion,
    SessionBooking,
    SignIn,
    StatusChange,
    User,
)
from mentorship.queries.sessions.due import ANYTHING_DUE
from mentorship.queries.sessions.visibility import VIEWER, visible_to
from mentorship.queries.shared.viewers import (
    IS_SIGNED_IN,
    VIEWER_COLUMNS,
    sign_in_values,
    viewer_from,
)


@dataclass(frozen=True)
class PollState:
    """The signed-in person, whether anything is due for anybody, and the cursor of their lists.

    `last_seen_at` (UTC) is when the sign-in was last noted as used.
    """

    viewer: Viewer
    is_anything_due: bool
    cursor: PollCursor
    last_seen_at: datetime


def _fingerprint(role: Role) -> tuple[Select[int], Select[int]]:
    """Two numbers of which one changes with each new or changed booking that the viewer sees.

    For a person: how many bookings, and the sum of their revisions. For an admin, who sees all:
    the last booking, and the last transition and move, which an index answers at once.
    """
    if role is Role.ADMIN:
        last_change, last_move = (
            select(func.coalesce(func.max(model.id), 0)).scalar_subquery()
            for model in (StatusChange, BookingMove)
        )
        return (
            select(func.coalesce(func.max(SessionBooking.id), 0)),
            select(last_change + last_move),
        )
    return (
        select(func.count()).select_from(SessionBooking).where(visible_to(role)),
        select(func.coalesce(func.sum(SessionBooking.revision), 0)).where(visible_to(role)),
    )


_DISPLAYED = select(func.coalesce(func.sum(DisplayVersion.number), 0)).scalar_subquery()


def _statement(role: Role) -> Select[*tuple[Any, ...]]:
    first, second = _fingerprint(role)
    columns = (
        *VIEWER_COLUMNS,
        SignIn.last_seen_at,
        ANYTHING_DUE.label("is_anything_due"),
        select(func.coalesce(func.max(StatusChange.id), 0))
        .scalar_subquery()
        .label("last_change_id"),
        first.scalar_subquery().label("first"),
        second.scalar_subquery().label("second"),
        _DISPLAYED.label("displayed"),
    )
    is_viewer = (User.id == VIEWER) & (User.session_epoch == bindparam("epoch"))
    return (
        select(*columns)
        .join(SignIn, SignIn.user_id == User.id)
        .where(is_viewer, User.role == role, IS_SIGNED_IN)
    )


_STATEMENTS: Mapping[Role, Select[*tuple[Any, ...]]] = {role: _statement(role) for role in Role}


def poll_state(
    engine: Engine, *, viewer_id: int, epoch: int, role: Role, sign_in: str, now: datetime
) -> PollState | None:
    """One statement, no lock; None where nobody is signed in with this id, epoch, role and sign-in.

    `now` is in UTC. The cursor is read at one moment, before the lists: a change that commits in
    between is told by the next poll. Read after the lists, it would hide that change for good.
    """
    values = sign_in_values(sign_in, now)
    rows = read(engine, _STATEMENTS[role], viewer=viewer_id, epoch=epoch, now=now, **values)
    if not rows:
        return None
    (row,) = rows
    cursor = PollCursor(row.last_change_id, (int(row.first), int(row.second) + int(row.displayed)))
    return PollState(viewer_from(row), bool(row.is_anything_due), cursor, row.last_seen_at)
