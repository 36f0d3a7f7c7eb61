"""The lists of a viewer's sessions, drawn once and kept for exactly as long as they are true."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from flask import current_app, render_template
from markupsafe import Markup

from mentorship.domain.cutoff import Cutoff
from mentorship.domain.lifecycle import EARLY
from mentorship.domain.seen import Seen
from mentorship.extensions import db
from mentorship.queries.dashboard import Board, Section, board
from mentorship.queries.pulse import Pulse
from mentorship.web.formats import hour_cycle
from mentorship.web.kept import Drawn, kept_own
from mentorship.web.languages import language


def lists_of(
    state: Pulse, *, seen: Seen, pages: Mapping[Section, int], now: datetime
) -> tuple[Board, Markup]:
    """The board of the viewer at `now` (UTC), and its lists as HTML; `seen` is what it will say.

    `state` was read before. What the viewer shares with nobody is kept all the same: people come
    back to their dashboard, and have it open twice.
    """
    viewer = state.viewer
    cutoff: Cutoff = current_app.extensions["settings"].cutoff

    def draw() -> Drawn[tuple[Board, Markup]]:
        found = board(db.engine, viewer, seen=seen, pages=pages, now=now, cutoff=cutoff)
        lists = render_template("_lists.html", viewer=viewer, board=found)
        return Drawn((found, Markup(lists)), (), _until(found, cutoff))  # noqa: S704  # Our own template.

    key = ("lists", viewer.id, viewer.role, viewer.timezone, hour_cycle(), language(),
           *sorted(pages.items()))  # fmt: skip
    found, lists = kept_own(key, state.place.print, now, draw)
    return replace(found, seen=seen, now=now), lists


def _until(found: Board, cutoff: Cutoff) -> datetime | None:
    """The first instant after it was found at which the clock changes how a session looks."""
    edges = (
        edge
        for listing in found.listings
        for card in listing.cards
        for edge in (
            card.start_time - EARLY,
            card.start_time,
            card.end_time,
            cutoff.until(card.start_time),
        )
    )
    return min((edge for edge in edges if edge > found.now), default=None)
