"""In which language a request is answered."""

from functools import lru_cache

from flask import Flask, g, request
from flask_babel import Babel
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from mentorship.adapters import languages
from mentorship.domain.errors import ProductError
from mentorship.domain.people import Language, Viewer
from mentorship.web.identity import current_viewer


def init_app(app: Flask) -> None:
    """Templates and views get the texts of the request's language."""
    Babel(app, default_translation_directories=str(languages.FOLDER), locale_selector=language)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.add_template_global(language, "language")


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
