"""In which language a request is answered."""

import re
from functools import lru_cache

from flask import Flask, g, request
from flask_babel import Babel
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from mentorship.adapters import translations
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import ProductError
from mentorship.domain.shared.locales import Language
from mentorship.web.http.authentication import current_viewer


def init_app(app: Flask) -> None:
    """Templates and views get the texts of the request's language."""
    Babel(
        app,
        default_translation_directories=str(translations.FOLDER),
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
    found = translations.catalog_of(language()).ngettext(text, plural, num)
    return Markup(found) % ({"num": num} | values)  # noqa: S704  # The catalogs are our own.


@lru_cache(maxsize=4096)  # As many as there are texts, and more.
def _found(text: str, wanted: Language) -> Markup:
    return Markup(translations.catalog_of(wanted).gettext(text))  # noqa: S704  # The same.


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


_LONGEST_HEADER = 200
"""Characters of `Accept-Language` that are read; browsers send fewer than 100."""

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
"""The shape of a language tag (RFC 5646, section 2.1), which is never a path of a file."""


def accepted_languages(accept_language: str) -> tuple[str, ...]:
    """The well-formed tags of an `Accept-Language` header, the most wanted first.

    Only the beginning of a long header is read, so that what is kept about it stays small.
    """
    if len(accept_language) > _LONGEST_HEADER:
        accept_language = accept_language[:_LONGEST_HEADER].rpartition(",")[0]
    return _accepted(accept_language)


@lru_cache(maxsize=256)
def _accepted(accept_language: str) -> tuple[str, ...]:
    wanted = parse_accept_header(accept_language, LanguageAccept)
    return tuple(tag for tag, quality in wanted if quality > 0 and _TAG.fullmatch(tag))


def language_of(accept_language: str) -> Language:
    """The first language that there are texts in, else English."""
    for tag in accepted_languages(accept_language):
        name = tag.lower().partition("-")[0]
        if name in set(Language):
            return Language(name)
    return Language.EN
