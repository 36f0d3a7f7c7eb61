"""How long a time is held for the next person on a waiting list."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from mentorship.domain.shared.zones import zone_of

DAY_BEGINS, DAY_ENDS = time(8), time(22)
"""Holds run only between these hours of the student's zone, so nobody has to answer at night."""

_A_DAY = timedelta(days=1)


def hold_ends(
    now: datetime, length: timedelta, *, timezone: str, bookable_until: datetime
) -> datetime:
    """When a hold that is made at `now` ends (UTC).

    It lasts for `length`, not counting the nights in the student's `timezone`, and ends no later
    than `bookable_until` (UTC), after which nobody can book the slot.
    """
    zone = zone_of(timezone)
    # The zone's day may be a day behind or ahead of UTC's.
    day = now.astimezone(zone).date()
    left = length
    while True:
        begins, ends = _waking_hours(day, zone)
        if begins >= bookable_until:
            return bookable_until
        counted = max(ends - max(begins, now), timedelta(0))
        if left <= counted:
            return min(max(begins, now) + left, bookable_until)
        left -= counted
        day += _A_DAY


def _waking_hours(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """These hours of a day, in UTC, so that a difference is right even when the clocks change."""
    begins, ends = (
        datetime.combine(day, each, tzinfo=zone).astimezone(UTC) for each in (DAY_BEGINS, DAY_ENDS)
    )
    return begins, ends
