"""How many sessions of a student are still to come."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking


def open_bookings(
    session: Session, student_id: int, *, mentor_id: int, now: datetime
) -> tuple[int, int]:
    """The student's scheduled sessions that start after `now` (UTC): all, and with this mentor."""
    total, with_mentor = session.execute(
        select(func.count(), func.count().filter(SessionBooking.mentor_id == mentor_id)).where(
            SessionBooking.student_id == student_id,
            SessionBooking.start_time > now,
            SessionBooking.status == Status.SCHEDULED,
        )
    ).one()
    return total, with_mentor
