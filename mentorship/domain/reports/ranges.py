"""The days of a report, in the wall calendar of a time zone."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from mentorship.domain.shared.calendar_weeks import Week, day_start, local_day
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_

LONGEST_YEARS = 10
"""A range has at most this many years."""

_EARLIEST, _LATEST = 1970, 2199
"""The years of the days that a range may have."""

_DAY = timedelta(days=1)
_FORM = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class DateRange:
    """From `first` to `last`, both included, in `timezone`, an IANA name."""

    first: date
    last: date
    timezone: str

    @property
    def since(self) -> datetime:
        """Its first instant, in UTC."""
        return day_start(self.first, self.timezone)

    @property
    def until(self) -> datetime:
        """The first instant after it, in UTC."""
        return day_start(self.last + _DAY, self.timezone)

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "DateRange":
        """The range before this one: as many months if this is whole months, else as many days."""
        last = self.first - _DAY
        if self.first.day == 1 and (self.last + _DAY).day == 1:
            first = _months_later(self.first, -_months_between(self.first, self.last + _DAY))
        else:
            first = self.first - timedelta(days=self.days)
        return DateRange(first, last, self.timezone)


@dataclass(frozen=True)
class Bucket:
    """A week or a month of a range, cut off where the range begins or ends."""

    key: str
    range: DateRange


def weeks_of(whole: DateRange) -> Iterator[Bucket]:
    """The weeks (Monday to Sunday) of a range, named like "2026-W48" (ISO 8601)."""
    week = Week.of(whole.first, whole.timezone)
    while week.monday <= whole.last:
        year, number, _weekday = week.monday.isocalendar()
        part = _cut(whole, week.days[0], week.days[-1])
        yield Bucket(f"{year:04}-W{number:02}", part)
        week = week.next


def months_of(whole: DateRange) -> Iterator[Bucket]:
    """The months of a range, named like "2026-11"."""
    first = whole.first.replace(day=1)
    while first <= whole.last:
        following = _months_later(first, 1)
        yield Bucket(f"{first:%Y-%m}", _cut(whole, first, following - _DAY))
        first = following


def _cut(whole: DateRange, first: date, last: date) -> DateRange:
    return DateRange(max(first, whole.first), min(last, whole.last), whole.timezone)


class Preset(StrEnum):
    """The ranges that people ask for most."""

    THIS_MONTH = "this-month"
    LAST_MONTH = "last-month"
    THIS_TERM = "this-term"
    ONE_YEAR = "one-year"


def presets(now: datetime, timezone: str) -> Mapping[Preset, DateRange]:
    """Each preset at `now` (UTC), in `timezone`.

    A term is half a year: April to September, or October to March. One year ends today.
    """
    today = local_day(now, timezone)
    month = today.replace(day=1)
    next_month, last_month = _months_later(month, 1), _months_later(month, -1)
    term = _months_later(month, -((month.month - 4) % 6))
    year_ago = _months_later(month, -12)
    spans = {
        Preset.THIS_MONTH: (month, next_month - _DAY),
        Preset.LAST_MONTH: (last_month, month - _DAY),
        Preset.THIS_TERM: (term, _months_later(term, 6) - _DAY),
        Preset.ONE_YEAR: (year_ago + (today - month) + _DAY, today),
    }
    return {name: DateRange(first, last, timezone) for name, (first, last) in spans.items()}


def parse_range(first: str | None, last: str | None, *, timezone: str, now: datetime) -> DateRange:
    """The range between two days like 2026-11-24; without both, the month of `now` (UTC).

    Raises InvalidInput if a day is missing or invalid, and for a range that ends before it begins
    or is longer than LONGEST_YEARS.
    """
    if first is None and last is None:
        return presets(now, timezone)[Preset.THIS_MONTH]
    begins, ends = _day("from", first), _day("to", last)
    if ends < begins:
        raise InvalidInput(N_("The range ends before it begins: 'to' must not be before 'from'."))
    if ends >= _years_later(begins, LONGEST_YEARS):
        raise InvalidInput(N_("The range is longer than %(years)s years.", years=LONGEST_YEARS))
    return DateRange(begins, ends, timezone)


def _day(name: str, text: str | None) -> date:
    if text is None:
        raise InvalidInput(N_("The field '%(name)s' is missing.", name=name))
    try:
        if not _FORM.fullmatch(text):
            raise ValueError(text)
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            N_("The field '%(name)s' must be a day like 2026-11-24.", name=name)
        ) from None
    if not _EARLIEST <= day.year <= _LATEST:
        raise InvalidInput(N_("That day is too far away."))
    return day


def _months_between(first: date, following: date) -> int:
    return 12 * (following.year - first.year) + following.month - first.month


def _months_later(month: date, count: int) -> date:
    """The first day of the month that is `count` months after the one that begins at `month`."""
    years, index = divmod(month.month - 1 + count, 12)
    return date(month.year + years, index + 1, 1)


def _years_later(day: date, count: int) -> date:
    try:
        return day.replace(year=day.year + count)
    except ValueError:  # The 29th of February.
        return date(day.year + count, 3, 1)
