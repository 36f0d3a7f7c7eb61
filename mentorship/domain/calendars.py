"""A session as an entry of somebody's calendar; the adapter writes the format."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.messages import N_, Message, joined


class Alarm(StrEnum):
    """When calendar programs remind somebody of a session, as chosen for their feed."""

    NONE = "none"
    AT_START = "at-start"
    TEN_MINUTES = "ten-minutes"
    ONE_HOUR = "one-hour"
    ONE_DAY = "one-day"


LEAD_OF: Mapping[Alarm, timedelta] = MappingProxyType(
    {
        Alarm.AT_START: timedelta(0),
        Alarm.TEN_MINUTES: timedelta(minutes=10),
        Alarm.ONE_HOUR: timedelta(hours=1),
        Alarm.ONE_DAY: timedelta(days=1),
    }
)
"""How long before the start each alarm rings."""


class GroupNames(StrEnum):
    """Whose calendars name the students of a group."""

    NOBODY = "nobody"
    MENTOR = "mentor"
    EVERYBODY = "everybody"


@dataclass(frozen=True)
class Event:
    """One entry of a calendar. Instants in UTC.

    `sequence` rises with each change (RFC 5545, 3.8.7.4); `changed_at` is when it last did.
    `alarm` is how long before the start a reminder is due, None for no reminder.
    """

    uid: str
    sequence: int
    summary: str
    description: str
    url: str
    start: datetime
    end: datetime
    changed_at: datetime
    is_cancelled: bool
    alarm: timedelta | None = None


def summary(topic: str, status: Status, *, is_delayed: bool) -> Message:
    """The title, with the status that most calendars would not show otherwise."""
    words = topic or N_("Mentoring session")
    if status is Status.ONGOING and is_delayed:
        return N_("Delayed: %(topic)s", topic=words)
    if status is Status.COMPLETED:
        return N_("Completed: %(topic)s", topic=words)
    if status is Status.CANCELLED:
        return N_("Cancelled: %(topic)s", topic=words)
    return joined(words)


def alarm_for(alarm: Alarm, status: Status) -> timedelta | None:
    """How long before the start the reminder is due; None once the session has begun."""
    return LEAD_OF.get(alarm) if status is Status.SCHEDULED else None
