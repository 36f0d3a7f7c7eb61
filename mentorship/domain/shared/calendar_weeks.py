"""Weeks and days of somebody's wall calendar."""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from mentorship.domain.shared.zones import zone_of

_WEEK = timedelta(days=7)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, order=True)
class Week:
    """Monday to Sunday in `timezone`, an IANA name.

    A day begins at its first instant. So a week in which the clocks change is an hour shorter or
    longer, and it does not matter if midnight does not exist or occurs twice.
    """

    monday: date
    timezone: str

    @classmethod
    def of(cls, day: date, timezone: str) -> "Week":
        """The week that contains this day."""
        return cls(day - timedelta(days=day.weekday()), timezone)

    @classmethod
    def at(cls, instant: datetime, timezone: str) -> "Week":
        """The week that contains this instant."""
        return cls.of(local_day(instant, timezone), timezone)

    @property
    def days(self) -> tuple[date, ...]:
        """Monday to Sunday."""
        return tuple(self.monday + timedelta(days=number) for number in range(7))

    @property
    def start(self) -> datetime:
        """Its first instant, in UTC."""
        return day_start(self.monday, self.timezone)

    @property
    def end(self) -> datetime:
        """The first instant of the next week, in UTC."""
        return self.next.start

    @property
    def previous(self) -> "Week":
        """The week before."""
        return Week(self.monday - _WEEK, self.timezone)

    @property
    def next(self) -> "Week":
        """The week after."""
        return Week(self.monday + _WEEK, self.timezone)


def day_start(day: date, timezone: str) -> datetime:
    """The first instant (UTC) of a day of the wall calendar in `timezone`."""
    return datetime.combine(day, time.min, zone_of(timezone)).astimezone(UTC)


def day_hours(day: date, timezone: str) -> tuple[datetime, ...]:
    """The instants (UTC) at which the hours of that day begin: 23 or 25 where the clocks change."""
    start, end = day_start(day, timezone), day_start(day + timedelta(days=1), timezone)
    count = math.ceil((end - start) / _HOUR)
    return tuple(start + number * _HOUR for number in range(count))


def local_day(instant: datetime, timezone: str) -> date:
    """The day that the wall calendar in `timezone` shows at this instant."""
    return instant.astimezone(zone_of(timezone)).date()
