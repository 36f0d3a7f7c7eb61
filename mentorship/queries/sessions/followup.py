"""The meeting link of a session and what people added to it, as the viewer may see it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, select
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
    """What belongs to a session besides its transitions; instants in UTC.

    `room` is the link to join the meeting, empty unless it can be joined now; `room_opens` is when
    it can be. Only the mentor gets `own_room`, the link of this session alone, and `private_notes`.
    `recording_added_at` is None if there is no recording.
    """

    is_open: bool
    is_completed: bool
    room: str
    room_opens: datetime | None
    own_room: str
    recording: str
    recording_added_at: datetime | None
    rating: int | None
    comment: str
    summary: str
    private_notes: str


_FOLLOWUP: Select[*tuple[Any, ...]] = (
    select(
        SessionBooking.status,
        SessionBooking.start_time,
        SessionBooking.started_at,
        MentorTimeSlot.meeting_url.label("own_room"),
        MentorProfile.meeting_url.label("default_room"),
        SessionRecording.url.label("recording"),
        SessionRecording.added_at.label("recording_added_at"),
        SessionFeedback.rating,
        SessionFeedback.comment,
        SessionFeedback.summary,
        SessionFeedback.private_notes,
    )
    .join(MentorTimeSlot, MentorTimeSlot.id == SessionBooking.time_slot_id)
    .outerjoin(MentorProfile, MentorProfile.mentor_id == SessionBooking.mentor_id)
    .outerjoin(SessionRecording, SessionRecording.booking_id == SessionBooking.id)
    .outerjoin(SessionFeedback, SessionFeedback.booking_id == SessionBooking.id)
    .where(SessionBooking.id == bindparam("booking_id"))
)


def session_followup(session: Session, page: SessionPage, *, now: datetime) -> SessionFollowup:
    """The followup of a session as the viewer of `page` may see it at `now` (UTC)."""
    row = session.execute(_FOLLOWUP, {"booking_id": page.card.id}).one()
    room, opens = _room(row, page.party, now)
    is_mentor = page.party is Party.MENTOR
    return SessionFollowup(
        is_open=row.status in OPEN,
        is_completed=row.status is Status.COMPLETED,
        room=room,
        room_opens=opens,
        own_room=row.own_room if is_mentor else "",
        recording=row.recording or "",
        recording_added_at=row.recording_added_at,
        rating=row.rating,
        comment=row.comment or "",
        summary=row.summary or "",
        private_notes=(row.private_notes or "") if is_mentor else "",
    )


def _room(row: Any, party: Party, now: datetime) -> tuple[str, datetime | None]:
    """The link to the meeting if it can be joined now, else when it opens (UTC).

    Admins do not take part in meetings, and nobody joins one that is over.
    """
    room = row.own_room or row.default_room or ""
    if party is Party.ADMIN or not room or row.status not in OPEN:
        return "", None
    opens = room_opens(row.start_time, row.started_at)
    return (room, None) if now >= opens else ("", opens)
