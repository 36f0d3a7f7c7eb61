"""How long before its start a student can still move or cancel a session."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.shared.messages import Message, ngettext
from mentorship.domain.shared.zones import zone_of


@dataclass(frozen=True)
class Cutoff:
    """Students change a session only while more than `lead` is left before its start."""

    lead: timedelta

    def until(self, start_time: datetime) -> datetime:
        """The instant (UTC) from which a student is refused."""
        return start_time - self.lead

    def refuses(self, party: Party, start_time: datetime, now: datetime) -> bool:
        """Whether it is too late for `party` at `now`; mentors and admins have no cut-off."""
        return party is Party.STUDENT and self.until(start_time) <= now

    def warning(self, start_time: datetime, now: datetime) -> Message | None:
        """The warning for a student who, at `now`, books a session that they could not change."""
        if not self.refuses(Party.STUDENT, start_time, now):
            return None
        return ngettext(
            "This session begins within %(n)s hour, so you cannot move or cancel it yourself once "
            "it is booked. Your mentor still can.",
            "This session begins within %(n)s hours, so you cannot move or cancel it yourself once "
            "it is booked. Your mentor still can.",
            round(self.lead / timedelta(hours=1)),
        )

    def message(self, start_time: datetime, timezone: str) -> str:
        """Why it is too late, with the deadline in the reader's zone."""
        return ngettext(
            "Students can change a session until %(n)s hour before it starts. "
            "For this one that was %(until)s. The mentor can still change it.",
            "Students can change a session until %(n)s hours before it starts. "
            "For this one that was %(until)s. The mentor can still change it.",
            round(self.lead / timedelta(hours=1)),
            until=self.until(start_time).astimezone(zone_of(timezone)),
        )


NO_CUTOFF = Cutoff(timedelta(0))
"""Everybody may change a session until its start."""
