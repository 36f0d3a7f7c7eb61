"""Globally unique, permanent ids of sessions, mails and webhook calls for other systems."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Identity:
    """Makes the ids of this installation unique, whatever its address.

    `uuid` is random and never changes. Ids that were given before it existed, up to the last ones
    of that time, keep their old names with `old_host`.
    """

    uuid: str
    old_host: str = ""
    last_old_booking: int = 0
    last_old_mail: int = 0
    last_old_call: int = 0
    last_old_person: int = 0

    def calendar_uid(self, session_id: int) -> str:
        """The UID of a session in feeds and invitations (RFC 5545, 3.8.4.7)."""
        is_old = session_id <= self.last_old_booking
        return f"session-{session_id}@{self.old_host if is_old else self.uuid}"

    def meeting_uid(self, entry_id: int) -> str:
        """Of a group, whose sessions are one entry in the calendar of its mentor."""
        return f"meeting-{entry_id}@{self.uuid}"

    def message_id(self, mail_id: int, created_at: datetime) -> str:
        """The Message-ID of a mail (RFC 5322, 3.6.4), so that a repeat can be recognised."""
        if mail_id <= self.last_old_mail:
            return f"<{mail_id}.{created_at:%Y%m%d%H%M%S%f}@{self.old_host}>"
        return f"<{mail_id}@{self.uuid}.mentorship.invalid>"

    def webhook_id(self, call_id: int) -> str:
        """The webhook-id of a call, the same at each attempt."""
        is_old = call_id <= self.last_old_call
        return f"call_{call_id}" if is_old else f"call_{self.uuid}_{call_id}"
