"""Private addresses at which calendar programs read a person's sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.calendars import Alarm
from mentorship.models.columns import Model, str_enum


class CalendarFeed(Model):
    """A person's feed; only the SHA-256 in hex of the secret in its address is stored."""

    __tablename__ = "calendar_feeds"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    alarm: Mapped[Alarm] = mapped_column(str_enum(Alarm, name="alarm"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
