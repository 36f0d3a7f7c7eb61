"""The one question that every open dashboard asks every minute: did anything change for me?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, func, literal_column, select
from sqlalchemy.engine import Connection

from mentorship.domain.people import Role
from mentorship.models import BookingMove, SessionBooking, StatusChange, User
from mentorship.queries.due import ANYTHING_DUE
from mentorship.queries.scope import VIEWER, visible_to


@dataclass(frozen=True)
class Pulse:
    """`print` is the fingerprint of the viewer's lists; see `mentorship.domain.seen.Seen`."""

    is_signed_in: bool
    is_anything_due: bool
    print: tuple[int, int]


def fingerprint_columns(role: Role) -> tuple[Select[int], Select[int]]:
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


def _statement(role: Role) -> Select[bool, bool, int, int]:
    first, second = fingerprint_columns(role)
    return select(
        select(literal_column("1"))
        .select_from(User)
        .where(
            User.id == VIEWER,
            User.session_epoch == bindparam("epoch"),
            User.role == role,
        )
        .exists(),
        ANYTHING_DUE,
        first.scalar_subquery(),
        second.scalar_subquery(),
    )


_STATEMENTS: Mapping[Role, Select[bool, bool, int, int]] = {role: _statement(role) for role in Role}


def pulse(
    connection: Connection, *, viewer_id: int, epoch: int, role: Role, now: datetime
) -> Pulse:
    """One statement, no lock: is the viewer signed in, is anything due, how are the lists.

    `now` is in UTC. Due sessions are those of anybody: whoever asks first moves them.
    """
    row = connection.execute(
        _STATEMENTS[role], {"viewer": viewer_id, "epoch": epoch, "now": now}
    ).one()
    return Pulse(bool(row[0]), bool(row[1]), (int(row[2]), int(row[3])))
