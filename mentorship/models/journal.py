"""The journals of a booking: transitions, moves and answers about its outcome. Append-only."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.sessions.lifecycle import Action, Party, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models.columns import SIDE, Model, str_enum


class Cause(StrEnum):
    """What applied a transition: a request, a process, or a person's action."""

    POLL = "poll"
    CRON = "cron"
    WORKER = "worker"
    COMMAND = "command"
    MENTOR = "mentor"
    STUDENT = "student"
    ADMIN = "admin"


CORRECTIONS = f"action = '{Action.CORRECT}'"
CANCELLATIONS = f"action = '{Action.CANCEL}'"
"""With literals: a planner uses a partial index only if a query repeats its exact words."""


class StatusChange(Model):
    """One transition of one booking.

    `due_at` is when a clock rule made it due (empty for a person's action), `applied_at` when it
    was applied, both in UTC. `actor_id` is empty if the clock acted. `is_delayed` is the flag after
    the transition, `reason` the reason that a person gave, and `undoes_id` the transition that this
    one undoes.
    """

    __tablename__ = "status_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"))
    old_status: Mapped[Status] = mapped_column(str_enum(Status, name="old_status"))
    new_status: Mapped[Status] = mapped_column(str_enum(Status, name="new_status"))
    action: Mapped[Action] = mapped_column(str_enum(Action, name="action"))
    is_delayed: Mapped[bool]
    cause: Mapped[Cause] = mapped_column(str_enum(Cause, name="cause"))
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    applied_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(300))
    undoes_id: Mapped[int | None] = mapped_column(ForeignKey("status_changes.id"))

    __table_args__ = (
        Index("ix_status_changes_booking", "booking_id", "id"),
        Index(
            "ix_status_changes_corrections",
            "booking_id",
            sqlite_where=text(CORRECTIONS),
            postgresql_where=text(CORRECTIONS),
        ),
        Index(
            "ix_status_changes_cancellations",
            "booking_id",
            "id",
            "cause",
            sqlite_where=text(CANCELLATIONS),
            postgresql_where=text(CANCELLATIONS),
        ),
        Index(
            "ix_status_changes_actor",
            "actor_id",
            "applied_at",
            sqlite_where=text("actor_id IS NOT NULL"),
            postgresql_where=text("actor_id IS NOT NULL"),
        ),
    )


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


class OutcomeChange(Model):
    """What one side said about whether a session took place, or what an admin decided.

    `side` is the mentor, the student or, for a decision, the admin. `said_at` is in UTC.
    """

    __tablename__ = "outcome_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    booking_id: Mapped[int] = mapped_column(ForeignKey("session_bookings.id"))
    side: Mapped[Party] = mapped_column(SIDE)
    outcome: Mapped[OutcomeWord] = mapped_column(str_enum(OutcomeWord, name="outcome", length=20))
    reason: Mapped[str | None] = mapped_column(String(300))
    actor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        CheckConstraint("side IN ('mentor', 'student', 'admin')", name="side"),
        Index("ix_outcome_changes_booking", "booking_id", "id"),
    )
