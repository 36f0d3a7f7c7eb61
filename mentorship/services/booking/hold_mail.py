"""Mail about slots that are held for a student on a waiting list, as facts."""

from datetime import datetime

from mentorship.domain.mail import HoldEnd, HoldEnded, SlotHeld
from mentorship.models import MentorTimeSlot, User
from mentorship.queries.booking.free_slots import Obstacle
from mentorship.services.mail.outbox import Mail

_REASONS = {
    None: HoldEnd.EXPIRED,
    Obstacle.BUSY: HoldEnd.STUDENT_BUSY,
    Obstacle.AT_LIMIT: HoldEnd.STUDENT_AT_LIMIT,
}


def mail_about_hold(
    student: User, mentor: User, slot: MentorTimeSlot, *, key: str, until: datetime
) -> Mail:
    """The mail that a slot is held until `until` (UTC), after which the mail is not sent."""
    facts = SlotHeld(mentor=mentor.name, start=slot.start_time, until=until)
    return Mail(facts, key=key, reader_id=student.id, not_after=until)


def mail_about_lost_hold(
    student: User,
    mentor: User,
    slot: MentorTimeSlot,
    obstacle: Obstacle | None,
    *,
    key: str,
    until: datetime,
) -> Mail:
    """The mail that the hold ended at `until` (UTC), or earlier because of the obstacle."""
    facts = HoldEnded(
        mentor=mentor.name,
        start=slot.start_time,
        until=until,
        reason=_REASONS.get(obstacle, HoldEnd.NOT_BOOKABLE),
    )
    return Mail(facts, key=key, reader_id=student.id)
