"""Where a session meets."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import OPEN, Party
from mentorship.domain.sessions.meeting_links import clean_link
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import MentorTimeSlot, SessionBooking
from mentorship.services.shared.locks import lock_people, lock_slots


def set_meeting_link(session: Session, *, booking_id: int, viewer: Viewer, url: str) -> None:
    """Set the meeting link of a session, and of the others in its group, and commit.

    With an empty `url` the mentor's default link is used again.

    Raises NotFound for a stranger, Forbidden for anybody but the mentor, InvalidInput for an
    invalid web address, and Conflict once the session is over.
    """
    url = clean_link(url, what=N_("The meeting link"))
    begin_write(session)
    try:
        place = session.execute(
            select(SessionBooking.time_slot_id, SessionBooking.mentor_id).where(
                SessionBooking.id == booking_id
            )
        ).one_or_none()
        if place is None:
            raise NotFound(N_("There is no such session."))
        lock_people(session, [place.mentor_id])
        slots = lock_slots(session, [place.time_slot_id])
        booking = session.scalars(
            select(SessionBooking).where(SessionBooking.id == booking_id).with_for_update()
        ).one()
        party = viewer.party(student_id=booking.student_id, mentor_id=booking.mentor_id)
        if party is None:
            raise NotFound(N_("There is no such session."))
        if party is not Party.MENTOR:
            raise Forbidden(N_("Only the mentor can change the meeting link."))
        if booking.status not in OPEN or booking.time_slot_id not in slots:
            raise Conflict(
                N_("This session is over or was just moved."),
                status=booking.status,
                is_delayed=booking.is_delayed,
            )
        slots[booking.time_slot_id].meeting_url = url
        session.commit()
    except (NotFound, Forbidden, Conflict):
        session.rollback()
        raise


def store_meeting_link(old: MentorTimeSlot, new: MentorTimeSlot, *, goes_along: bool) -> None:
    """A session that moves keeps its own meeting link; a group's link stays with the group.

    It `goes_along` where the whole group moves.
    """
    if goes_along:
        new.meeting_url, old.meeting_url = old.meeting_url, ""
    if old.capacity > 1:
        return
    if new.capacity == 1:
        new.meeting_url = old.meeting_url
    old.meeting_url = ""


def clear_meeting_link(session: Session, slot_id: int) -> None:
    """Remove the link of a slot for one, so that the next student does not get it. No commit."""
    session.execute(
        update(MentorTimeSlot)
        .where(
            MentorTimeSlot.id == slot_id,
            MentorTimeSlot.capacity == 1,
            MentorTimeSlot.meeting_url != "",
        )
        .values(meeting_url="")
    )
