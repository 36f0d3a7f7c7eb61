"""Work that is repeated at intervals."""

from datetime import datetime, timedelta


def has_elapsed(last: datetime | None, *, every: timedelta, now: datetime) -> bool:
    """Whether work last done at `last` is due again at `now`, both in UTC.

    It is also due if `last` is that far in the future, because the clock was wrong then.
    """
    return last is None or abs(now - last) >= every
