"""How many upcoming sessions a student has booked, and whether the limit is reached."""

from collections import Counter
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mentorship.domain.booking.limits import BookingLimits
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking

LIMITS_OPTION = "mentorship_booking_limits"
"""The execution option of an engine that carries the BookingLimits of the settings."""


def booking_limits(session: Session) -> BookingLimits:
    """The limits that the session's engine was given, or the default ones."""
    limits: BookingLimits = (
        session.connection().get_execution_options().get(LIMITS_OPTION, BookingLimits())
    )
    return limits


def open_bookings(session: Session, student_id: int, *, now: datetime) -> Counter[int]:
    """How many scheduled sessions of the student start after `now` (UTC), by mentor."""
    rows = session.execute(
        select(SessionBooking.mentor_id, func.count())
        .where(
            SessionBooking.student_id == student_id,
            SessionBooking.start_time > now,
            SessionBooking.status == Status.SCHEDULED,
        )
        .group_by(SessionBooking.mentor_id)
    )
    counts: Counter[int] = Counter()
    for mentor_id, count in rows:
        counts[mentor_id] = count
    return counts


def refusal_at_limit(
    session: Session, student_id: int, mentor_id: int, mentor: str, *, now: datetime
) -> str | None:
    """Why the student cannot book another session with this mentor at `now` (UTC), or None.

    Two requests of one student see each other's bookings only while the student is locked.
    """
    counts = open_bookings(session, student_id, now=now)
    return booking_limits(session).refusal(
        total=counts.total(), with_mentor=counts[mentor_id], mentor=mentor
    )
