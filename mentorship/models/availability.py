"""From what a mentor's slots are made, and how a mentor is found."""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model, ZoneName, c_collated


class MentorProfile(Model):
    """What a mentor says of themselves, and the limits on their bookings.

    `bio` is Markdown. Buffers, in minutes, keep slots apart; `minimum_notice`, in minutes, and
    `horizon_days` bound how soon and how far ahead a slot can be booked; `daily_limit` counts
    sessions on one day of the mentor's time zone. `published_until` (UTC) is up to where the
    weekly rules have been turned into slots. `listed_as` is the folded name, which orders the
    directory. `meeting_url` is the room in which the mentor meets unless a slot has its own.
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
    """A topic that a mentor offers, as the mentor writes it, and `folded` to be compared."""

    __tablename__ = "mentor_topics"

    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(60), primary_key=True)
    folded: Mapped[str] = mapped_column(c_collated(60), server_default="")

    __table_args__ = (Index("ix_mentor_topics_folded", "folded", "mentor_id"),)


class MentorWord(Model):
    """One folded word by which a mentor is found; made anew from name, headline and topics."""

    __tablename__ = "mentor_words"

    word: Mapped[str] = mapped_column(c_collated(60), primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)

    __table_args__ = (Index("ix_mentor_words_mentor", "mentor_id"),)


class AvailabilityRule(Model):
    """Weekly hours in the mentor's own zone: an RFC 5545 RRULE and a wall-clock window.

    `rrule` is the value without DTSTART, like FREQ=WEEKLY;BYDAY=TU; `first_day` and `opens` are
    local in `timezone`, which stays although the mentor moves. The window lasts `minutes` and is
    cut into slots of `slot_minutes` for `capacity` students each.
    """

    __tablename__ = "availability_rules"

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    timezone: Mapped[str] = mapped_column(ZoneName)
    rrule: Mapped[str] = mapped_column(String(200))
    first_day: Mapped[date]
    opens: Mapped[time]
    minutes: Mapped[int]
    slot_minutes: Mapped[int]
    capacity: Mapped[int] = mapped_column(server_default="1")

    __table_args__ = (
        CheckConstraint("minutes >= 5 AND minutes <= 1440", name="minutes"),
        CheckConstraint("slot_minutes >= 5 AND slot_minutes <= minutes", name="slot_minutes"),
        CheckConstraint("capacity >= 1 AND capacity <= 30", name="capacity"),
        Index("ix_availability_rules_mentor", "mentor_id"),
    )


class ZoneRules(Model):
    """What the rules of a time zone said of the time to come, and in which release of tzdata.

    `offsets` is what `domain.zone_rules.Offsets` writes. Compared with what a later release says.
    """

    __tablename__ = "zone_rules"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    release: Mapped[str] = mapped_column(String(16))
    offsets: Mapped[str] = mapped_column(Text)


class DayOff(Model):
    """Days, both ends included, in the mentor's zone, on which the weekly rules make no slots."""

    __tablename__ = "days_off"

    id: Mapped[int] = mapped_column(primary_key=True)
    mentor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    note: Mapped[str] = mapped_column(String(160), server_default="")

    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="in_order"),
        Index("ix_days_off_mentor", "mentor_id", "last_day"),
    )


class WaitingListEntry(Model):
    """A student who waits for a free slot in a mentor's week.

    `week` is the Monday, in the mentor's zone. `held_slot_id` is the slot that is held for this
    student. An entry is over once the student has booked a slot of the week or has left, or the
    week has passed; a hold that runs out does not end it.
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
    """A hold that ran out: the slot is not held for that place again.

    The row goes when the slot has been booked and becomes free again.
    """

    __tablename__ = "missed_holds"

    entry_id: Mapped[int] = mapped_column(ForeignKey("waiting_list_entries.id"), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("mentor_time_slots.id"), primary_key=True)
    missed_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index("ix_missed_holds_slot", "slot_id"),)
