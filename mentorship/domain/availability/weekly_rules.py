"""Weekly hours, and their days as an RRULE and in words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from dateutil.rrule import rrulestr

from mentorship.domain.shared.messages import N_


class Weekday(StrEnum):
    """The days as RFC 5545 writes them, Monday first."""

    MO = "MO"
    TU = "TU"
    WE = "WE"
    TH = "TH"
    FR = "FR"
    SA = "SA"
    SU = "SU"

    @property
    def word(self) -> str:
        """Like "Tuesday"."""
        return _WORDS[self]


_WORDS = dict(
    zip(
        Weekday,
        (
            N_("Monday"),
            N_("Tuesday"),
            N_("Wednesday"),
            N_("Thursday"),
            N_("Friday"),
            N_("Saturday"),
            N_("Sunday"),
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class Recurrence:
    """Every `every_weeks` weeks on these days, up to and including `until` (empty: no end)."""

    weekdays: tuple[Weekday, ...]
    every_weeks: int = 1
    until: date | None = None

    @classmethod
    def read(cls, rrule: str) -> "Recurrence":
        """Parse the value of an RRULE that `rrule` wrote."""
        parts = dict(part.split("=") for part in rrule.split(";"))
        until = parts.get("UNTIL")
        return cls(
            weekdays=tuple(Weekday(day) for day in parts["BYDAY"].split(",")),
            every_weeks=int(parts.get("INTERVAL", "1")),
            until=date.fromisoformat(until) if until else None,
        )

    @property
    def rrule(self) -> str:
        """The value of an RRULE (RFC 5545, 3.3.10) whose DTSTART is a date."""
        days = ",".join(day for day in Weekday if day in self.weekdays)
        interval = f";INTERVAL={self.every_weeks}" if self.every_weeks > 1 else ""
        until = f";UNTIL={self.until:%Y%m%d}" if self.until else ""
        return f"FREQ=WEEKLY{interval};BYDAY={days}{until}"

    @property
    def words(self) -> str:
        """Like "Every second week on Tuesday and Thursday"."""
        names = [day.word for day in Weekday if day in self.weekdays]
        listed = names[0]
        for name in names[1:-1]:
            listed = N_("%(days)s, %(day)s", days=listed, day=name)
        if len(names) > 1:
            listed = N_("%(days)s and %(day)s", days=listed, day=names[-1])
        if len(names) == len(Weekday):
            listed = N_("day") if self.every_weeks == 1 else N_("every day")
        return N_(_EVERY[self.every_weeks], days=listed)


_EVERY = {
    1: N_("Every %(days)s"),
    2: N_("Every second week on %(days)s"),
    3: N_("Every third week on %(days)s"),
    4: N_("Every fourth week on %(days)s"),
}
MOST_WEEKS_BETWEEN = max(_EVERY)


@dataclass(frozen=True)
class WeeklyRule:
    """A window of `minutes` that opens on some days at a wall-clock time of `timezone`.

    It is cut into slots of `slot_minutes` for `capacity` students each. `id` is 0 while the rule
    is not stored.
    """

    id: int
    timezone: str
    rrule: str
    first_day: date
    opens: time
    minutes: int
    slot_minutes: int
    capacity: int

    def days(self, first: date, last: date) -> Iterator[date]:
        """The days from `first` to `last`, both included, on which the window opens."""
        rule = rrulestr(self.rrule, dtstart=datetime.combine(self.first_day, time.min))
        found = rule.between(
            datetime.combine(first, time.min), datetime.combine(last, time.min), inc=True
        )
        return (moment.date() for moment in found)

    def cut(self, day: date, *, gap: int) -> Iterator[datetime]:
        """The wall-clock starts of the slots in this day's window; `gap` in minutes."""
        opening = datetime.combine(day, self.opens)
        for minute in range(0, self.minutes - self.slot_minutes + 1, self.slot_minutes + gap):
            yield opening + timedelta(minutes=minute)

    @property
    def closes(self) -> time:
        """When the window ends; on the next day if that is not after `opens`."""
        end = datetime.combine(self.first_day, self.opens) + timedelta(minutes=self.minutes)
        return end.time()

    @property
    def recurrence(self) -> Recurrence:
        """On which days the window opens."""
        return Recurrence.read(self.rrule)
