"""An admin sets a session to the status that it should have had."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.corrections import decide_correction
from mentorship.domain.sessions.lifecycle import Action, Apply, Refused, Status
from mentorship.domain.shared.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    ProductError,
)
from mentorship.domain.shared.messages import N_
from mentorship.models import Cause, MentorTimeSlot
from mentorship.services.booking.book import seat_in
from mentorship.services.booking.waiting_list import leave_for_booking
from mentorship.services.sessions.actions import (
    ActionResult,
    Change,
    booking_of,
    state_of,
    store_change,
)
from mentorship.services.sessions.reopening import apply_clock, lock_meeting, time_is_taken


@dataclass(frozen=True)
class Correction:
    """The status that a session should have; without `is_delayed` the flag does not change."""

    status: Status
    is_delayed: bool | None
    reason: str


def correct_status(
    session: Session, *, booking_id: int, correction: Correction, viewer: Viewer, now: datetime
) -> ActionResult:
    """Set a session to another status for `viewer`, an admin, at `now` (UTC), and commit.

    1. Lock the people, the slot and its bookings.
    2. Apply the transitions of the clock that are due.
    3. Refuse what `domain.sessions.corrections` refuses, and a cancelled session whose seat is
       taken.
    4. Store the status with a journal row, its reason, and mail to both people.

    Raises NotFound for a stranger or an unknown id, Forbidden for anybody but an admin,
    InvalidInput for a status that does not exist or without a reason, and Conflict where the
    session cannot have this status now.
    """
    _check(correction)
    begin_write(session)
    try:
        bookings = lock_meeting(session, booking_id)
        booking, _party = booking_of(viewer, booking_id, bookings)
        if not viewer.is_admin:
            raise Forbidden(N_("Only admins can do this."))
        if apply_clock(session, [booking], cause=Cause.ADMIN, viewer_id=viewer.id, now=now):
            booking, _party = booking_of(viewer, booking_id, lock_meeting(session, booking_id))
        decision = decide_correction(
            state_of(booking),
            correction.status,
            is_delayed=_flag(correction, booking),
            now=now,
        )
        if isinstance(decision, Apply):
            columns = _columns(session, booking, correction, now=now)
            change = Change(
                decision.rule,
                Cause.ADMIN,
                viewer.id,
                correction.reason,
                columns={booking_id: columns},
            )
            store_change(session, change, [booking], now=now)
            booking, _party = booking_of(viewer, booking_id, lock_meeting(session, booking_id))
        session.commit()
    except ProductError:
        session.rollback()
        raise
    except IntegrityError:
        session.rollback()
        raise time_is_taken(session, booking_id) from None
    if isinstance(decision, Refused):
        raise _conflict(decision.message, booking)
    return ActionResult(
        booking_id,
        Action.CORRECT,
        booking["status"],
        booking["is_delayed"],
        isinstance(decision, Apply),
        booking["topic"],
    )


def _check(correction: Correction) -> None:
    """Raises InvalidInput."""
    if correction.status is Status.CANCELLED:
        raise InvalidInput(N_("To cancel a session, use the action “cancel”."))
    if correction.status is Status.SCHEDULED and correction.is_delayed:
        raise InvalidInput(N_("A scheduled session cannot be delayed."))
    if not correction.reason:
        raise InvalidInput(N_("Please give a reason for the correction."))


def _flag(correction: Correction, booking: RowMapping) -> bool:
    """Whether the session should be delayed."""
    if correction.is_delayed is not None:
        return correction.is_delayed
    return correction.status is not Status.SCHEDULED and bool(booking["is_delayed"])


_NOTHING_SAID = dict.fromkeys(
    (
        "mentor_says",
        "mentor_said_at",
        "student_says",
        "student_said_at",
        "decided_outcome",
        "decided_at",
        "decided_by",
    )
)


def _columns(
    session: Session, booking: RowMapping, correction: Correction, *, now: datetime
) -> dict[str, object]:
    """The other columns that change. Raises Conflict if the seat is taken."""
    columns: dict[str, object] = {}
    if correction.status is Status.SCHEDULED:
        columns |= _NOTHING_SAID  # The session is still to come.
    if booking["status"] is Status.CANCELLED:
        columns |= {"seat": _free_seat(session, booking, now=now)}
    return columns


def _free_seat(session: Session, booking: RowMapping, *, now: datetime) -> object:
    """A free seat, in the locked slot, for a booking that had given up its own."""
    slot = session.get_one(MentorTimeSlot, booking["time_slot_id"])
    is_held = slot.held_until is not None and now < slot.held_until
    if is_held and slot.held_for != booking["student_id"]:
        raise _conflict(
            N_("The time of this session is held for somebody on the waiting list."), booking
        )
    if slot.held_for == booking["student_id"]:
        leave_for_booking(session, slot, booking["student_id"])
    seat = seat_in(session, slot)["seat"]
    if seat not in range(1, slot.capacity + 1):
        raise _conflict(N_("Somebody else has booked the time of this session since."), booking)
    return seat


def _conflict(message: str, booking: RowMapping) -> Conflict:
    return Conflict(message, status=booking["status"], is_delayed=booking["is_delayed"])
