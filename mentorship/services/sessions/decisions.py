"""An admin decides about several sessions of the queue at once, for one reason."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from mentorship.models import SessionBooking
from mentorship.queries.sessions.outcomes import has_impartial_admin
from mentorship.services.sessions.outcomes import NEEDS_REASON, OWN_CASE, decide_outcome


@dataclass(frozen=True)
class Decisions:
    """How many sessions of a list were decided, and how many could not be decided."""

    decided: int
    refused: int


def decide_outcomes(
    session: Session,
    *,
    booking_ids: Collection[int],
    viewer: Viewer,
    word: OutcomeWord,
    reason: str | None,
    now: datetime,
    silence: timedelta,
) -> Decisions:
    """Decide about several sessions for one reason, each in a transaction of its own.

    Raises InvalidInput without a reason, and Forbidden, before anything is written, where one of
    the sessions is the viewer's own and another admin can decide about it. Sessions that are
    unknown, cancelled or still to come are counted as refused.
    """
    if not reason:
        raise InvalidInput(NEEDS_REASON)
    ids = sorted(set(booking_ids))
    _refuse_own_cases(session, ids, viewer)
    refused = 0
    for booking_id in ids:
        try:
            decide_outcome(
                session,
                booking_id=booking_id,
                viewer=viewer,
                word=word,
                reason=reason,
                now=now,
                silence=silence,
            )
        except (NotFound, Conflict):
            refused += 1
    return Decisions(len(ids) - refused, refused)


def _refuse_own_cases(session: Session, ids: Collection[int], viewer: Viewer) -> None:
    rows = session.execute(
        select(SessionBooking.mentor_id, SessionBooking.student_id).where(
            SessionBooking.id.in_(ids)
        )
    )
    own = {frozenset(row) for row in rows if viewer.id in row}
    is_refused = any(has_impartial_admin(session, people) for people in own)
    session.rollback()
    if is_refused:
        raise Forbidden(OWN_CASE)
