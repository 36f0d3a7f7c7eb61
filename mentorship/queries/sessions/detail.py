"""One session with all that happened to it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lifecycle import OPEN, Party, Status
from mentorship.domain.sessions.updates import rule_of_change
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import BookingMove, SessionBooking, StatusChange, User
from mentorship.queries.sessions.dashboard import CARDS, Card, card


@dataclass(frozen=True)
class Happening:
    """One line of a session's history. Instants in UTC; nobody did what the clock did."""

    at: datetime
    says: str
    who: str | None
    reason: str | None = None
    old_start: datetime | None = None
    new_start: datetime | None = None


@dataclass(frozen=True)
class SessionPage:
    """A session as its viewer sees it. `beside` are the others of its group, for who leads it."""

    card: Card
    party: Party
    slot_id: int
    mentor_id: int
    student_id: int
    notes: str
    history: tuple[Happening, ...]
    beside: tuple[tuple[int, str], ...]
    is_movable: bool


def session_page(
    session: Session, viewer: Viewer, booking_id: int, *, now: datetime, cutoff: Cutoff
) -> SessionPage:
    """The session at `now` (UTC). Raises NotFound for a stranger or an unknown id."""
    row = session.execute(CARDS.where(SessionBooking.id == booking_id)).one_or_none()
    if row is None:
        raise NotFound(N_("There is no such session."))
    party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
    if party is None:
        raise NotFound(N_("There is no such session."))
    booking = session.get_one(SessionBooking, booking_id)
    return SessionPage(
        card=card(row, party, now=now, cutoff=cutoff),
        party=party,
        slot_id=booking.time_slot_id,
        mentor_id=booking.mentor_id,
        student_id=booking.student_id,
        notes=booking.notes,
        history=_history(session, booking, row.student),
        beside=() if party is Party.STUDENT else _beside(session, booking),
        is_movable=booking.status is Status.SCHEDULED and now < booking.start_time,
    )


def _history(session: Session, booking: SessionBooking, student: str) -> tuple[Happening, ...]:
    """Everything that happened, oldest first."""
    happenings = []
    if booking.booked_at is not None:
        happenings.append(Happening(booking.booked_at, N_("The session was booked."), student))
    moves = (
        select(BookingMove, User.name)
        .join(User, User.id == BookingMove.actor_id)
        .where(BookingMove.booking_id == booking.id)
        .order_by(BookingMove.id)
    )
    happenings += [
        Happening(
            move.moved_at, N_("The session was moved."), who, move.reason, move.old_start,
            move.new_start,
        )
        for move, who in session.execute(moves)
    ]  # fmt: skip
    changes = (
        select(StatusChange, User.name)
        .outerjoin(User, User.id == StatusChange.actor_id)
        .where(StatusChange.booking_id == booking.id)
        .order_by(StatusChange.id)
    )
    for change, who in session.execute(changes):
        rule = rule_of_change(
            change.old_status, change.new_status, by_clock=change.due_at is not None
        )
        is_cancelled = change.new_status is Status.CANCELLED
        reason = booking.cancel_reason if is_cancelled else None
        happenings.append(Happening(change.applied_at, rule.reason, who, reason))
    return tuple(sorted(happenings, key=lambda happening: happening.at))


def _beside(session: Session, booking: SessionBooking) -> tuple[tuple[int, str], ...]:
    rows = session.execute(
        select(SessionBooking.id, User.name)
        .join(User, User.id == SessionBooking.student_id)
        .where(
            SessionBooking.time_slot_id == booking.time_slot_id,
            SessionBooking.id != booking.id,
            SessionBooking.status.in_(OPEN),
        )
        .order_by(SessionBooking.seat)
    )
    return tuple((row.id, row.name) for row in rows)
