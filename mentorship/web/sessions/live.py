"""The state of an open page, so that it can poll for changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask

from mentorship.config import Settings
from mentorship.domain.sessions.near import Near
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.shared.calendar_weeks import day_start, local_day
from mentorship.extensions import db
from mentorship.queries.sessions.dashboard import next_due_of
from mentorship.queries.sessions.poll_state import PollState, near_sessions


@dataclass(frozen=True)
class LiveState:
    """The state of a page as of `now`, and when it should poll; instants in UTC.

    `next_due` is when the next of the sessions changes by the clock, `stays_until` until when the
    page looks the same if none of them changes. `fields` say which page it is; a poll sends them
    together with the cursor.
    """

    now: datetime
    cursor: PollCursor
    next_due: datetime | None
    near: Near
    stays_until: datetime | None = None
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def until(self) -> datetime | None:
        """When (UTC) the page has to be drawn anew although no session has changed."""
        return earliest(self.stays_until, self.near.over)

    @property
    def due_in(self) -> int | None:
        """Milliseconds until the page has to be drawn anew, as far as that is foreseen."""
        due = earliest(self.next_due, self.until)
        return None if due is None else int((due - self.now).total_seconds() * 1000)


def earliest(*instants: datetime | None) -> datetime | None:
    """The first of those that are not None."""
    return min((each for each in instants if each is not None), default=None)


def next_midnight(now: datetime, zone: str) -> datetime:
    """When (UTC) another day is today."""
    return day_start(local_day(now, zone) + timedelta(days=1), zone)


def live_state(
    state: PollState,
    cursor: PollCursor,
    now: datetime,
    *,
    view: str,
    stays_until: datetime | None = None,
    **fields: object,
) -> LiveState:
    """The state of a page of this view at `now` (UTC).

    `cursor` is the one that the next poll sends. `fields` identify the page of the view.
    """
    session, viewer, scope = db.session(), state.viewer, state.scope
    asked = viewer.scope_argument(scope)
    return LiveState(
        now=now,
        cursor=cursor,
        next_due=next_due_of(session, viewer, scope, now=now),
        near=near_sessions(session, viewer, scope, now=now),
        stays_until=stays_until,
        fields={"view": view, **({"scope": asked} if asked else {}), **fields},
    )


def init_app(app: Flask, settings: Settings) -> None:
    """Give templates `live_seconds`, how often a page polls while a session is near."""
    app.jinja_env.globals["live_seconds"] = settings.live_seconds
