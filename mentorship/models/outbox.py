"""Mail that waits to be sent, and the kinds of mail that people chose."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.domain.mail import MailKind
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.models.columns import PROBLEM, Model, str_enum


class MailOutcome(StrEnum):
    """How a mail ended: sent, set aside because it cannot be sent, or dropped as pointless."""

    SENT = "sent"
    SET_ASIDE = "set-aside"
    DROPPED = "dropped"


_KIND = Enum(
    MailKind,
    native_enum=False,
    create_constraint=False,  # A new kind of mail needs no change of the table.
    length=24,
    values_callable=lambda kinds: [kind.value for kind in kinds],
)


class OutboxMessage(Model):
    """One mail to one person, written in the transaction of the change that it reports.

    Instants in UTC. Mail about a session names the booking and the change (`change_id` in the
    journal, `move_id` in the moves). Other mail has its `facts` as JSON, which are deleted once it
    was sent, because links in them may still work. The mail goes to a reader, or to a `recipient`
    (an address). Its text is composed when it is sent. A sender may take it from `next_try_at` on,
    sets that to the end of its lease, and stores its name in `claimed_by`. After `not_after` the
    mail is dropped. `key` is unique. `problem` says why the last attempt failed, `error` has the
    technical details.
    """

    __tablename__ = "outbox_messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[MailKind] = mapped_column(_KIND)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("session_bookings.id"))
    reader_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    change_id: Mapped[int | None] = mapped_column(ForeignKey("status_changes.id"))
    move_id: Mapped[int | None] = mapped_column(ForeignKey("booking_moves.id"))
    key: Mapped[str | None] = mapped_column(String(200))
    recipient: Mapped[str | None] = mapped_column(String(254))
    facts: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    not_after: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int] = mapped_column(server_default="0")
    outcome: Mapped[MailOutcome | None] = mapped_column(str_enum(MailOutcome, name="outcome"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    problem: Mapped[Problem | None] = mapped_column(PROBLEM)
    error: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        CheckConstraint(
            "(reader_id IS NULL) = (recipient IS NOT NULL) "
            "AND (booking_id IS NULL OR reader_id IS NOT NULL)",
            name="has_one_reader",
        ),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="outcome_has_its_time"),
        Index(
            "uq_outbox_messages_key",
            "key",
            unique=True,
            sqlite_where=text("key IS NOT NULL"),
            postgresql_where=text("key IS NOT NULL"),
        ),
        Index(
            "ix_outbox_messages_pending",
            "next_try_at",
            "id",
            sqlite_where=text("outcome IS NULL"),
            postgresql_where=text("outcome IS NULL"),
        ),
        Index(
            "ix_outbox_messages_set_aside",
            "ended_at",
            sqlite_where=text("outcome = 'set-aside'"),
            postgresql_where=text("outcome = 'set-aside'"),
        ),
        Index("ix_outbox_messages_booking", "booking_id"),
    )


class MailChoice(Model):
    """Whether a person wants a kind of mail, if that differs from the default."""

    __tablename__ = "mail_choices"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    kind: Mapped[MailKind] = mapped_column(_KIND, primary_key=True)
    is_wanted: Mapped[bool]


class ReminderMark(Model):
    """The one row with the instant (UTC) up to which reminders have been written."""

    __tablename__ = "reminder_marks"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    reminded_until: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)
