"""When one of a person's sessions is near, so that an open page polls often."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mentorship.domain.sessions.lifecycle import EARLY

NEAR_BEFORE = EARLY
"""A session is near this long before it starts."""

NEAR_AFTER = timedelta(minutes=5)
"""A session is near this long after something has changed."""


@dataclass(frozen=True)
class Near:
    """When a session is near: before `until`, and from `since` on (UTC); None means never.

    This holds until the next change. A session becomes near, or stops being near, either by a
    change, which redraws the page, or by the passing of time, which is covered here.

    `over` is when the time of a delayed session is over next (UTC). That changes no status, but
    what pages say about it.
    """

    until: datetime | None
    since: datetime | None
    over: datetime | None = None

    def at(self, now: datetime) -> bool:
        """Whether a session is near at `now` (UTC)."""
        is_still = self.until is not None and now < self.until
        return is_still or (self.since is not None and now >= self.since)


def near(
    *,
    next_start: datetime | None,
    last_end: datetime | None,
    last_change: datetime | None,
    next_over: datetime | None = None,
    now: datetime,
) -> Near:
    """When one of several sessions is near, as known at `now`.

    Instants in UTC. `next_start` is the first start of the scheduled sessions, `last_end` the last
    end of the ongoing ones (delayed or not), `last_change` the last change of any of them,
    `next_over` the first end of the delayed ones that is still to come.
    """
    ends = [last_end, last_change and last_change + NEAR_AFTER]
    since = next_start and next_start - NEAR_BEFORE
    if since and since <= now:
        ends.append(next_start)
        since = None
    return Near(max((end for end in ends if end and end > now), default=None), since, next_over)
