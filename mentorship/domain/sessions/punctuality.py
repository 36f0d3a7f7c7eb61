"""How punctual a mentor is, from the recorded transitions of their last sessions."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

FEWEST_SESSIONS = 10
"""With fewer sessions there are no figures: one bad day would weigh too much."""

LAST_SESSIONS = 50
"""Only the last sessions count, so that people can improve."""

ON_TIME = timedelta(minutes=5)
"""A session that begins no later than this after its start time is on time."""


@dataclass(frozen=True)
class PastSession:
    """A session that the mentor began, missed or cancelled. Instants in UTC.

    `started_at` is None if the mentor did not come or cancelled, `cancelled_at` if the mentor did
    not cancel.
    """

    start_time: datetime
    started_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True)
class Punctuality:
    """The last sessions of a mentor in figures.

    `sessions` counts those that the mentor began or missed. `median_delay` is about those that
    began, with early beginnings as no delay; None if none began. `cancelled` counts those that the
    mentor cancelled, and `median_notice` says how long before the start; None if there are none.
    """

    sessions: int
    on_time: int
    median_delay: timedelta | None
    cancelled: int
    median_notice: timedelta | None

    @property
    def median_delay_minutes(self) -> int | None:
        """The median delay in whole minutes, rounded down."""
        return None if self.median_delay is None else self.median_delay // timedelta(minutes=1)

    @property
    def median_notice_hours(self) -> int | None:
        """The median notice in whole hours, rounded down."""
        return None if self.median_notice is None else self.median_notice // timedelta(hours=1)


def punctuality_of(past: Iterable[PastSession]) -> Punctuality | None:
    """The figures of one mentor; None for fewer than `FEWEST_SESSIONS`."""
    past = tuple(past)
    held = [each for each in past if each.cancelled_at is None]
    if len(held) < FEWEST_SESSIONS:
        return None
    delays = [
        max(each.started_at - each.start_time, timedelta(0))
        for each in held
        if each.started_at is not None
    ]
    notices = [
        each.start_time - each.cancelled_at for each in past if each.cancelled_at is not None
    ]
    return Punctuality(
        sessions=len(held),
        on_time=sum(delay <= ON_TIME for delay in delays),
        median_delay=_median(delays),
        cancelled=len(notices),
        median_notice=_median(notices),
    )


def _median(values: list[timedelta]) -> timedelta | None:
    if not values:
        return None
    return timedelta(seconds=median(value.total_seconds() for value in values))
