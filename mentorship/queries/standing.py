"""Whether what was drawn of mentors' offers still holds, and until when the clock lets it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Engine,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from mentorship.database import UtcDateTime
from mentorship.models import MentorTimeSlot, OfferRevision, SessionBooking
from mentorship.queries.free_times import AT_ONCE, Limits
from mentorship.question import Question

DIRECTORY = 0
"""The subject that stands for who is in the directory and what it says of them."""

LOOKS = -2
"""The subject that stands for how everybody is called and where sessions meet."""

_NOBODY = -1
_MOST = AT_ONCE + 1
_TICK = timedelta(microseconds=1)

_SLOT, _BOOKING = MentorTimeSlot, SessionBooking
_STUDENT: BindParameter[int] = bindparam("student_id")
_NOW = bindparam("now", type_=UtcDateTime)


class Standing(NamedTuple):
    """Where offers and a student stand: numbers that grow with each change and never fall back.

    `student_id` is None, and `own` 0, where neither a session of the student's nor a time that is
    held for them makes a difference: the student sees what everybody sees.
    """

    offers: int
    student_id: int | None
    own: int


_STANDING = Question(
    select(
        select(func.coalesce(func.sum(OfferRevision.number), 0))
        .where(OfferRevision.subject.in_([bindparam(f"subject_{each}") for each in range(_MOST)]))
        .scalar_subquery()
        .label("offers"),
        # Each booking begins with 1, each change adds 1, and none is ever deleted.
        select(func.coalesce(func.sum(_BOOKING.revision), 0))
        .where(_BOOKING.student_id == _STUDENT)
        .scalar_subquery()
        .label("own"),
        or_(
            select(_BOOKING.id)
            .where(
                _BOOKING.student_id == _STUDENT,
                literal_column("session_bookings.status IN ('SCHEDULED', 'ONGOING')"),
            )
            .exists(),
            select(_SLOT.id).where(_SLOT.held_until > _NOW, _SLOT.held_for == _STUDENT).exists(),
        ).label("is_concerned"),
    )
)


def standing(
    engine: Engine, *, subjects: Collection[int], student_id: int | None, now: datetime
) -> Standing:
    """One statement, no lock, at `now` (UTC); `subjects` are mentors and DIRECTORY.

    Ask it before what it speaks for is read: a change that commits in between is then noticed
    the next time.
    """
    asked: dict[str, object] = {f"subject_{each}": _NOBODY for each in range(_MOST)}
    asked |= {f"subject_{place}": subject for place, subject in enumerate(subjects)}
    (row,) = _STANDING.ask(engine, student_id=student_id or _NOBODY, now=now, **asked)
    if row.is_concerned:
        return Standing(row.offers, student_id, row.own)
    return Standing(row.offers, None, 0)


def _first(mentor: BindParameter[int], begins: ColumnElement[bool]) -> Any:
    return select(func.min(_SLOT.start_time)).where(_SLOT.mentor_id == mentor, begins)


def _changes_of(number: int) -> Select[*tuple[Any, ...]]:
    mentor: BindParameter[int] = bindparam(f"mentor_{number}")
    earliest, latest = (
        bindparam(f"{name}_{number}", type_=UtcDateTime) for name in ("earliest", "latest")
    )
    firsts = {
        "begins": _SLOT.start_time > _NOW,
        "is_too_soon": _SLOT.start_time >= earliest,
        "comes_near": _SLOT.start_time > latest,
    }
    return select(
        *(_first(mentor, when).scalar_subquery().label(name) for name, when in firsts.items())
    )


_CHANGES = Question(union_all(*(_changes_of(number) for number in range(AT_ONCE))))
_HOLDS = Question(select(func.min(_SLOT.held_until).label("ends")).where(_SLOT.held_until > _NOW))


def next_change(engine: Engine, mentors: Sequence[Limits], *, now: datetime) -> datetime | None:
    """The first instant after `now` (UTC) at which the clock may change what one of up to AT_ONCE
    mentors offers: a time begins, is too soon or not too far any more, or a hold runs out.
    """
    asked: dict[str, object] = {"now": now}
    for number in range(AT_ONCE):
        limits = mentors[number] if number < len(mentors) else None
        asked[f"mentor_{number}"] = limits.mentor_id if limits else _NOBODY
        asked[f"earliest_{number}"] = now + (limits.minimum_notice if limits else timedelta(0))
        asked[f"latest_{number}"] = now + (limits.horizon if limits else timedelta(0))
    changes = [hold.ends for hold in _HOLDS.ask(engine, now=now)]
    for limits, row in zip(mentors, _CHANGES.ask(engine, **asked), strict=False):
        changes.append(row.begins)
        # A time can still be booked at the instant itself, and one that comes near already can.
        changes.append(row.is_too_soon and row.is_too_soon - limits.minimum_notice + _TICK)
        changes.append(row.comes_near and row.comes_near - limits.horizon)
    return min(filter(None, changes), default=None)
