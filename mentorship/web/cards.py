"""The sessions in a list, each drawn once for as long as it looks the same."""

from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from mentorship.domain.people import HourCycle, Viewer
from mentorship.queries.dashboard import Card
from mentorship.web.formats import hour_cycle

_KEPT = 4096
"""Drawn cards in the memory of one process; each takes about a kilobyte."""


def init_app(app: Flask) -> None:
    """Give templates `session_card`. When one session of a list changes, only it is drawn anew."""

    @lru_cache(_KEPT)
    def drawn(card: Card, role: str, timezone: str, _hours: HourCycle) -> Markup:
        macros = app.jinja_env.get_template("_session.html").module
        return macros.session_card(card, role, timezone)  # type: ignore[attr-defined,no-any-return]  # A macro.

    @app.template_global()
    def session_card(card: Card, viewer: Viewer) -> Markup:
        # The hours decide how the filters write times, so a card is kept for each way.
        return drawn(card, viewer.role, viewer.timezone, hour_cycle())
