"""The answer to a poll when what an open page shows has changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.sessions.updates import Update
from mentorship.extensions import db
from mentorship.queries.sessions.journal import changes_since
from mentorship.queries.sessions.poll_state import PollState
from mentorship.schemas.sessions import event_detail
from mentorship.web.http.formatting import translate
from mentorship.web.http.htmx import trigger

Fragment = Callable[[PollState, PollCursor, datetime], str]
"""Renders the changing part of a page, with the cursor of its next poll, at an instant (UTC)."""

HEADER_ROOM = 3000
"""Bytes. Updates travel in a header, and proxies commonly accept 4 KB of headers in all."""

_MAX_UPDATES = 10
_MAX_REASON = 200


def poll_response(
    state: PollState,
    shown: PollCursor,
    fragment: Fragment,
    *,
    now: datetime,
    only: int | None = None,
) -> tuple[str, dict[str, str]]:
    """The new content of a page, and the header with the changes since `shown`.

    `now` is in UTC. `only` is the session that the page is about, if it is about one.
    """
    cursor = state.cursor
    changes = changes_since(
        db.session(),
        state.viewer,
        state.scope,
        after=shown.last_change_id,
        until=cursor.last_change_id,
        limit=_MAX_UPDATES + 1,
    )
    if only is not None:
        changes = [change for change in changes if change[1].session_id == only]
    headers, count = _event_header(changes)
    if count < len(changes):
        # The content is up to date, but the page polls at once for the rest of the events.
        last_told, _update = changes[count - 1]
        cursor = PollCursor(last_told, shown.fingerprint)
    return fragment(state, cursor, now), headers


def _event_header(changes: list[tuple[int, Update]]) -> tuple[dict[str, str], int]:
    """The header with as many changes as fit into it, and how many that are.

    The event is fired even without updates: a new booking changes the lists, but no status.
    """
    limit = min(len(changes), _MAX_UPDATES)
    for count in range(limit, min(limit, 1) - 1, -1):
        header = trigger(_events(changes, count))
        if len(header["HX-Trigger"]) <= HEADER_ROOM:
            return header, count
    # A character outside ASCII takes up to 12 bytes. The lists show the whole reason.
    (change_id, update), *others = changes
    shorter = replace(update, reason=f"{update.reason[:_MAX_REASON]}…")
    return _event_header([(change_id, shorter), *others])


def _events(changes: list[tuple[int, Update]], count: int) -> dict[str, object]:
    """The events with the first `count` updates; if some are left, the page polls at once."""
    updates = (update for _id, update in changes[:count])
    events: dict[str, object] = {"session-status-updated": event_detail(updates, translate)}
    if count < len(changes):
        events["poll-now"] = {}
    return events
