"""Tables, constraints and indexes. No decisions are made here."""

from mentorship.domain.accounts.viewers import Role
from mentorship.models.availability import AvailabilityRule, DayOff, ZoneRules
from mentorship.models.booking import ScheduleStatus, SessionBooking
from mentorship.models.columns import table_of
from mentorship.models.credentials import ApiToken, CalendarFeed, SignIn
from mentorship.models.followup import (
    LateNotice,
    RecordingCall,
    SessionFeedback,
    SessionRecording,
)
from mentorship.models.idempotency_key import IdempotencyKey
from mentorship.models.imports import (
    Import,
    ImportedBooking,
    ImportedSlot,
    ImportedUser,
    ImportKind,
)
from mentorship.models.installation import DisplayVersion, Installation
from mentorship.models.journal import BookingMove, Cause, OutcomeChange, StatusChange
from mentorship.models.mentor_profile import MentorProfile, MentorTopic, MentorWord
from mentorship.models.outbox import MailChoice, MailOutcome, OutboxMessage, ReminderMark
from mentorship.models.slot import MentorTimeSlot
from mentorship.models.sweep_failure import SweepFailure
from mentorship.models.user import User
from mentorship.models.waiting_list import MissedHold, WaitingListEntry
from mentorship.models.webhook import (
    CallOutcome,
    OffReason,
    SettledMark,
    WebhookCall,
    WebhookEndpoint,
)

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
    "LateNotice",
    "MailChoice",
    "MailOutcome",
    "MentorProfile",
    "MentorTimeSlot",
    "MentorTopic",
    "MentorWord",
    "MissedHold",
    "OffReason",
    "OutboxMessage",
    "OutcomeChange",
    "RecordingCall",
    "ReminderMark",
    "Role",
    "ScheduleStatus",
    "SessionBooking",
    "SessionFeedback",
    "SessionRecording",
    "SettledMark",
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
