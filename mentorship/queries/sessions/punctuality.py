"""The last sessions of mentors, from which their punctuality is computed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, null, or_, select, union_all
from sqlalchemy.orm import Session

from mentorship.database import UtcDateTime
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.sessions.punctuality import (
    LAST_SESSIONS,
    PastSession,
    Punctuality,
    punctuality_of,
)
from mentorship.models import Cause, SessionBooking, StatusChange
from mentorship.queries.sessions.outcomes import is_disputed, outcome_value

_B = SessionBooking

_CANCELLED_BY_MENTOR = and_(
    _B.status == Status.CANCELLED,
    select(StatusChange.id)
    .where(
        StatusChange.booking_id == _B.id,
        StatusChange.action == Action.CANCEL,
        StatusChange.cause == Cause.MENTOR,
    )
    .exists(),
)

_IS_MISSED = outcome_value() == OutcomeWord.MENTOR_ABSENT

_BEGAN_OR_MISSED = and_(
    _B.status != Status.CANCELLED,
    or_(_B.started_at.is_not(None), _IS_MISSED),
    ~is_disputed(),
)


def punctuality_of_mentors(
    session: Session, mentor_ids: Sequence[int], *, now: datetime
) -> dict[int, Punctuality]:
    """The punctuality of these mentors at `now` (UTC), by id, without those with few sessions.

    Sessions count if their start time has passed and the mentor began, missed or cancelled them.
    Disputed sessions are left out. A group is one session, which began with its first student.
    """
    if not mentor_ids:
        return {}
    asked = {f"mentor{number}": mentor_id for number, mentor_id in enumerate(mentor_ids)}
    rows = session.execute(_last_sessions(len(mentor_ids)), {"now": now, **asked})
    meetings: Mapping[int, dict[int, PastSession]] = defaultdict(dict)
    for row in rows:
        past = PastSession(row.start_time, row.began_at, row.cancelled_at)
        known = meetings[row.mentor_id].setdefault(row.time_slot_id, past)
        meetings[row.mentor_id][row.time_slot_id] = _better_known(known, past)
    found = {mentor_id: punctuality_of(past.values()) for mentor_id, past in meetings.items()}
    return {mentor_id: figures for mentor_id, figures in found.items() if figures is not None}


def _better_known(one: PastSession, other: PastSession) -> PastSession:
    """The better-known of two sessions of a group: it began first, or was not cancelled."""
    if one.started_at and other.started_at:
        return min(one, other, key=lambda past: past.started_at or past.start_time)
    if one.started_at or other.started_at:
        return one if one.started_at else other
    return other if one.cancelled_at else one


@cache
def _last_sessions(mentors: int) -> Select[*tuple[Any, ...]]:
    """The last sessions of this number of mentors; an index has those of each in order."""
    each = [
        select(
            _B.mentor_id,
            _B.time_slot_id,
            _B.start_time,
            case((_IS_MISSED, null()), else_=_B.started_at).label("began_at"),
            _B.cancelled_at,
        )
        .where(
            _B.mentor_id == bindparam(f"mentor{number}"),
            _B.start_time <= bindparam("now", type_=UtcDateTime),
            or_(_BEGAN_OR_MISSED, _CANCELLED_BY_MENTOR),
        )
        .order_by(_B.start_time.desc(), _B.id.desc())
        .limit(LAST_SESSIONS)
        .subquery()
        for number in range(mentors)
    ]
    everything = union_all(*map(select, each)).subquery()
    return select(everything)
