"""Moving a booked session to another time of the same mentor."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import IS_OVER, Party, Status
from mentorship.domain.shared.errors import Conflict, NotFound, ProductError
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import (
    BookingMove,
    Cause,
    LateNotice,
    MentorTimeSlot,
    SessionBooking,
    table_of,
)
from mentorship.services.booking.book import refuse_unless_free, seat_in
from mentorship.services.booking.holds import hold_free_slots
from mentorship.services.booking.waiting_list import leave_for_booking
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.mail.unsent import merge_move
from mentorship.services.sessions.meeting_rooms import store_meeting_link
from mentorship.services.shared.locks import lock_people, lock_slots
from mentorship.services.webhooks.calls import enqueue_event_calls

_BOOKINGS = table_of(SessionBooking)


@dataclass(frozen=True)
class Moved:
    """The new time of the session (UTC); `changed` is false if it was there already."""

    session_id: int
    slot_id: int
    start_time: datetime
    end_time: datetime
    changed: bool

    @property
    def message(self) -> str:
        """What happened, for the person who moved it."""
        return (
            N_("The session has been moved.")
            if self.changed
            else N_("The session is already at that time.")
        )


def move_session(
    session: Session,
    *,
    booking_id: int,
    slot_id: int,
    viewer: Viewer,
    reason: str | None,
    now: datetime,
    cutoff: Cutoff,
) -> Moved:
    """Move a session that has not begun to another free slot of its mentor at `now`, and commit.

    It stays the same booking in the same status. Its old time is free at once, first for the
    waiting list. A `BookingMove` records who moved it, and why.

    Raises NotFound for a stranger or an unknown session or slot, Conflict if the session has begun,
    is over, or a student is too late, and NotFree if the new time is not free.
    """
    try:
        place = _visible(session, booking_id, viewer)
        begin_write(session)
        lock_people(session, [place["student_id"], place["mentor_id"]])
        # The locks on its people keep the booking in place, because every move takes them first.
        old_id = _visible(session, booking_id, viewer)["time_slot_id"]
        slots = lock_slots(session, [old_id, slot_id])
        booking = _visible(session, booking_id, viewer, locked=True)
        slot = slots.get(slot_id)
        if slot is None or slot.mentor_id != booking["mentor_id"]:
            raise NotFound(N_("There is no such time."))
        if slot.id == old_id and booking["status"] is Status.SCHEDULED:
            session.rollback()
            return Moved(booking_id, slot_id, booking["start_time"], booking["end_time"], False)
        _refuse_unless_movable(booking, viewer, cutoff, now=now)
        refuse_unless_free(
            session,
            slot_id,
            booking["mentor_id"],
            booking["student_id"],
            now=now,
            moving=booking_id,
        )
        store_meeting_link(slots[old_id], slot)
        _store(session, booking, slot, viewer, reason, now=now)
        session.commit()
    except ProductError:
        session.rollback()
        raise
    except IntegrityError:
        # A writer without these locks (an import) was faster; the new state says why it is not
        # free.
        session.rollback()
        refuse_unless_free(
            session, slot_id, place["mentor_id"], place["student_id"], now=now, moving=booking_id
        )
        raise
    return Moved(booking_id, slot.id, slot.start_time, slot.end_time, True)


def _visible(
    session: Session, booking_id: int, viewer: Viewer, *, locked: bool = False
) -> RowMapping:
    """The booking, if the viewer may see it. Raises NotFound."""
    statement = select(_BOOKINGS).where(_BOOKINGS.c.id == booking_id)
    if locked:
        statement = statement.with_for_update()
    booking = session.execute(statement).mappings().one_or_none()
    if booking is None or not viewer.takes_part(
        student_id=booking["student_id"], mentor_id=booking["mentor_id"]
    ):
        raise NotFound(N_("There is no such session."))
    return booking


def _refuse_unless_movable(
    booking: RowMapping, viewer: Viewer, cutoff: Cutoff, *, now: datetime
) -> None:
    status, start = booking["status"], booking["start_time"]
    message: str | None = None
    if status in IS_OVER:
        message = IS_OVER[status]
    elif status is Status.ONGOING or start <= now:
        message = N_("This session has started, so it can no longer be moved.")
    elif cutoff.refuses(_party(booking, viewer), start, now):
        message = cutoff.message(start, viewer.timezone)
    if message:
        raise Conflict(message, status=status, is_delayed=booking["is_delayed"])


def _party(booking: RowMapping, viewer: Viewer) -> Party:
    party = viewer.party(student_id=booking["student_id"], mentor_id=booking["mentor_id"])
    assert party is not None, "a stranger does not see the session"
    return party


def _store(
    session: Session,
    booking: RowMapping,
    slot: MentorTimeSlot,
    viewer: Viewer,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    session.execute(
        update(_BOOKINGS)
        .where(_BOOKINGS.c.id == booking["id"])
        .values(revision=_BOOKINGS.c.revision + 1, **seat_in(session, slot))
    )
    session.execute(delete(LateNotice).where(LateNotice.booking_id == booking["id"]))
    leave_for_booking(session, slot, booking["student_id"])
    hold_free_slots(session, slot.mentor_id, now=now, freed=booking["time_slot_id"])
    # Polls of all sessions ask for ids above the last one seen, so ids must follow the commits.
    lock_journal(session)
    move_id = session.scalar(
        insert(BookingMove)
        .values(
            booking_id=booking["id"],
            old_slot_id=booking["time_slot_id"],
            new_slot_id=slot.id,
            old_start=booking["start_time"],
            old_end=booking["end_time"],
            new_start=slot.start_time,
            new_end=slot.end_time,
            cause=Cause(_party(booking, viewer).value),
            actor_id=viewer.id,
            reason=reason,
            moved_at=now,
        )
        .returning(BookingMove.id)
    )
    told = merge_move(session, booking["id"], slot, now=now)
    enqueue_booking_mail(
        session,
        MailKind.MOVED,
        booking_id=booking["id"],
        move_id=move_id,
        now=now,
        leave_out=told,
    )
    enqueue_event_calls(
        session, EventKind.MOVED, booking_id=booking["id"], move_id=move_id, now=now
    )
