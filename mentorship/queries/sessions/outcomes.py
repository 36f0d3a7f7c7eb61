"""The outcome of sessions in SQL, as `domain.sessions.outcomes` computes it for one session."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.orm import Session

from mentorship.database import UtcDateTime, constant
from mentorship.domain.sessions.outcomes import (
    OutcomeState,
    OutcomeWord,
    Statement,
    Statements,
)
from mentorship.models import SessionBooking, User

_B = SessionBooking
_SAME = _B.mentor_says == _B.student_says
_BOTH_SPOKE = and_(_B.mentor_says.is_not(None), _B.student_says.is_not(None))
_NOBODY_SPOKE = and_(_B.mentor_says.is_(None), _B.student_says.is_(None))


def outcome_state(now: datetime, silence: timedelta) -> ColumnElement[str]:
    """The state at `now` (UTC); a claim is settled after the time of `silence`."""
    return outcome_state_since(literal(now - silence, UtcDateTime))


def outcome_state_since(latest: ColumnElement[datetime]) -> ColumnElement[str]:
    """The same for statements that are built once: `latest` is now minus the time of silence."""
    return case(
        (_B.decided_outcome.is_not(None), constant(OutcomeState.SETTLED)),
        (_NOBODY_SPOKE, constant(OutcomeState.OPEN)),
        (and_(_BOTH_SPOKE, ~_SAME), constant(OutcomeState.DISPUTED)),
        (or_(_BOTH_SPOKE, _silence_passed(latest)), constant(OutcomeState.SETTLED)),
        else_=constant(OutcomeState.CLAIMED),
    )


def outcome_value() -> ColumnElement[OutcomeWord | None]:
    """The settled or claimed word; NULL while the outcome is open or disputed."""
    return case(
        (_B.decided_outcome.is_not(None), _B.decided_outcome),
        (and_(_BOTH_SPOKE, ~_SAME), null()),
        else_=func.coalesce(_B.mentor_says, _B.student_says),
    )


def is_disputed() -> ColumnElement[bool]:
    """Whether the two sides say different things and no admin has decided."""
    return and_(_B.decided_outcome.is_(None), _BOTH_SPOKE, ~_SAME)


def _silence_passed(latest: ColumnElement[datetime]) -> ColumnElement[bool]:
    return and_(
        _B.end_time <= latest,
        func.coalesce(_B.mentor_said_at, _B.student_said_at) <= latest,
    )


def has_impartial_admin(session: Session, people: Collection[int]) -> bool:
    """Whether an admin can decide about a session of these people without being one of them."""
    admin = exists().where(User.is_admin, ~User.is_confirmation_pending, User.id.not_in(people))
    return bool(session.scalar(select(admin)))


def statements_of(booking: SessionBooking | RowMapping | Any) -> Statements:
    """The statements about a booking, from its row."""
    return Statements(
        mentor=_statement(booking.mentor_says, booking.mentor_said_at),
        student=_statement(booking.student_says, booking.student_said_at),
        decision=_statement(booking.decided_outcome, booking.decided_at),
    )


def _statement(word: OutcomeWord | None, at: datetime | None) -> Statement | None:
    return None if word is None or at is None else Statement(word, at)
