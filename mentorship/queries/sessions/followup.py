"""Where a session meets, and what was added to it afterwards, as its viewer may see it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import OPEN, Party, Status
from mentorship.domain.sessions.meeting_links import room_opens
from mentorship.models import (
    MentorProfile,
    MentorTimeSlot,
    SessionBooking,
    SessionFeedback,
    SessionRecording,
)
from mentorship.queries.sessions.detail import SessionPage


@dataclass(frozen=True)
class SessionFollowup:
    """What belongs to a session besides its transitions.

    `room` is empty where there is none to show now; `room_opens` (UTC) is when one will be.
    `own_room` is for the mentor who may change it, and so are `private_notes`.
    """

    is_open: bool
    is_completed: bool
    room: str
    room_opens: datetime | None
    own_room: str
    recording: str
    rating: int | None
    comment: str
    summary: str
    private_notes: str


def session_followup(session: Session, page: SessionPage, *, now: datetime) -> SessionFollowup:
    """What the viewer of `page` may see at `now` (UTC). An admin does not take part in meetings."""
    row = session.execute(
        select(
            SessionBooking.status,
            SessionBooking.start_time,
            SessionBooking.started_at,
            MentorTimeSlot.meeting_url.label("own"),
            MentorProfile.meeting_url.label("standing"),
            SessionRecording.url,
            SessionFeedback.rating,
            SessionFeedback.comment,
            SessionFeedback.summary,
            SessionFeedback.private_notes,
        )
        .join(MentorTimeSlot, MentorTimeSlot.id == SessionBooking.time_slot_id)
        .outerjoin(MentorProfile, MentorProfile.mentor_id == SessionBooking.mentor_id)
        .outerjoin(SessionRecording, SessionRecording.booking_id == SessionBooking.id)
        .outerjoin(SessionFeedback, SessionFeedback.booking_id == SessionBooking.id)
        .where(SessionBooking.id == page.card.id)
    ).one()
    room = "" if page.party is Party.ADMIN else row.own or row.standing or ""
    is_open = row.status in OPEN
    opens = room_opens(row.start_time, row.started_at)
    is_mentor = page.party is Party.MENTOR
    return SessionFollowup(
        is_open=is_open,
        is_completed=row.status is Status.COMPLETED,
        room=room if is_open and now >= opens else "",
        room_opens=opens if room and is_open and now < opens else None,
        own_room=row.own if is_mentor else "",
        recording=row.url or "",
        rating=row.rating,
        comment=row.comment or "",
        summary=row.summary or "",
        private_notes=(row.private_notes or "") if is_mentor else "",
    )
