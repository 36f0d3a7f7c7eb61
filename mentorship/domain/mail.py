"""The kinds of mail, as data: what each is called, and when a reminder is worth sending."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.messages import N_


class MailKind(StrEnum):
    """What a mail is about; people choose by kind what they get."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    REMINDER_24H = "reminder-24h"
    REMINDER_1H = "reminder-1h"
    REMINDER_10M = "reminder-10m"
    STARTED = "started"
    DELAYED = "delayed"
    COMPLETED = "completed"
    WAITING_LIST = "waiting-list"
    ACCOUNT = "account"
    ZONE_RULES = "zone-rules"


NEWS_OF: Mapping[Action, MailKind] = MappingProxyType(
    {
        Action.DELAY: MailKind.DELAYED,
        Action.AUTO_COMPLETE: MailKind.COMPLETED,
        Action.START: MailKind.STARTED,
        Action.ARRIVE: MailKind.STARTED,
        Action.COMPLETE: MailKind.COMPLETED,
        Action.CANCEL: MailKind.CANCELLED,
    }
)
"""What is told about each transition."""


@dataclass(frozen=True)
class Reminder:
    """How long before the start one is due, and whether people get it who never chose."""

    lead: timedelta
    is_default: bool

    @property
    def lasts(self) -> timedelta:
        """After this much of its lead a reminder that could not be sent is dropped."""
        return self.lead / 2


REMINDERS: Mapping[MailKind, Reminder] = MappingProxyType(
    {
        MailKind.REMINDER_24H: Reminder(timedelta(hours=24), is_default=True),
        MailKind.REMINDER_1H: Reminder(timedelta(hours=1), is_default=True),
        MailKind.REMINDER_10M: Reminder(timedelta(minutes=10), is_default=False),
    }
)


TOLD_WHILE: Mapping[MailKind, frozenset[Status]] = MappingProxyType(
    {
        MailKind.BOOKED: frozenset({Status.SCHEDULED, Status.ONGOING}),
        MailKind.MOVED: frozenset({Status.SCHEDULED, Status.ONGOING}),
        MailKind.CANCELLED: frozenset({Status.CANCELLED}),
        MailKind.REMINDER_24H: frozenset({Status.SCHEDULED}),
        MailKind.REMINDER_1H: frozenset({Status.SCHEDULED}),
        MailKind.REMINDER_10M: frozenset({Status.SCHEDULED}),
        MailKind.STARTED: frozenset({Status.ONGOING}),
        MailKind.DELAYED: frozenset({Status.ONGOING}),
        MailKind.COMPLETED: frozenset({Status.COMPLETED}),
    }
)
"""How a session must stand when a mail about it leaves: what it says is then still true.

A mail that is dropped for that was overtaken by another one, which tells the present.
"""

OLD_NEWS = timedelta(days=7)
"""What fell due longer ago when it was applied (an import of the past, say) is told to nobody."""

CHOICES: Mapping[MailKind, str] = MappingProxyType(
    {
        MailKind.BOOKED: N_("A session is booked"),
        MailKind.MOVED: N_("A session is moved to another time"),
        MailKind.CANCELLED: N_("A session is cancelled"),
        MailKind.REMINDER_24H: N_("A reminder one day before"),
        MailKind.REMINDER_1H: N_("A reminder one hour before"),
        MailKind.REMINDER_10M: N_("A reminder ten minutes before"),
        MailKind.STARTED: N_("A session is started"),
        MailKind.DELAYED: N_("A session is delayed"),
        MailKind.COMPLETED: N_("A session is completed"),
    }
)
"""What people can choose to get; mail about their account and what they asked for always comes."""


def is_wanted(kind: MailKind, choice: bool | None) -> bool:  # noqa: FBT001  # A stored answer.
    """Whether a person gets this kind of mail who chose so, or (None) never chose."""
    if choice is not None:
        return choice
    return kind not in REMINDERS or REMINDERS[kind].is_default
