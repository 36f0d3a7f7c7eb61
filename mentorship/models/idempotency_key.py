"""Stored answers, so that a repeated request gets the same one."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model


class IdempotencyKey(Model):
    """The answer to a request with an `Idempotency-Key`, stored in the transaction of its change.

    `body_hash` is the SHA-256 of the request in hex; the same key with another hash is refused.
    """

    __tablename__ = "idempotency_keys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_idempotency_keys_created", "created_at"),)
