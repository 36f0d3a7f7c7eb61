"""Bookings that the database refused to change, and when to try again."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model


class SweepFailure(Model):
    """A table of its own, because a booking that cannot be updated cannot store its retry time."""

    __tablename__ = "sweep_failures"

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("session_bookings.id", ondelete="CASCADE"), primary_key=True
    )
    attempts: Mapped[int]
    retry_at: Mapped[datetime] = mapped_column(UtcDateTime)
    error: Mapped[str] = mapped_column(String(500))
