"""The language of the answer to a request."""

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
    """Let templates and views translate into the language of the request."""
    Babel(
        app,
        default_translation_directories=str(translations.FOLDER),
        locale_selector=language,
        # Its template functions look up the catalog for each text: 10 microseconds instead of 2.
        configure_jinja=False,
    )
    app.add_template_global(_gettext, "_")
    app.add_template_global(_ngettext, "ngettext")
    app.add_template_global(language, "language")


def _gettext(text: str, **values: object) -> Markup:
    """The text in the language of the request; values that are not markup are escaped."""
    found = _found(text, language())
    return found % values if values else found


def _ngettext(text: str, plural: str, num: int, **values: object) -> Markup:
    """The text in the singular or plural for `num`."""
    found = translations.catalog_of(language()).ngettext(text, plural, num)
    return Markup(found) % ({"num": num} | values)  # noqa: S704  # The catalogs are our own.


@lru_cache(maxsize=4096)  # More than there are texts.
def _found(text: str, wanted: Language) -> Markup:
    return Markup(translations.catalog_of(wanted).gettext(text))  # noqa: S704  # The catalogs are our own.


def language() -> Language:
    """The viewer's language, or the first supported one of the browser; computed once a request."""
    found: Language | None = g.get("language")
    if found is None:
        viewer = reader()
        chosen = viewer.language if viewer else None
        found = chosen or language_of(request.headers.get("Accept-Language", ""))
        g.language = found
    return found


def reader() -> Viewer | None:
    """The viewer, or None if finding the viewer is what failed and is now being reported."""
    try:
        return current_viewer()
    except (ProductError, SQLAlchemyError):
        return None


_LONGEST_HEADER = 200
"""Characters of `Accept-Language` that are read; browsers send fewer than 100."""

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", re.ASCII)
"""A language tag (RFC 5646, section 2.1). A file path can never match."""


def accepted_languages(accept_language: str) -> tuple[str, ...]:
    """The well-formed tags of an `Accept-Language` header, the preferred one first.

    Only the beginning of a long header is read, so that the cache stays small.
    """
    if len(accept_language) > _LONGEST_HEADER:
        accept_language = accept_language[:_LONGEST_HEADER].rpartition(",")[0]
    return _accepted(accept_language)


@lru_cache(maxsize=256)
def _accepted(accept_language: str) -> tuple[str, ...]:
    wanted = parse_accept_header(accept_language, LanguageAccept)
    return tuple(tag for tag, quality in wanted if quality > 0 and _TAG.fullmatch(tag))


def language_of(accept_language: str) -> Language:
    """The first supported language of the header, or English."""
    for tag in accepted_languages(accept_language):
        name = tag.lower().partition("-")[0]
        if name in set(Language):
            return Language(name)
    return Language.EN
