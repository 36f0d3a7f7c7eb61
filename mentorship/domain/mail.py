"""The kinds of mail as data: their names, when they are worth sending, and their facts.

To add a mail: a `MailKind`, a facts class (listed in `FACTS_OF`), a template of that name in
`templates/mail/`, and a name in `web.http.labels`. Then `services.mail.outbox.enqueue` sends it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_


class MailKind(StrEnum):
    """What a mail is about; people choose by kind what they get."""

    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    LEFT_GROUP = "left-group"
    REMINDER_24H = "reminder-24h"
    REMINDER_1H = "reminder-1h"
    REMINDER_10M = "reminder-10m"
    STARTED = "started"
    DELAYED = "delayed"
    COMPLETED = "completed"
    LATE = "late"
    OUTCOME_ASKED = "outcome-asked"
    OUTCOME_DISPUTED = "outcome-disputed"
    OUTCOME_DECIDED = "outcome-decided"
    UNDONE = "undone"
    CORRECTED = "corrected"
    SLOT_HELD = "slot-held"
    HOLD_ENDED = "hold-ended"
    ZONE_RULES = "zone-rules"
    CONFIRM_ADDRESS = "confirm-address"
    ADDRESS_IN_USE = "address-in-use"
    NO_ACCOUNT = "no-account"
    SET_PASSWORD = "set-password"  # noqa: S105  # A kind of mail.
    PASSWORD_CHANGED = "password-changed"  # noqa: S105  # The name of a kind of mail.
    MENTOR_APPROVED = "mentor-approved"
    AS_WRITTEN = "as-written"


MAIL_OF: Mapping[Action, MailKind] = MappingProxyType(
    {
        Action.DELAY: MailKind.DELAYED,
        Action.AUTO_COMPLETE: MailKind.COMPLETED,
        Action.START: MailKind.STARTED,
        Action.ARRIVE: MailKind.STARTED,
        Action.COMPLETE: MailKind.COMPLETED,
        Action.CANCEL: MailKind.CANCELLED,
        Action.UNDO: MailKind.UNDONE,
        Action.CORRECT: MailKind.CORRECTED,
    }
)
"""The mail about each transition."""


@dataclass(frozen=True)
class Reminder:
    """How long before the start a reminder is due, and whether people get it by default."""

    lead: timedelta
    is_default: bool

    @property
    def lasts(self) -> timedelta:
        """How long after its due time a reminder that could not be sent is dropped."""
        return self.lead / 2


REMINDERS: Mapping[MailKind, Reminder] = MappingProxyType(
    {
        MailKind.REMINDER_24H: Reminder(timedelta(hours=24), is_default=True),
        MailKind.REMINDER_1H: Reminder(timedelta(hours=1), is_default=True),
        MailKind.REMINDER_10M: Reminder(timedelta(minutes=10), is_default=False),
    }
)


TRUE_WHILE: Mapping[MailKind, frozenset[Status]] = MappingProxyType(
    {
        MailKind.BOOKED: frozenset({Status.SCHEDULED, Status.ONGOING}),
        MailKind.MOVED: frozenset({Status.SCHEDULED, Status.ONGOING}),
        MailKind.CANCELLED: frozenset({Status.CANCELLED}),
        MailKind.LEFT_GROUP: frozenset(Status),
        MailKind.REMINDER_24H: frozenset({Status.SCHEDULED}),
        MailKind.REMINDER_1H: frozenset({Status.SCHEDULED}),
        MailKind.REMINDER_10M: frozenset({Status.SCHEDULED}),
        MailKind.STARTED: frozenset({Status.ONGOING}),
        MailKind.DELAYED: frozenset({Status.ONGOING}),
        MailKind.COMPLETED: frozenset({Status.COMPLETED}),
        MailKind.LATE: frozenset({Status.SCHEDULED, Status.ONGOING}),
        MailKind.OUTCOME_ASKED: frozenset({Status.ONGOING, Status.COMPLETED}),
        MailKind.OUTCOME_DISPUTED: frozenset({Status.ONGOING, Status.COMPLETED}),
        MailKind.OUTCOME_DECIDED: frozenset({Status.ONGOING, Status.COMPLETED}),
        MailKind.UNDONE: frozenset({Status.SCHEDULED, Status.ONGOING}),
        MailKind.CORRECTED: frozenset(Status),
    }
)
"""The statuses in which a mail about a session is still true when it is sent.

A mail that is dropped for this reason was overtaken by a newer one about the same session.
"""

ONE_FOR_A_GROUP = frozenset(
    {
        MailKind.STARTED,
        MailKind.DELAYED,
        MailKind.COMPLETED,
        MailKind.OUTCOME_ASKED,
        MailKind.UNDONE,
        *REMINDERS,
    }
)
"""Mail that the mentor of a group gets once for the meeting, with the names of all students.

The other kinds are about one student.
"""

ONE_FOR_AN_ENTRY = frozenset({MailKind.MOVED, MailKind.CANCELLED})
"""The same, where the group is one entry in the mentor's calendar: each mail changes one entry."""

CHANGES_CALENDARS = frozenset(
    {
        MailKind.BOOKED,
        MailKind.MOVED,
        MailKind.CANCELLED,
        MailKind.LEFT_GROUP,
        MailKind.CORRECTED,
    }
)
"""Mail that puts a session into the reader's calendar, or takes it out."""

OUTCOME_ASKED_AFTER = (timedelta(0), timedelta(hours=24), timedelta(hours=72))
"""When the people of a delayed session are asked how it went, counted from the end of its slot."""

OUTCOME_ASKED_UNTIL = timedelta(days=7)
"""How long after the end of a slot people are asked by mail."""

