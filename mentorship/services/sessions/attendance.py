"""A mentor's answer for all students of a group at once."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import OUTCOME_TEXT, OutcomeWord, outcome_of
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.outcomes import statements_of
from mentorship.services.sessions.outcomes import OutcomeResult, say_outcome


def say_for_all(
    session: Session,
    *,
    booking_id: int,
    viewer: Viewer,
    word: OutcomeWord,
    reason: str | None,
    now: datetime,
    silence: timedelta,
) -> OutcomeResult:
    """Store a mentor's answer at `now` (UTC) for each student about whom there is none yet.

    Each session of the slot is answered in a transaction of its own, as by `say_outcome`; earlier
    answers stay, and settled sessions are left out. The result is that of `booking_id`; `changed`
    is whether any session of the slot was changed.

    Raises NotFound for a stranger or an unknown id, Forbidden for everybody but the mentor, and
    Conflict where nothing can be said about any of them.
    """
    changed, refusals = [], {}
    group = _group_of(session, booking_id, viewer)
    session.rollback()  # Each answer begins a transaction of its own.
    for each in group:
        try:
            result = say_outcome(
                session,
                booking_id=each,
                viewer=viewer,
                word=word,
                reason=reason,
                now=now,
                silence=silence,
                unless_said=True,
            )
            changed.append(result.changed)
        except (Conflict, NotFound) as refused:  # NotFound: the session went to another mentor.
            refusals[each] = refused
    if not changed:
        raise refusals.get(booking_id) or next(iter(refusals.values()))
    return _result(session, booking_id, word, now=now, silence=silence, changed=any(changed))


def _group_of(session: Session, booking_id: int, viewer: Viewer) -> list[int]:
    """The sessions of the group that were not cancelled, or only this one if it was."""
    booking = session.get(SessionBooking, booking_id)
    if booking is None:
        raise NotFound(N_("There is no such session."))
    party = viewer.party(student_id=booking.student_id, mentor_id=booking.mentor_id)
    if party is None:
        raise NotFound(N_("There is no such session."))
    if party is not Party.MENTOR:
        raise Forbidden(N_("Only the mentor of this session can do that."))
    if booking.status is Status.CANCELLED:
        return [booking_id]
    return list(
        session.scalars(
            select(SessionBooking.id)
            .where(
                SessionBooking.time_slot_id == booking.time_slot_id,
                SessionBooking.status != Status.CANCELLED,
            )
            .order_by(SessionBooking.seat, SessionBooking.id)
        )
    )


def _result(
    session: Session,
    booking_id: int,
    word: OutcomeWord,
    *,
    now: datetime,
    silence: timedelta,
    changed: bool,
) -> OutcomeResult:
    booking, decided_by = session.execute(
        select(SessionBooking, User.name)
        .outerjoin(User, User.id == SessionBooking.decided_by)
        .where(SessionBooking.id == booking_id)
    ).one()
    statements = statements_of(booking)
    return OutcomeResult(
        session_id=booking_id,
        status=booking.status,
        is_delayed=booking.is_delayed,
        statements=statements,
        outcome=outcome_of(statements, end_time=booking.end_time, now=now, silence=silence),
        decided_by=decided_by,
        changed=changed,
        message=(
            N_(
                "Your answer is saved for all students who had none: “%(outcome)s”.",
                outcome=OUTCOME_TEXT[word],
            )
            if changed
            else N_("You have answered for all students already.")
        ),
    )
