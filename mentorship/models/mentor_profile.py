"""Mentors as students find them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model, c_collated


class MentorProfile(Model):
    """A mentor's profile, and the limits on bookings with the mentor.

    `bio` is Markdown. Buffers, in minutes, keep slots apart; `minimum_notice`, in minutes, and
    `horizon_days` bound how soon and how far ahead a slot can be booked; `daily_limit` counts
    sessions on one day of the mentor's time zone. The weekly rules are published as slots up to
    `published_until` (UTC). `listed_as` is the folded name, which orders the directory.
    `meeting_url` is the link of sessions whose slot has none of its own.
    """

    __tablename__ = "mentor_profiles"

    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    headline: Mapped[str] = mapped_column(String(160), server_default="")
    bio: Mapped[str] = mapped_column(Text, server_default="")
    buffer_before: Mapped[int] = mapped_column(server_default="0")
    buffer_after: Mapped[int] = mapped_column(server_default="0")
    minimum_notice: Mapped[int] = mapped_column(server_default="120")
    horizon_days: Mapped[int] = mapped_column(server_default="56")
    daily_limit: Mapped[int | None]
    published_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    listed_as: Mapped[str] = mapped_column(c_collated(120), server_default="")
    meeting_url: Mapped[str] = mapped_column(String(2000), server_default="")

    __table_args__ = (
        Index("ix_mentor_profiles_listed", "listed_as", "mentor_id"),
        CheckConstraint(
            "buffer_before >= 0 AND buffer_before <= 240 "
            "AND buffer_after >= 0 AND buffer_after <= 240",
            name="buffers",
        ),
        CheckConstraint("minimum_notice >= 0 AND minimum_notice <= 43200", name="minimum_notice"),
        CheckConstraint("horizon_days >= 1 AND horizon_days <= 366", name="horizon_days"),
        CheckConstraint("daily_limit >= 1 AND daily_limit <= 100", name="daily_limit"),
    )


class MentorTopic(Model):
    """A topic that a mentor offers: as the mentor writes it, and `folded` for comparison."""

    __tablename__ = "mentor_topics"

    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(60), primary_key=True)
    folded: Mapped[str] = mapped_column(c_collated(60), server_default="")

    __table_args__ = (Index("ix_mentor_topics_folded", "folded", "mentor_id"),)


class MentorWord(Model):
    """A folded word of a mentor's name, headline or topics, for the search; derived data."""

    __tablename__ = "mentor_words"

    word: Mapped[str] = mapped_column(c_collated(60), primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)

    __table_args__ = (Index("ix_mentor_words_mentor", "mentor_id"),)
