"""Work that is done again after a while."""

from datetime import datetime, timedelta


def has_elapsed(last: datetime | None, *, every: timedelta, now: datetime) -> bool:
    """Whether what was done at `last` is to be done again at `now`, both in UTC.

    Also where `last` is as far ahead: the clock was wrong then, and nothing waits for it.
    """
    return last is None or abs(now - last) >= every