STALE_AFTER = timedelta(days=7)
"""A transition applied longer than this after it was due (an imported one, say) sends no mail."""

CHOICES: Mapping[MailKind, str] = MappingProxyType(
    {
        MailKind.BOOKED: N_("A session is booked"),
        MailKind.MOVED: N_("A session is moved to another time"),
        MailKind.CANCELLED: N_("A session is cancelled"),
        MailKind.LEFT_GROUP: N_("A student moves out of a group, or into one"),
        MailKind.REMINDER_24H: N_("A reminder one day before"),
        MailKind.REMINDER_1H: N_("A reminder one hour before"),
        MailKind.REMINDER_10M: N_("A reminder ten minutes before"),
        MailKind.STARTED: N_("A session is started"),
        MailKind.DELAYED: N_("A session is delayed"),
        MailKind.COMPLETED: N_("A session is completed"),
        MailKind.LATE: N_("The other person will be late"),
        MailKind.OUTCOME_ASKED: N_("A question about how a delayed session went"),
        MailKind.OUTCOME_DISPUTED: N_("The other person disagrees about how a session went"),
        MailKind.OUTCOME_DECIDED: N_("An admin decides how a session went"),
        MailKind.UNDONE: N_("A start or a completion is undone"),
        MailKind.CORRECTED: N_("An admin corrects the status of a session"),
    }
)
"""The kinds of mail that people can choose; mail about their account is always sent."""


def is_wanted(kind: MailKind, choice: bool | None) -> bool:  # noqa: FBT001  # A stored answer.
    """Whether a person with this choice (None: no choice) gets this kind of mail."""
    if choice is not None:
        return choice
    return kind not in REMINDERS or REMINDERS[kind].is_default


@dataclass(frozen=True)
class MailFacts:
    """The facts of one mail that is not about a session.

    Mail about a session reads the session when it is sent. The outbox stores facts as JSON and
    deletes them once the mail was sent, because links in them may still work. Instants are in UTC.
    `page` is the path that the mail's link leads to.
    """

    kind: ClassVar[MailKind]
    page: ClassVar[str] = ""


@dataclass(frozen=True)
class AccountFacts(MailFacts):
    """Mail to an address rather than to a known reader, so it brings its language.

    `name` is None where the address is not confirmed: whoever typed it also chose the name,
    perhaps as an advertisement, so the name must not be in the mail.
    """

    link: str
    name: str | None
    language: Language | None


@dataclass(frozen=True)
class ConfirmAddress(AccountFacts):
    """To somebody who signed up, or who tried to sign in before they had confirmed."""

    kind = MailKind.CONFIRM_ADDRESS
    days: int


@dataclass(frozen=True)
class AddressInUse(AccountFacts):
    """To the owner of an account, after somebody signed up with the same address."""

    kind = MailKind.ADDRESS_IN_USE


@dataclass(frozen=True)
class NoAccount(AccountFacts):
    """To an address without an account, after somebody asked for a new password for it."""

    kind = MailKind.NO_ACCOUNT


@dataclass(frozen=True)
class SetPassword(AccountFacts):
    """To somebody who has forgotten their password."""

    kind = MailKind.SET_PASSWORD
    hours: int


@dataclass(frozen=True)
class PasswordChanged(AccountFacts):
    """To somebody whose password was just set or changed."""

    kind = MailKind.PASSWORD_CHANGED


@dataclass(frozen=True)
class MentorApproved(AccountFacts):
    """To a mentor whom an admin has approved."""

    kind = MailKind.MENTOR_APPROVED


@dataclass(frozen=True)
class SlotHeld(MailFacts):
    """To a student on a waiting list for whom a slot is held until `until`."""

    kind = MailKind.SLOT_HELD
    page = "waiting-list"
    mentor: str
    start: datetime
    until: datetime


class HoldEnd(StrEnum):
    """Why a hold ended without a booking."""

    EXPIRED = "expired"
    STUDENT_BUSY = "student-busy"
    STUDENT_AT_LIMIT = "student-at-limit"
    NOT_BOOKABLE = "not-bookable"


@dataclass(frozen=True)
class HoldEnded(MailFacts):
    """To the student whose hold ended without a booking."""

    kind = MailKind.HOLD_ENDED
    page = "waiting-list"
    mentor: str
    start: datetime
    until: datetime
    reason: HoldEnd


@dataclass(frozen=True)
class ShiftedTime:
    """A session, or a free slot (no topic, no person), whose clock time now reads differently.

    `was` is the clock time expected so far, written as if the zone were UTC.
    """

    start: datetime
    was: datetime
    topic: str | None
    other: str


@dataclass(frozen=True)
class ZoneRulesChanged(MailFacts):
    """To somebody whose free slots were moved, or for whom the `shifted` times read differently.

    `more` is the number of further times that the mail does not list.
    """

    kind = MailKind.ZONE_RULES
    page = "dashboard"
    zone: str
    are_slots_moved: bool
    shifted: tuple[ShiftedTime, ...]
    more: int


@dataclass(frozen=True)
class AsWritten(MailFacts):
    """A mail that an earlier version wrote out in full before the upgrade."""

    kind = MailKind.AS_WRITTEN
    subject: str
    text: str
    link: str | None = None
    path: str | None = None


FACTS_OF: Mapping[MailKind, type[MailFacts]] = MappingProxyType(
    {
        each.kind: each
        for each in (
            ConfirmAddress,
            AddressInUse,
            NoAccount,
            SetPassword,
            PasswordChanged,
            MentorApproved,
            SlotHeld,
            HoldEnded,
            ZoneRulesChanged,
            AsWritten,
        )
    }
)
"""The facts class of each kind of mail that has facts of its own."""
