"""The sessions in a list, each drawn once for as long as it looks the same."""

from collections.abc import Iterable
from functools import lru_cache

from flask import Flask
from markupsafe import Markup

from mentorship.domain.cutoff import Cutoff
from mentorship.domain.people import HourCycle, Language, Role, Viewer
from mentorship.queries.dashboard import KEPT, Card
from mentorship.web.formats import hour_cycle
from mentorship.web.languages import language


def init_app(app: Flask) -> None:
    """Give templates `session_cards`. When one session of a list changes, only it is drawn anew."""

    cutoff: Cutoff = app.extensions["settings"].cutoff

    @lru_cache(KEPT)
    def drawn(
        card: Card, role: Role, timezone: str, _hours: HourCycle, _language: Language
    ) -> Markup:
        macros = app.jinja_env.get_template("_session.html").module
        fixed_from = cutoff.until(card.start_time) if role is Role.STUDENT else card.start_time
        return macros.session_card(card, role, timezone, fixed_from)  # type: ignore[attr-defined,no-any-return]  # A macro.

    @app.template_global()
    def session_cards(cards: Iterable[Card], viewer: Viewer) -> Markup:
        # Hours and language decide how things are written, so a card is kept for each way.
        role, timezone, hours, words = viewer.role, viewer.timezone, hour_cycle(), language()
        each = [drawn(card, role, timezone, hours, words) for card in cards]
        return Markup("".join(each))  # noqa: S704  # Markup already; its own join looks at each.
