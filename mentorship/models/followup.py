"""What people add to a session: late notices, recordings and feedback."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.sessions.lifecycle import Party
from mentorship.models.columns import SIDE, Model


class SessionRecording(Model):
    """The link to the recording of a session, and when the link was last changed."""

    __tablename__ = "session_recordings"

    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"), primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    added_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecordingCall(Model):
    """A signed call of a meeting system, stored until it is too old to be replayed.

    `signature` is HMAC-SHA256 in hex.
    """

    __tablename__ = "recording_calls"

    signature: Mapped[str] = mapped_column(String(64), primary_key=True)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_recording_calls_received", "received_at"),)


class SessionFeedback(Model):
    """The student's rating of a session, and the mentor's notes about it.

    `rating`, from 1 to 5, and `comment` are the student's; `summary` is the mentor's for the
    student, `private_notes` for the mentor alone.
    """

    __tablename__ = "session_feedback"

    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"), primary_key=True)
    rating: Mapped[int | None]
    comment: Mapped[str] = mapped_column(String(2000), server_default="")
    summary: Mapped[str] = mapped_column(String(4000), server_default="")
    private_notes: Mapped[str] = mapped_column(String(4000), server_default="")

    __table_args__ = (CheckConstraint("rating >= 1 AND rating <= 5", name="rating"),)


class LateNotice(Model):
    """By how many minutes one side of a session will be late, as said at `said_at` (UTC).

    Taking the notice back deletes the row.
    """

    __tablename__ = "late_notices"

    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"), primary_key=True)
    side: Mapped[Party] = mapped_column(SIDE, primary_key=True)
    minutes: Mapped[int]
    note: Mapped[str] = mapped_column(String(300), server_default="")
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("side IN ('mentor', 'student')", name="side"),
        CheckConstraint("minutes >= 1 AND minutes <= 60", name="minutes"),
    )
