"""Tables, constraints and indexes. No decisions are made here."""

from mentorship.domain.people import Role
from mentorship.models.account import User
from mentorship.models.availability import MentorTimeSlot
from mentorship.models.booking import ScheduleStatus, SessionBooking
from mentorship.models.columns import table_of
from mentorship.models.status_change import Cause, StatusChange
from mentorship.models.sweep_failure import SweepFailure

__all__ = [
    "Cause",
    "MentorTimeSlot",
    "Role",
    "ScheduleStatus",
    "SessionBooking",
    "StatusChange",
    "SweepFailure",
    "User",
    "table_of",
]
