"""In which language a request is answered."""

from functools import lru_cache

from flask import Flask, g, request
from flask_babel import Babel
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from mentorship.adapters import languages
from mentorship.domain.errors import ProductError
from mentorship.domain.people import Language, Viewer
from mentorship.web.identity import current_viewer


def init_app(app: Flask) -> None:
    """Templates and views get the texts of the request's language."""
    Babel(
        app,
        default_translation_directories=str(languages.FOLDER),
        locale_selector=language,
        # Its templates look for the catalog with each text: 10 microseconds in place of 2.
        configure_jinja=False,
    )
    app.add_template_global(_gettext, "_")
    app.add_template_global(_ngettext, "ngettext")
    app.add_template_global(language, "language")


def _gettext(text: str, **values: object) -> Markup:
    """The text in the request's language; values that are no markup are escaped."""
    found = _found(text, language())
    return found % values if values else found


def _ngettext(text: str, plural: str, num: int, **values: object) -> Markup:
    """The same where the text depends on `num`."""
    found = languages.catalog_of(language()).ngettext(text, plural, num)
    return Markup(found) % ({"num": num} | values)  # noqa: S704  # The catalogs are our own.


@lru_cache(maxsize=4096)  # As many as there are texts, and more.
def _found(text: str, wanted: Language) -> Markup:
    return Markup(languages.catalog_of(wanted).gettext(text))  # noqa: S704  # The same.


def language() -> Language:
    """The viewer's own choice, else the browser's first that we have; found once a request."""
    found: Language | None = g.get("language")
    if found is None:
        viewer = reader()
        chosen = viewer.language if viewer else None
        found = chosen or language_of(request.headers.get("Accept-Language", ""))
        g.language = found
    return found


def reader() -> Viewer | None:
    """The person who asks, where that can be found out: it may be its error that is to be told."""
    try:
        return current_viewer()
    except (ProductError, SQLAlchemyError):
        return None


@lru_cache(maxsize=1024)  # Browsers send a few headers; strangers may send any.
def language_of(accept_language: str) -> Language:
    """The first language that there are texts in, else English."""
    for wanted, quality in parse_accept_header(accept_language, LanguageAccept):
        name = wanted.lower().replace("_", "-").partition("-")[0]
        if quality > 0 and name in set(Language):
            return Language(name)
    return Language.EN
