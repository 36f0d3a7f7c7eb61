"""Mail to people for whom new time zone rules change clock times, as facts."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mentorship.domain.mail import ShiftedTime, ZoneRulesChanged
from mentorship.domain.shared import zones
from mentorship.models import User
from mentorship.services.mail.outbox import Mail

MOST_LINES = 30


@dataclass(frozen=True)
class Reading:
    """A session, or a free slot (no topic, no person), that begins at an instant (UTC).

    `was` is the expected clock time, written as if the zone were UTC.
    """

    start_time: datetime
    topic: str | None
    other: str
    was: datetime | None = None

    def before(self, offset: timedelta) -> "Reading":
        """The same with the clock time expected under the former offset from UTC."""
        return replace(self, was=self.start_time + offset)


def new_rules(
    person: User, timezone: str, *, is_moved: bool, readings: list[Reading], now: datetime
) -> Mail:
    """To somebody whose free slots were moved, or for whom these times now read differently."""
    facts = ZoneRulesChanged(
        zone=timezone,
        are_slots_moved=is_moved,
        shifted=tuple(_shifted(reading) for reading in readings[:MOST_LINES]),
        more=max(0, len(readings) - MOST_LINES),
    )
    key = f"zone-rules/{timezone}/{zones.RULES}/{person.id}/{now:%Y%m%d}"
    return Mail(facts, key=key, reader_id=person.id)


def _shifted(reading: Reading) -> ShiftedTime:
    assert reading.was is not None, "it reads differently"
    return ShiftedTime(reading.start_time, reading.was, reading.topic, reading.other)
