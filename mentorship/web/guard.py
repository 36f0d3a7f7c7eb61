"""Who may call from where, before any view runs."""

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.routing import BaseConverter, ValidationError

from mentorship.config import Settings
from mentorship.domain.errors import ProductError
from mentorship.domain.sentences import N_
from mentorship.web.identity import bearer
from mentorship.wire import LARGEST_ID

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossSite(ProductError):
    """A changing request that another site made a browser send."""

    def __init__(self) -> None:
        super().__init__(N_("This request came from another site, so it was refused."))


class IdConverter(BaseConverter):
    """A positive number that fits every database; anything else is 404 already in the routing."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_ID:
            raise ValidationError
        return number


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse changing requests from other sites (OWASP: fetch metadata, else Origin).

    Neither header: not a browser's request, so there is no cookie to misuse.
    """
    base_host = urlsplit(settings.base_url).netloc

    @app.before_request
    def refuse_other_sites() -> None:
        if request.method in _SAFE_METHODS or bearer():
            return
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            is_ours = site in ("same-origin", "none")
        else:
            origin = request.headers.get("Origin")
            is_ours = origin is None or origin.partition("://")[2] in (request.host, base_host)
        if not is_ours:
            raise CrossSite
