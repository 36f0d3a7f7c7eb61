"""Tables, constraints and indexes. No decisions are made here."""

from mentorship.domain.accounts.viewers import Role
from mentorship.models.availability import (
    AvailabilityRule,
    DayOff,
    MentorProfile,
    MentorTopic,
    MentorWord,
    MissedHold,
    WaitingListEntry,
    ZoneRules,
)
from mentorship.models.booking import ScheduleStatus, SessionBooking
from mentorship.models.booking_history import ApiToken, BookingMove, IdempotencyKey
from mentorship.models.calendar_feed import CalendarFeed
from mentorship.models.columns import table_of
from mentorship.models.display_version import DisplayVersion
from mentorship.models.followup import RecordingCall, SessionFeedback, SessionRecording
from mentorship.models.imports import (
    Import,
    ImportedBooking,
    ImportedSlot,
    ImportedUser,
    ImportKind,
)
from mentorship.models.installation import Installation
from mentorship.models.outbox import MailChoice, MailOutcome, OutboxMessage, ReminderMark
from mentorship.models.sign_in import SignIn
from mentorship.models.slot import MentorTimeSlot
from mentorship.models.status_change import Cause, StatusChange
from mentorship.models.sweep_failure import SweepFailure
from mentorship.models.user import User
from mentorship.models.webhook import CallOutcome, OffReason, WebhookCall, WebhookEndpoint

__all__ = [
    "ApiToken",
    "AvailabilityRule",
    "BookingMove",
    "CalendarFeed",
    "CallOutcome",
    "Cause",
    "DayOff",
    "DisplayVersion",
    "IdempotencyKey",
    "Import",
    "ImportKind",
    "ImportedBooking",
    "ImportedSlot",
    "ImportedUser",
    "Installation",
    "MailChoice",
    "MailOutcome",
    "MentorProfile",
    "MentorTimeSlot",
    "MentorTopic",
    "MentorWord",
    "MissedHold",
    "OffReason",
    "OutboxMessage",
    "RecordingCall",
    "ReminderMark",
    "Role",
    "ScheduleStatus",
    "SessionBooking",
    "SessionFeedback",
    "SessionRecording",
    "SignIn",
    "StatusChange",
    "SweepFailure",
    "User",
    "WaitingListEntry",
    "WebhookCall",
    "WebhookEndpoint",
    "ZoneRules",
    "table_of",
]
