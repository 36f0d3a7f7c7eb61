"""Shared steps of undo and correction, after which a session that was over may be open again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import CLOCK_RULES
from mentorship.domain.shared.errors import Conflict
from mentorship.domain.shared.messages import N_
from mentorship.models import Cause, SessionBooking, table_of
from mentorship.services.sessions.actions import Change, matching, store_change
from mentorship.services.shared.locks import lock_people, lock_slots

_BOOKINGS = table_of(SessionBooking)


def lock_meeting(session: Session, booking_id: int) -> Sequence[RowMapping]:
    """The booking and all others of its slot, by id, with their people locked; empty if unknown.

    The people are locked because an open session keeps them from other sessions at its time.
    """
    while True:
        slot_id = session.scalar(
            select(_BOOKINGS.c.time_slot_id).where(_BOOKINGS.c.id == booking_id)
        )
        if slot_id is None:
            return []
        in_slot = select(_BOOKINGS).where(_BOOKINGS.c.time_slot_id == slot_id)
        people = session.execute(
            in_slot.with_only_columns(_BOOKINGS.c.mentor_id, _BOOKINGS.c.student_id)
        )
        lock_people(session, {person for row in people for person in row})
        lock_slots(session, [slot_id])
        found = in_slot.order_by(_BOOKINGS.c.id).with_for_update()
        bookings = session.execute(found).mappings().all()
        if any(booking["id"] == booking_id for booking in bookings):
            return bookings
        session.rollback()  # The booking was moved to another slot before this one was locked.
        begin_write(session)


def apply_clock(
    session: Session, bookings: Sequence[RowMapping], *, cause: Cause, viewer_id: int, now: datetime
) -> bool:
    """Apply the clock's transitions due at `now` (UTC) to locked bookings; False without any."""
    is_anything_due = False
    for rule in CLOCK_RULES:
        due = matching(rule, bookings, now)
        if due:
            store_change(session, Change(rule, cause, viewer_id, None), due, now=now)
            is_anything_due = True
    return is_anything_due


def time_is_taken(session: Session, booking_id: int) -> Conflict:
    """The refusal if the database keeps a session from being open again."""
    booking = session.execute(
        select(_BOOKINGS.c.status, _BOOKINGS.c.is_delayed).where(_BOOKINGS.c.id == booking_id)
    ).one()
    session.rollback()
    return Conflict(
        N_(
            "The time of this session has been taken since: one of its people has another session "
            "then, or the time is no longer offered."
        ),
        status=booking.status,
        is_delayed=booking.is_delayed,
    )
