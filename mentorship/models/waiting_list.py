"""Students who wait for a time in a mentor's full week, and the holds that they missed."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model


class WaitingListEntry(Model):
    """A student who waits for a free slot in a mentor's week.

    `week` is the Monday, in the mentor's zone. `held_slot_id` is the slot that is held for this
    student. An entry ends when the student books a slot of the week or leaves, or the week has
    passed; a hold that runs out does not end it.
    """

    __tablename__ = "waiting_list_entries"

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    student_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    week: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    held_slot_id: Mapped[int | None] = mapped_column(ForeignKey("mentor_time_slots.id"))
    is_over: Mapped[bool] = mapped_column(server_default=false())

    __table_args__ = (
        Index(
            "uq_waiting_list_entries_open",
            "mentor_id",
            "week",
            "student_id",
            unique=True,
            sqlite_where=text("NOT is_over"),
            postgresql_where=text("NOT is_over"),
        ),
        Index("ix_waiting_list_entries_student", "student_id"),
        Index(
            "ix_waiting_list_entries_held",
            "held_slot_id",
            sqlite_where=text("held_slot_id IS NOT NULL"),
            postgresql_where=text("held_slot_id IS NOT NULL"),
        ),
    )


class MissedHold(Model):
    """A hold that ran out: the slot is not held for the same entry again.

    The row is deleted when the slot has been booked and becomes free again.
    """

    __tablename__ = "missed_holds"

    entry_id: Mapped[int] = mapped_column(ForeignKey("waiting_list_entries.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("mentor_time_slots.id"), primary_key=True)
    missed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_missed_holds_slot", "slot_id"),)
