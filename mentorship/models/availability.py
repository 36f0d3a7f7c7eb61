"""The times that mentors give."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model


class MentorTimeSlot(Model):
    """A mentor's half-open interval [start_time, end_time), in UTC, for `capacity` students."""

    __tablename__ = "mentor_time_slots"

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    start_time: Mapped[datetime] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime] = mapped_column(UtcDateTime)
    capacity: Mapped[int] = mapped_column(server_default="1")

    __table_args__ = (
        CheckConstraint("start_time < end_time", name="starts_before_it_ends"),
        CheckConstraint("capacity >= 1", name="capacity_positive"),
        # What a booking copies, so that its composite foreign key can keep the copies true.
        UniqueConstraint(
            "id",
            "mentor_id",
            "start_time",
            "end_time",
            "capacity",
            name="uq_mentor_time_slots_copied",
        ),
        Index("ix_mentor_time_slots_mentor_start", "mentor_id", "start_time"),
    )
