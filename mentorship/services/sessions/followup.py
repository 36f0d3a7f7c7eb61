"""What people add to a completed session: its recording, feedback and notes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.meeting_links import clean_link
from mentorship.domain.shared.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    ProductError,
)
from mentorship.domain.shared.messages import N_
from mentorship.models import SessionBooking, SessionFeedback, SessionRecording
from mentorship.services.booking.mentor_profile import clean_lines
from mentorship.services.sessions.revisions import count_additions

LONGEST_COMMENT, LONGEST_SUMMARY = 2000, 4000


def set_recording(
    session: Session, *, booking_id: int, viewer: Viewer, url: str, now: datetime
) -> None:
    """Set the link to the recording of a completed session, and commit; empty removes it.

    Raises NotFound for a stranger, Forbidden for a student, InvalidInput for an invalid web
    address, and Conflict while the session is not completed.
    """
    url = clean_link(url, what=N_("The recording link"))
    with _completed(session, booking_id) as booking:
        if _party(booking, viewer) is Party.STUDENT:
            raise Forbidden(N_("Only the mentor can add a recording."))
        _refuse_unless_completed(booking)
        store_recording(session, booking_id, url, now=now)


def store_recording(session: Session, booking_id: int, url: str, *, now: datetime) -> bool:
    """Store the link; returns whether it has changed. Does not commit.

    Call it with the booking locked.
    """
    kept = session.get(SessionRecording, booking_id)
    if (kept.url if kept else "") == url:
        return False
    if kept is None:
        session.add(SessionRecording(booking_id=booking_id, url=url, added_at=now))
    elif url:
        kept.url, kept.added_at = url, now
    else:
        session.delete(kept)
    return True


def rate_session(
    session: Session, *, booking_id: int, viewer: Viewer, rating: int, comment: str
) -> None:
    """Store the student's rating and comment instead of any earlier ones, and commit.

    `rating` is from 1 to 5. Raises NotFound for a stranger, Forbidden for anybody but the student,
    InvalidInput for an invalid value, and Conflict while the session is not completed.
    """
    if not 1 <= rating <= 5:
        raise InvalidInput(N_("The rating must be from 1 to 5."))
    comment = clean_lines(comment, what=N_("The comment"), longest=LONGEST_COMMENT)
    with _completed(session, booking_id) as booking:
        if _party(booking, viewer) is not Party.STUDENT:
            raise Forbidden(N_("Only the student can rate this session."))
        _refuse_unless_completed(booking)
        kept = _feedback(session, booking_id)
        kept.rating, kept.comment = rating, comment


def write_notes(
    session: Session,
    *,
    booking_id: int,
    viewer: Viewer,
    summary: str,
    private_notes: str,
    shown_summary: str = "",
    shown_private_notes: str = "",
) -> None:
    """Store the mentor's summary for the student and notes for themselves, and commit.

    A text that was not edited in this window is left alone: another window may have changed it.

    Raises NotFound for a stranger, Forbidden for anybody but the mentor, InvalidInput for an
    invalid text, and Conflict while the session is not completed or if two windows changed the same
    text.
    """
    with _completed(session, booking_id) as booking:
        if _party(booking, viewer) is not Party.MENTOR:
            raise Forbidden(N_("Only the mentor can write notes about this session."))
        _refuse_unless_completed(booking)
        kept = _feedback(session, booking_id)
        stored = kept.summary or "", kept.private_notes or ""
        kept.summary = _merged(
            booking, N_("The summary"), summary, shown=shown_summary, stored=stored[0]
        )
        kept.private_notes = _merged(
            booking, N_("The notes"), private_notes, shown=shown_private_notes, stored=stored[1]
        )


def _merged(booking: SessionBooking, what: str, text: str, *, shown: str, stored: str) -> str:
    """The text to store, if the form was opened with the text `shown`. Raises Conflict."""
    text = clean_lines(text, what=what, longest=LONGEST_SUMMARY)
    shown = shown.replace("\r\n", "\n").strip()
    if text == shown:
        return stored
    if stored not in (shown, text):
        raise Conflict(
            N_(
                "%(what)s was changed in another window. "
                "Your version is below; saving it again replaces the other one.",
                what=what,
            ),
            status=booking.status,
            is_delayed=booking.is_delayed,
        )
    return text


def lock_completed_session(session: Session, booking_id: int) -> None:
    """Lock a booking. Raises NotFound for an unknown id, and Conflict unless it is completed."""
    _refuse_unless_completed(_locked(session, booking_id))


@contextmanager
def _completed(session: Session, booking_id: int) -> Iterator[SessionBooking]:
    """The booking, locked, for one change that is committed at the end."""
    begin_write(session)
    try:
        yield _locked(session, booking_id)
        if session.new or session.deleted or any(map(session.is_modified, session.dirty)):
            count_additions(session, [booking_id])
        session.commit()
    except ProductError:
        session.rollback()
        raise


def _locked(session: Session, booking_id: int) -> SessionBooking:
    statement = select(SessionBooking).where(SessionBooking.id == booking_id).with_for_update()
    booking = session.scalar(statement)
    if booking is None:
        raise NotFound(N_("There is no such session."))
    return booking


def _party(booking: SessionBooking, viewer: Viewer) -> Party:
    party = viewer.party(student_id=booking.student_id, mentor_id=booking.mentor_id)
    if party is None:
        raise NotFound(N_("There is no such session."))
    return party


def _refuse_unless_completed(booking: SessionBooking) -> None:
    if booking.status is not Status.COMPLETED:
        raise Conflict(
            N_("You can add this once the session is completed."),
            status=booking.status,
            is_delayed=booking.is_delayed,
        )


def _feedback(session: Session, booking_id: int) -> SessionFeedback:
    kept = session.get(SessionFeedback, booking_id)
    if kept is None:
        kept = SessionFeedback(booking_id=booking_id)
        session.add(kept)
    return kept
