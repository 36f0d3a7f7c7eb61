"""The one question that every open dashboard asks every minute: did anything change for me?"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Engine, Select, bindparam, func, select

from mentorship.domain.people import Role, Viewer
from mentorship.domain.seen import Seen
from mentorship.models import BookingMove, OfferRevision, SessionBooking, StatusChange, User
from mentorship.queries.due import ANYTHING_DUE
from mentorship.queries.people import VIEWER_COLUMNS, viewer_from
from mentorship.queries.scope import VIEWER, visible_to
from mentorship.queries.standing import LOOKS
from mentorship.question import Question, Raw

_KEPT = 4096
"""Answers that one process keeps; each is a few hundred bytes."""


@dataclass(frozen=True)
class Pulse:
    """The signed-in person, whether anything is due for anybody, and where their lists stand."""

    viewer: Viewer
    is_anything_due: bool
    place: Seen


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


_LOOKS = func.coalesce(
    select(OfferRevision.number).where(OfferRevision.subject == LOOKS).scalar_subquery(), 0
)


def _statement(role: Role) -> Select[*tuple[Any, ...]]:
    first, second = _fingerprint(role)
    return select(
        *VIEWER_COLUMNS,
        ANYTHING_DUE.label("is_anything_due"),
        select(func.coalesce(func.max(StatusChange.id), 0)).scalar_subquery().label("head"),
        first.scalar_subquery().label("first"),
        second.scalar_subquery().label("second"),
        _LOOKS.label("looks"),
    ).where(User.id == VIEWER, User.session_epoch == bindparam("epoch"), User.role == role)


_QUESTIONS: Mapping[Role, Question] = {role: Question(_statement(role)) for role in Role}


def pulse(engine: Engine, *, viewer_id: int, epoch: int, role: Role, now: datetime) -> Pulse | None:
    """One statement, no lock; None where nobody is signed in with this id, epoch and role.

    `now` is in UTC. The place is read in one moment, before anything that it speaks for: a change
    that commits later is then told later. The other way round it would never be told.
    """
    rows = _QUESTIONS[role].raw(engine, viewer=viewer_id, epoch=epoch, now=now)
    return _read(rows[0], engine.name, role) if rows else None


@lru_cache(_KEPT)  # Nearly always the answer is that of a minute ago.
def _read(raw: Raw, engine: str, role: Role) -> Pulse:
    row = _QUESTIONS[role].row(engine, raw)
    # `looks` grows with each change of a name or a meeting room, which no booking counts.
    place = Seen(row.head, (int(row.first), int(row.second) + row.looks))
    return Pulse(viewer_from(row), row.is_anything_due, place)
