"""What happened around a booking besides its transitions."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model, str_enum
from mentorship.models.status_change import Cause


class BookingMove(Model):
    """One move of a booking to another slot; append-only. Instants in UTC, as they were then."""

    __tablename__ = "booking_moves"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"))
    old_slot_id: Mapped[int] = mapped_column(ForeignKey("mentor_time_slots.id"))
    new_slot_id: Mapped[int] = mapped_column(ForeignKey("mentor_time_slots.id"))
    old_start: Mapped[datetime] = mapped_column(UtcDateTime)
    old_end: Mapped[datetime] = mapped_column(UtcDateTime)
    new_start: Mapped[datetime] = mapped_column(UtcDateTime)
    new_end: Mapped[datetime] = mapped_column(UtcDateTime)
    cause: Mapped[Cause] = mapped_column(str_enum(Cause, name="cause"))
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str | None] = mapped_column(String(300))
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_booking_moves_booking", "booking_id", "id"),)


class IdempotencyKey(Model):
    """The answer that a person's `Idempotency-Key` got, stored with what the request changed.

    `body_hash` is SHA-256 in hex of what was asked; the same key with another one is refused.
    """

    __tablename__ = "idempotency_keys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_idempotency_keys_created", "created_at"),)


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
