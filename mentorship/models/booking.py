"""Booked sessions."""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    false,
    text,
    true,
)
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.sessions.lifecycle import CLOCK_RULES, Rule, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.search_text import fold
from mentorship.models.columns import Model, str_enum

ScheduleStatus = Status

DELAYED = "status = 'ONGOING' AND is_delayed"
DISPUTED = "decided_outcome IS NULL AND mentor_says <> student_says AND status <> 'CANCELLED'"
UNANSWERED = (
    "decided_outcome IS NULL AND mentor_says IS NULL AND student_says IS NULL "
    "AND status <> 'CANCELLED'"
)
CLAIMED = (
    "decided_outcome IS NULL AND (mentor_says IS NULL) <> (student_says IS NULL) "
    "AND status <> 'CANCELLED'"
)
"""Sessions whose outcome is still to be stated or decided, in the SQL of the indexes below."""
CANCELLED = "status = 'CANCELLED'"


def _word(name: str) -> Enum:
    return str_enum(OutcomeWord, name=name, length=20)


def _folded_topic(context: DefaultExecutionContext) -> str:
    """The searchable topic of a new row; topics never change."""
    return fold(context.get_current_parameters().get("topic") or "")  # type: ignore[no-untyped-call]  # SQLAlchemy says no types here.


class SessionBooking(Model):
    """A student in a slot.

    The database refuses two open sessions of exclusive slots at the same time for one person, as
    student or as mentor. `mentor_id`, `start_time`, `end_time` and the `slot_` columns are copies
    of the slot's, for indexes and rules on one table; the composite foreign key keeps them up to
    date. `seat` numbers the live bookings of a slot. `revision` grows with each change of the row.
    `booked_at` is empty for imported bookings. `folded_topic` is the topic in the form that is
    searched. `mentor_says` and `student_says` are the last answers of the two sides about whether
    the session took place, and `decided_outcome` is an admin's; `outcome_changes` has the history.
    """

    __tablename__ = "session_bookings"

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    time_slot_id: Mapped[int]
    mentor_id: Mapped[int]
    start_time: Mapped[datetime] = mapped_column(UtcDateTime)
    end_time: Mapped[datetime] = mapped_column(UtcDateTime)
    slot_capacity: Mapped[int] = mapped_column(server_default="1")
    slot_is_withdrawn: Mapped[bool] = mapped_column(server_default=false())
    slot_is_exclusive: Mapped[bool] = mapped_column(server_default=true())
    seat: Mapped[int] = mapped_column(server_default="1")
    topic: Mapped[str] = mapped_column(String(200), server_default="")
    folded_topic: Mapped[str] = mapped_column(Text, default=_folded_topic, server_default="")
    notes: Mapped[str] = mapped_column(String(2000), server_default="")
    status: Mapped[Status] = mapped_column(
        str_enum(Status, name="status"), server_default=Status.SCHEDULED.value
    )
    is_delayed: Mapped[bool] = mapped_column(server_default=false())
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_reason: Mapped[str | None] = mapped_column(String(300))
    booked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(server_default="1")
    mentor_says: Mapped[OutcomeWord | None] = mapped_column(_word("mentor_says"))
    mentor_said_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    student_says: Mapped[OutcomeWord | None] = mapped_column(_word("student_says"))
    student_said_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_outcome: Mapped[OutcomeWord | None] = mapped_column(_word("decided_outcome"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    __table_args__ = (
        ForeignKeyConstraint(
            [
                "time_slot_id",
                "mentor_id",
                "start_time",
                "end_time",
                "slot_is_withdrawn",
                "slot_is_exclusive",
                "slot_capacity",
            ],
            [
                f"mentor_time_slots.{column}"
                for column in (
                    "id",
                    "mentor_id",
                    "start_time",
                    "end_time",
                    "is_withdrawn",
                    "is_exclusive",
                    "capacity",
                )
            ],
            name="fk_session_bookings_slot_copies",
            onupdate="CASCADE",
        ),
        CheckConstraint("student_id <> mentor_id", name="two_people"),
        *(
            CheckConstraint(f"({word} IS NULL) = ({at} IS NULL)", name=f"{word}_has_its_time")
            for word, at in (
                ("mentor_says", "mentor_said_at"),
                ("student_says", "student_said_at"),
                ("decided_outcome", "decided_at"),
            )
        ),
        CheckConstraint(
            "(decided_outcome IS NULL) = (decided_by IS NULL)", name="decision_has_its_admin"
        ),
        CheckConstraint("seat >= 1 AND seat <= slot_capacity", name="seat_within_capacity"),
        CheckConstraint(
            "NOT slot_is_withdrawn OR status IN ('COMPLETED', 'CANCELLED')",
            name="open_slot_is_offered",
        ),
        CheckConstraint(
            "status <> 'SCHEDULED' OR (NOT is_delayed AND started_at IS NULL)",
            name="scheduled_is_untouched",
        ),
        CheckConstraint(
            "(status = 'COMPLETED') = (completed_at IS NOT NULL)",
            name="completed_has_its_time",
        ),
        CheckConstraint(
            "(status = 'CANCELLED') = (cancelled_at IS NOT NULL)",
            name="cancelled_has_its_time",
        ),
        Index(
            "uq_session_bookings_live_seat",
            "time_slot_id",
            "seat",
            unique=True,
            sqlite_where=text("status <> 'CANCELLED'"),
            postgresql_where=text("status <> 'CANCELLED'"),
        ),
        Index("ix_session_bookings_time_slot", "time_slot_id"),
        Index("ix_session_bookings_start", "start_time"),
        Index(
            "ix_session_bookings_cancelled_start",
            "start_time",
            sqlite_where=text(CANCELLED),
            postgresql_where=text(CANCELLED),
        ),
        Index("ix_session_bookings_student_start", "student_id", "start_time"),
        Index("ix_session_bookings_mentor_start", "mentor_id", "start_time"),
        *(
            Index(
                f"ix_session_bookings_{name}_end",
                "end_time",
                sqlite_where=text(predicate),
                postgresql_where=text(predicate),
            )
            for name, predicate in (
                ("delayed", DELAYED),
                ("disputed", DISPUTED),
                ("unanswered", UNANSWERED),
                ("claimed", CLAIMED),
            )
        ),
        Index(
            "ix_session_bookings_claimed_said",
            "mentor_said_at",
            "student_said_at",
            sqlite_where=text(CLAIMED),
            postgresql_where=text(CLAIMED),
        ),
    )


def source_predicate(rule: Rule) -> str:
    """The states that a clock rule starts from, as SQL with literals.

    A planner uses a partial index only if the query repeats the predicate of the index word for
    word. So the index below and the queries in `mentorship.queries.sessions.due` both take it from
    here.
    """
    predicate = f"status = '{rule.source}'"
    if rule.delayed is not None:
        predicate += f" AND {'' if rule.delayed else 'NOT '}is_delayed"
    return predicate


for _rule in CLOCK_RULES:
    Index(
        f"ix_session_bookings_due_{_rule.action.replace('-', '_')}",
        SessionBooking.__table__.c[_rule.since],  # type: ignore[index]  # A clock rule has it.
        SessionBooking.__table__.c.id,
        sqlite_where=text(source_predicate(_rule)),
        postgresql_where=text(source_predicate(_rule)),
    )
