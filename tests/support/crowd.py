"""Many bookings at once, stored by the database itself."""

from datetime import datetime, timedelta

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from mentorship.models import MentorTimeSlot
from tests.support.builders import Cast


def many(session: Session, cast: Cast, count: int, *, starts: datetime) -> None:
    """Store `count` bookings in one large slot: every second one SCHEDULED, the others started."""
    slot = {
        "mentor_id": cast.mentor.id,
        "start_time": starts,
        "end_time": starts + timedelta(hours=1),
    }
    slot_id = session.scalar(
        insert(MentorTimeSlot)
        .values(**slot, capacity=count, is_exclusive=False)
        .returning(MentorTimeSlot.id)
    )
    session.execute(
        text(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :count) "
            "INSERT INTO session_bookings (student_id, time_slot_id, mentor_id, start_time, "
            "end_time, slot_capacity, slot_is_exclusive, seat, status) "
            "SELECT :student, s.id, s.mentor_id, s.start_time, s.end_time, s.capacity, FALSE, n.i, "
            "CASE WHEN n.i % 2 = 0 THEN 'SCHEDULED' ELSE 'ONGOING' END "
            "FROM n, mentor_time_slots s WHERE s.id = :slot"
        ),
        {"count": count, "student": cast.student.id, "slot": slot_id},
    )
    session.commit()
