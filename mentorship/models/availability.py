"""The rules that a mentor's slots are made from."""

from datetime import date, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.models.columns import Model, ZoneName


class AvailabilityRule(Model):
    """Weekly hours in the mentor's own zone: an RFC 5545 RRULE and a wall-clock window.

    `rrule` is the value without DTSTART, like FREQ=WEEKLY;BYDAY=TU. `first_day` and `opens` are
    local in `timezone`, which stays the same even if the mentor moves. The window lasts `minutes`
    and is divided into slots of `slot_minutes` for `capacity` students each.
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
    """The UTC offsets of a time zone in the coming months, by one release of tzdata.

    The worker compares them with those of a later release. `offsets` is the text of
    `domain.availability.zone_rules.Offsets`.
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
