"""One session as its page shows it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lifecycle import OPEN, Party, Status
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.cards import CARDS, Card, card
from mentorship.queries.sessions.groups import seats_of_meetings
from mentorship.queries.sessions.lateness import lateness_of
from mentorship.queries.sessions.presses import undoable_presses


@dataclass(frozen=True)
class SessionPage:
    """A session as its viewer sees it. `others` are in its group but not on its card: id, student.

    They stand differently, as those of whom one has ended early. Students do not see the others.
    """

    card: Card
    party: Party
    slot_id: int
    mentor_id: int
    student_id: int
    notes: str
    others: tuple[tuple[int, str], ...]
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
    seats = seats_of_meetings(session, viewer.id, [row])
    on_card = {each.id for each in seats.get(booking_id, ())}
    booking = session.get_one(SessionBooking, booking_id)
    lateness = lateness_of(session, [row], seats, now=now).get(booking_id)
    press = undoable_presses(session, viewer.id, now=now).get(booking_id)
    return SessionPage(
        card=card(
            row, party, now=now, cutoff=cutoff, press=press, seats=seats.get(booking_id, ())
        )._replace(lateness=lateness),
        party=party,
        slot_id=booking.time_slot_id,
        mentor_id=booking.mentor_id,
        student_id=booking.student_id,
        notes=booking.notes,
        others=()
        if party is Party.STUDENT
        else tuple(each for each in _others_in_group(session, booking) if each[0] not in on_card),
        is_movable=booking.status is Status.SCHEDULED and now < booking.start_time,
    )


def _others_in_group(session: Session, booking: SessionBooking) -> tuple[tuple[int, str], ...]:
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
