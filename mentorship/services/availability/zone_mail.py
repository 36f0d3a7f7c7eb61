"""Mail to people whose clocks read differently by new rules of a time zone, as facts."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mentorship.domain.mail import ShiftedTime, ZoneRulesChanged
from mentorship.domain.shared import zones
from mentorship.models import User
from mentorship.services.mail.outbox import Mail

MOST_LINES = 30


@dataclass(frozen=True)
class Reading:
    """What begins at an instant (UTC); without a topic it is a free slot, with nobody.

    `was` is the clock time that was expected, written as if the zone were UTC.
    """

    start_time: datetime
    topic: str | None
    other: str
    was: datetime | None = None

    def before(self, offset: timedelta) -> "Reading":
        """With the clock time expected where the clocks were so far ahead of UTC."""
        return replace(self, was=self.start_time + offset)


def new_rules(
    person: User, timezone: str, *, is_moved: bool, readings: list[Reading], now: datetime
) -> Mail:
    """To somebody whose free slots were moved, or for whom these read at another hour."""
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
