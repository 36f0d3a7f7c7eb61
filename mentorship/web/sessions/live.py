"""What an open page says of itself, so that it can poll for changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask

from mentorship.config import Settings
from mentorship.domain.sessions.near import Near
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.extensions import db
from mentorship.queries.sessions.dashboard import next_due_of
from mentorship.queries.sessions.poll_state import PollState, near_sessions


@dataclass(frozen=True)
class LiveState:
    """What a page shows as of `now`, and when it is to poll. Instants in UTC.

    `next_due` is when the next of the sessions changes by the clock, `until` when the page has to
    be drawn anew although none has changed. `fields` say which page it
    is; a poll sends them together with the cursor.
    """

    now: datetime
    cursor: PollCursor
    next_due: datetime | None
    near: Near
    until: datetime | None = None
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def due_in(self) -> int | None:
        """Milliseconds until `next_due`."""
        if self.next_due is None:
            return None
        return int((self.next_due - self.now).total_seconds() * 1000)


def live_state(
    state: PollState, cursor: PollCursor, now: datetime, *, view: str, **fields: object
) -> LiveState:
    """Where a page of this view stands at `now` (UTC). `cursor` is what its next poll sends.

    `fields` say which page of the view it is.
    """
    session, viewer, scope = db.session(), state.viewer, state.scope
    asked = viewer.asked_scope(scope)
    return LiveState(
        now=now,
        cursor=cursor,
        next_due=next_due_of(session, viewer, scope, now=now),
        near=near_sessions(session, viewer, scope, now=now),
        fields={"view": view, **({"scope": asked} if asked else {}), **fields},
    )


def init_app(app: Flask, settings: Settings) -> None:
    """Give templates `live_seconds`, how often a page polls while a session is near."""
    app.jinja_env.globals["live_seconds"] = settings.live_seconds
