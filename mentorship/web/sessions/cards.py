"""The HTML of a session in a list, which most polls need again as it was."""

from functools import lru_cache

from flask import Flask, current_app
from markupsafe import Markup

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.queries.sessions.dashboard import Card
from mentorship.web.http.formatting import hour_cycle
from mentorship.web.http.locale import language


def init_app(app: Flask) -> None:
    """Give templates `session_card(card, viewer)`."""
    app.add_template_global(session_card)


def session_card(card: Card, viewer: Viewer) -> Markup:
    """One session as its viewer sees it, in the language and the hours of the request."""
    return _draw(card, viewer.timezone, language(), hour_cycle())


@lru_cache(4096)
def _draw(card: Card, timezone: str, _language: Language, _hour_cycle: HourCycle) -> Markup:
    """The arguments are all that the template looks at, so nothing here can go stale."""
    module = current_app.jinja_env.get_template("sessions/_card.html").module
    return Markup(module.session_card(card, timezone))  # type: ignore[attr-defined]  # noqa: S704  # A macro escapes.
