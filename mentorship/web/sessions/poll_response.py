"""What an open dashboard is answered when its lists have changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flask import render_template

from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.sessions.updates import Update
from mentorship.extensions import db
from mentorship.queries.sessions.dashboard import Section, dashboard
from mentorship.queries.sessions.journal import changes_since
from mentorship.queries.sessions.poll_state import PollState
from mentorship.schemas.contract import event_detail
from mentorship.web.http.current import settings
from mentorship.web.http.formatting import translate
from mentorship.web.http.htmx import trigger

HEADER_ROOM = 3000
"""Bytes. Updates travel in a header, and proxies commonly take 4 KB of those in all."""

_MOST_UPDATES = 10
_LONGEST_TOLD = 200


def poll_response(
    state: PollState, shown: PollCursor, *, pages: Mapping[Section, int], now: datetime
) -> tuple[str, dict[str, str]]:
    """The lists as HTML, and the header that tells what happened since `shown`; `now` is in UTC."""
    session, viewer, place = db.session(), state.viewer, state.place
    told = changes_since(
        session, viewer, after=shown.head, until=place.head, limit=_MOST_UPDATES + 1
    )
    headers, count = _events(told)
    if count < len(told):
        # The lists are shown as they are now, but the page comes back at once for the rest.
        place = PollCursor(told[count - 1][0], shown.print)
    found = dashboard(session, viewer, seen=place, pages=pages, now=now, cutoff=settings().cutoff)
    return render_template("sessions/_section.html", viewer=viewer, board=found), headers


def _events(told: list[tuple[int, Update]]) -> tuple[dict[str, str], int]:
    """The header that tells as many of these as it has room for, and how many that is.

    It is fired without any, too: a new booking changes the lists, and no status.
    """
    most = min(len(told), _MOST_UPDATES)
    for count in range(most, min(most, 1) - 1, -1):
        events: dict[str, object] = {
            "session-status-updated": event_detail(
                (update for _id, update in told[:count]), translate
            )
        }
        if count < len(told):
            events["poll-now"] = {}
        header = trigger(events)
        if len(header["HX-Trigger"]) <= HEADER_ROOM:
            return header, count
    # A reason in other signs than ASCII takes up to 12 bytes for each. The lists show it whole.
    (head, update), *others = told
    shorter = replace(update, reason=f"{update.reason[:_LONGEST_TOLD]}…")
    return _events([(head, shorter), *others])
