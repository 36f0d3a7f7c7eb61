"""What an open dashboard is answered when its lists have changed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flask import render_template

from mentorship.domain.seen import Seen
from mentorship.domain.updates import Update
from mentorship.extensions import db
from mentorship.queries.dashboard import Section
from mentorship.queries.journal import told_to
from mentorship.queries.pulse import Pulse
from mentorship.web.formats import hour_cycle, say
from mentorship.web.htmx import trigger
from mentorship.web.kept import Drawn, kept_own
from mentorship.web.languages import language
from mentorship.web.lists import lists_of
from mentorship.wire import event_detail

HEADER_ROOM = 3000
"""Bytes. Updates travel in a header, and proxies commonly take 4 KB of those in all."""

_MOST_UPDATES = 10
_LONGEST_TOLD = 200


def changed_lists(
    state: Pulse, shown: Seen, *, pages: Mapping[Section, int], now: datetime
) -> tuple[str, dict[str, str]]:
    """The lists as HTML, and the header that tells what happened since `shown`; `now` is in UTC."""
    viewer, place = state.viewer, state.place
    after, until = shown.head, place.head

    def tell() -> Drawn[tuple[dict[str, str], int]]:
        told = told_to(db.engine, viewer, after=after, until=until, limit=_MOST_UPDATES + 1)
        headers, count = _events(told)
        return Drawn((headers, until if count == len(told) else told[count - 1][0]), ())

    # Nothing is added to the journal between two places in it any more (decision 2).
    reader = ("told", viewer.id, viewer.role, hour_cycle(), language())
    headers, head = kept_own(reader, (after, until), now, tell)
    if head != until:
        # The lists are shown as they are now, but the page comes back at once for the rest.
        place = Seen(head, shown.print)
    found, lists = lists_of(state, seen=place, pages=pages, now=now)
    answer = render_template("_sessions.html", viewer=viewer, board=found, lists=lists)
    return answer, headers


def _events(told: list[tuple[int, Update]]) -> tuple[dict[str, str], int]:
    """The header that tells as many of these as it has room for, and how many that is.

    It is fired without any, too: a new booking changes the lists, and no status.
    """
    most = min(len(told), _MOST_UPDATES)
    for count in range(most, min(most, 1) - 1, -1):
        events: dict[str, object] = {
            "session-status-updated": event_detail((update for _id, update in told[:count]), say)
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
