"""What an open page says of itself, so that it can poll for changes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask

from mentorship.config import Settings
from mentorship.domain.sessions.near import Near
from mentorship.domain.sessions.poll_cursor import PollCursor


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


def init_app(app: Flask, settings: Settings) -> None:
    """Give templates `live_seconds`, how often a page polls while a session is near."""
    app.jinja_env.globals["live_seconds"] = settings.live_seconds
