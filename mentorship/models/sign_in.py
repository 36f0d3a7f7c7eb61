"""Who is signed in where."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model


class SignIn(Model):
    """One person in one browser, whose cookie holds the random `id`. Signing out deletes it.

    `last_seen_at` is noted once an hour at most, and not by pages that poll on their own.
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
