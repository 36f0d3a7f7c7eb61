"""Access in a person's name: sign-ins in browsers, tokens of programs, calendar addresses."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.calendars import Alarm
from mentorship.models.columns import Model, str_enum


class SignIn(Model):
    """One person in one browser, whose cookie holds the random `id`.

    Signing out deletes the row. `last_seen_at` is updated at most once an hour, and never by polls.
    """

    __tablename__ = "sign_ins"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index("ix_sign_ins_user", "user_id"),
        Index("ix_sign_ins_last_seen", "last_seen_at"),
    )


class ApiToken(Model):
    """A personal token for the JSON routes; only its SHA-256 in hex is stored."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(4), server_default="act")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("scope IN ('read', 'act')", name="scope"),
        Index("ix_api_tokens_user", "user_id"),
    )


class CalendarFeed(Model):
    """A person's feed; only the SHA-256 in hex of the secret in its address is stored."""

    __tablename__ = "calendar_feeds"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    alarm: Mapped[Alarm] = mapped_column(str_enum(Alarm, name="alarm"))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
