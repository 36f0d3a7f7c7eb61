"""The lists of a viewer's sessions, drawn once and kept for exactly as long as they are true."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flask import current_app, render_template
from markupsafe import Markup

from mentorship.domain.seen import Seen
from mentorship.extensions import db
from mentorship.queries.dashboard import EARLY, Board, Section, board
from mentorship.queries.pulse import Pulse
from mentorship.web.formats import hour_cycle
from mentorship.web.kept import EXTENSION, Drawn, Shelf
from mentorship.web.languages import language


def lists_of(
    state: Pulse, *, seen: Seen, pages: Mapping[Section, int], now: datetime
) -> tuple[Board, Markup]:
    """The board of the viewer at `now` (UTC), and its lists as HTML; `seen` is what it will say.

    `state` was read before. What the viewer shares with nobody is kept all the same: people come
    back to their dashboard, and have it open twice.
    """
    viewer = state.viewer
    page = ("lists", viewer.id, *sorted(pages.items()))
    key = (page, viewer.role, viewer.timezone, hour_cycle(), language())
    shelf: Shelf = current_app.extensions[EXTENSION]
    is_at = (state.place.print, state.looks)
    drawn = shelf.find(key, _NO_OFFERS, is_at, now)
    if drawn is None:
        found = board(db.engine, viewer, seen=seen, pages=pages, now=now)
        lists = Markup(render_template("_lists.html", viewer=viewer, board=found))  # noqa: S704  # Our own template.
        drawn = Drawn((found, lists), _NO_OFFERS, _until(found))
        shelf.put(page, key, drawn, _NO_OFFERS, is_at, now)
    found, lists = drawn.value
    return replace(found, seen=seen, now=now), lists


_NO_OFFERS: frozenset[int] = frozenset()


def _until(found: Board) -> datetime | None:
    """The first instant after it was found at which the clock changes how a session looks."""
    edges = (
        edge
        for listing in found.listings
        for card in listing.cards
        for edge in (card.start_time - EARLY, card.start_time, card.end_time)
    )
    return min((edge for edge in edges if edge > found.now), default=None)
