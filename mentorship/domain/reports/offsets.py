"""The stretches of a range in which a time zone has one offset, for arithmetic in SQL."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mentorship.domain.reports.ranges import DateRange
from mentorship.domain.shared.zones import zone_of

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class OffsetSpan:
    """From `since` to before `until` (UTC), local time is UTC plus `offset`."""

    since: datetime
    until: datetime
    offset: timedelta


def offset_spans(dates: DateRange) -> Iterator[OffsetSpan]:
    """The stretches of the range, in order and without gaps."""
    zone, end = zone_of(dates.timezone), dates.until

    def offset_at(instant: datetime) -> timedelta:
        return instant.astimezone(zone).utcoffset() or timedelta(0)

    since = at = dates.since
    while at < end:
        following = min(at + _DAY, end)
        if offset_at(following) != offset_at(at):
            change = _first_with_other_offset(at, following, offset_at)
            yield OffsetSpan(since, change, offset_at(at))
            since = change
        at = following
    if since < end:
        yield OffsetSpan(since, end, offset_at(since))


def _first_with_other_offset(
    before: datetime, after: datetime, offset_at: Callable[[datetime], timedelta]
) -> datetime:
    """The second at which the offset changes; clocks change at most once a day."""
    old = offset_at(before)
    while after - before > _SECOND:
        middle = before + (after - before) // (2 * _SECOND) * _SECOND
        before, after = (middle, after) if offset_at(middle) == old else (before, middle)
    return after
