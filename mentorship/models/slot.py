"""The times that mentors give."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model

OFFERED = "is_exclusive AND NOT is_withdrawn"
"""Slots that count as a mentor's offered time, as SQL: the words of an index below."""


def _is_group(context: DefaultExecutionContext) -> bool:
    given = context.get_current_parameters().get("capacity")  # type: ignore[no-untyped-call]  # SQLAlchemy says no types here.
    return (given or 1) > 1


class MentorTimeSlot(Model):
    """A mentor's half-open interval [start_time, end_time), in UTC, for `capacity` students.

    A withdrawn slot is no longer offered; the database refuses to withdraw one with an open
    session. It also refuses two exclusive slots of one mentor that overlap and are not withdrawn,
    and two exclusive open sessions of one student. Only slots of imported sessions may be
    non-exclusive, because those were agreed elsewhere. `rule_id` names the weekly rule that made
    the slot. While `held_until` has not passed, only `held_for` may book it (waiting list).
    `meeting_url` is the meeting link of its sessions; empty means the mentor's default link.

    Where it `is_one_entry`, its sessions are one entry in the mentor's calendar programs. That is
    so for groups, except those whose students had an entry each when this came. `entry_id` names
    the entry, and is empty where that is the slot's own id; two slots swap theirs when a meeting
    moves. The version of the entry is `entry_sequence` plus the revisions of its sessions.
    `entry_changed_at` (UTC) is when a student last moved out of it.
    """

    __tablename__ = "mentor_time_slots"

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    start_time: Mapped[datetime] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime] = mapped_column(UtcDateTime)
    capacity: Mapped[int] = mapped_column(server_default="1")
    is_withdrawn: Mapped[bool] = mapped_column(server_default=false())
    is_exclusive: Mapped[bool] = mapped_column(server_default=true())
    rule_id: Mapped[int | None] = mapped_column(
        ForeignKey("availability_rules.id", ondelete="SET NULL")
    )
    held_for: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    meeting_url: Mapped[str] = mapped_column(String(2000), server_default="")
    is_one_entry: Mapped[bool] = mapped_column(server_default=false(), insert_default=_is_group)
    entry_id: Mapped[int | None]
    entry_sequence: Mapped[int] = mapped_column(server_default="0")
    entry_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("start_time < end_time", name="starts_before_it_ends"),
        CheckConstraint("capacity >= 1", name="capacity_positive"),
        CheckConstraint("(held_for IS NULL) = (held_until IS NULL)", name="hold_has_its_end"),
        # The columns that a booking copies; its composite foreign key keeps the copies up to date.
        UniqueConstraint(
            "id",
            "mentor_id",
            "start_time",
            "end_time",
            "is_withdrawn",
            "is_exclusive",
            "capacity",
            name="uq_mentor_time_slots_copied",
        ),
        Index(
            "ix_mentor_time_slots_offered",
            "start_time",
            "end_time",
            "mentor_id",
            sqlite_where=text(OFFERED),
            postgresql_where=text(OFFERED),
        ),
        Index("ix_mentor_time_slots_mentor_start", "mentor_id", "start_time"),
        Index("ix_mentor_time_slots_rule", "rule_id", "start_time"),
        Index(
            "ix_mentor_time_slots_held",
            "held_until",
            sqlite_where=text("held_until IS NOT NULL"),
            postgresql_where=text("held_until IS NOT NULL"),
        ),
    )
